"""A new user: somebody who types the commands of the README."""

from __future__ import annotations

import io
from pathlib import Path

from click.testing import CliRunner

from orchestrator.cli import app
from orchestrator.hub import Hub

HELLO = "operator/hello"


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


class User:
    """Somebody with a token, an empty folder, and this checkout."""

    def __init__(self, tmp: Path, hub: Hub) -> None:
        self.root, self.home, self.hub = tmp / "here", tmp / "home", hub
        self.home.mkdir()
        self.token = hub.admin.token("operator")

    def types(self, *words: str, ok: bool = True, answers: str | None = None) -> str:
        """What the command prints; it must end as told. `answers` are typed at a terminal."""
        env = {
            "ORCH_ROOT": str(self.root), "HOME": str(self.home), "GITHUB_TOKEN": self.token, "USER": "me",
            "XDG_DATA_HOME": None, "AGENT_OS_CONFIG": None, "GH_CONFIG_DIR": str(self.home),
        }  # fmt: skip
        done = CliRunner().invoke(
            app.main, list(words), env=env, input=None if answers is None else Terminal(answers.encode())
        )
        assert (done.exit_code == 0) is ok, f"{words}: {done.output} {done.exception!r}"
        return done.output + (str(done.exception) if done.exit_code and done.exception else "")

    def init(self, *more: str, repo: str = HELLO, ok: bool = True) -> str:
        return self.types("init", "--yes", "--url", self.hub.url, "--repo", repo, "--agent", "scripted", *more, ok=ok)

    def files(self) -> dict[str, bytes]:
        """Every file of theirs but locks, notes of rates and what a self-test remembers."""
        found = [p for top in (self.root, self.home) for p in top.rglob("*") if p.is_file()]
        passing = ("etags", "pacing", "sandbox.json", ".lock")
        return {str(p): p.read_bytes() for p in found if not any(word in str(p) for word in passing)}
