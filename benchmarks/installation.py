"""An installation in which the doctor finds nothing wrong: a world on the hub with all that it looks at."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from orchestrator import wiring
from orchestrator.config.crontab import crontab, merged
from orchestrator.doctor import CHECKS, Given, Line, Machine, State, examine, mending
from orchestrator.doctor.mending import Mended
from orchestrator.model.confinement import Level, Probe
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.settings import Settings
from orchestrator.operations import provision
from orchestrator.roles import ROLES
from orchestrator.services import Services
from orchestrator.state.made import Made
from orchestrator.yamlread.problems import ConfigError
from tests.journeys.world import REPO, World
from tests.stubs import telegram

ROOT = Path(__file__).resolve().parents[1]
PERSON = "ada"
CRONTAB = """#!/bin/sh
case $1 in
  -l) test -f "$HOME/crontab" || { echo "no crontab for you" >&2; exit 1; }; cat "$HOME/crontab" ;;
  -) cat > "$HOME/crontab" ;;
esac
"""
OBJECTIVE = "primary_outcome: Grow\nmetrics:\n  - {id: traffic, weight: 1}\n"
HOLDS = (Probe(level=Level.BUBBLEWRAP, holds=True, why=""), Probe(level=Level.NONE, holds=True, why=""))
"""What a machine with bubblewrap says; the real self-test has a proof of its own."""
Subject = tuple[str, str]
"""A check and what its finding is about."""


class Installation:
    """`env`, `machine`, `checkout` and the files may be spoiled; `look` then says what the doctor finds."""

    def __init__(self, tmp: Path, pager: telegram.Telegram) -> None:
        self.tmp, self.pager = tmp, pager
        self.checkout = tmp / "checkout"
        self.bin = tmp / "bin"
        for folder in (self.checkout, self.bin, tmp / "worktrees", tmp / "objectives", tmp / "runtime"):
            folder.mkdir(parents=True)
        (self.checkout / "constraints.txt").write_text(_installed())
        self.program("crontab", CRONTAB)
        self.agent_version("9999.0.0")
        self.secrets = tmp / "secrets.json"
        self.secrets.write_text(json.dumps({"OPENAI_API_KEY": "sk-of-this-very-test-0123456789"}))
        self.secrets.chmod(0o600)
        (tmp / "objectives" / "app.yaml").write_text(OBJECTIVE)
        self.model = _model(tmp / "model")
        self.world = World(tmp, top=self._top(), sandbox="prefer", merge_without_sandbox=False)
        cora = {"adapter": "codex", "command": [str(self.bin / "cora")], "secrets_file": str(self.secrets)}
        self.world.config["agents"]["cora"] = cora
        self.world.config["telegram"]["token_env"] = "PAGER"
        self.world.build()
        self.env = {**self.world.env, "PAGER": pager.token, "PATH": f"{self.bin}:/usr/bin:/bin"}
        self.machine = Machine(probe=lambda: HOLDS)
        self._on_github()
        self._at_home()

    def _top(self) -> dict[str, object]:
        return {
            "telegram": {"chat_id": self.pager.chat, "api_url": self.pager.url},
            "similarity_model": str(self.model),
            "max_parallel_workers": 1,
            "min_free_memory_mb": 1,
        }

    def _on_github(self) -> None:
        self.world.ci()
        self.world.admin.protect(REPO, "main", checks=["test"])
        services = self.world.services
        made = Made(root=self.world.settings.runtime / "state", clock=services.clock)
        provision.make_labels(services.github, made, RepoName(REPO), provision.labels())

    def _at_home(self) -> None:
        self.world.services.record(EventKind.ROUTED, agent="anna")
        self.ticked(datetime.now(UTC))
        (self.tmp / "crontab").write_text(f"5 4 * * * /usr/bin/true\n{self.lines(self.checkout)}")

    # --- what is spoiled by name

    def program(self, name: str, text: str) -> Path:
        file = self.bin / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def agent_version(self, version: str) -> None:
        self.program("cora", f"#!/bin/sh\necho '{version} (codex)'\n")

    def ticked(self, at: datetime, status: int = 0, roles: tuple[str, ...] = tuple(ROLES)) -> None:
        folder = self.tmp / "runtime" / "state" / "ticks"
        folder.mkdir(parents=True, exist_ok=True)
        for role in roles:
            (folder / role).write_text(f"{status} {at:%Y-%m-%dT%H:%M:%S}+0000\n")

    def lines(self, checkout: Path) -> str:
        return crontab(checkout, {name: role.EVERY for name, role in ROLES.items()})

    def edit(self, change: Callable[[str], str]) -> None:
        """A hand in config.yaml."""
        file = self.tmp / "config.yaml"
        before = file.read_text()
        after = change(before)
        assert after != before, "the edit changed nothing"
        file.write_text(after)

    # --- what the doctor says

    def given(self, *, quick: bool = False) -> Given:
        loaded: Settings | None = None
        broken: tuple[str, ...] = ()
        file = self.tmp / "config.yaml"
        try:
            loaded = wiring.settings(file, self.tmp, self.env)
        except ConfigError as error:
            broken = tuple(str(error).splitlines())
        return Given(
            checkout=self.checkout,
            root=self.tmp,
            config_file=file,
            env=self.env,
            roles={name: role.EVERY for name, role in ROLES.items()},
            loaded=loaded,
            broken=broken,
            make=None if loaded is None else lambda: wiring.build(loaded, self.env, kind="install", id=PERSON),
            install_cron=self._install_cron,
            machine=self.machine,
            quick=quick,
        )

    def services(self) -> Services:
        return self.world.services

    def look(self) -> dict[Subject, Line]:
        """All that is wrong, by check and subject."""
        report = examine.examine(self.given(), CHECKS, self.world.services.redact)
        return {(line.check, line.subject): line for line in report.of(State.WARN, State.FAIL)}

    def fix(self) -> tuple[Mended, ...]:
        given = self.given()
        redact = self.world.services.redact
        examine.examine(given, CHECKS, redact)
        return mending.mend(given, CHECKS, PERSON, lambda words: True, redact)

    def _install_cron(self) -> None:
        file = self.tmp / "crontab"
        present = file.read_text() if file.exists() else ""
        file.write_text(merged(present, self.lines(self.checkout), self.checkout))

    def close(self) -> None:
        self.world.close()


def _installed() -> str:
    """The packages of this very machine as the tested ones."""
    here = [d for d in metadata.distributions() if d.metadata["Name"]]
    return "".join(f"{d.metadata['Name']}=={d.version.partition('+')[0]}\n" for d in here)


def without_sandbox(machine: Machine) -> Machine:
    blocked = Probe(level=Level.BUBBLEWRAP, holds=False, why="setting up uid map: Permission denied")
    landlock = Probe(level=Level.LANDLOCK, holds=False, why="the kernel has none")
    return replace(machine, probe=lambda: (blocked, landlock, HOLDS[-1]))


def full_disk(machine: Machine) -> Machine:
    def room(place: Path) -> os.statvfs_result:
        told = list(os.statvfs(place))
        told[3] = told[4] = 10  # free blocks
        return os.statvfs_result(told)

    return replace(machine, room=room)


def _model(folder: Path) -> Path:
    """What a sentence model's folder looks like; where its libraries are missing, so does their folder."""
    folder.mkdir()
    for name in ("modules.json", "config.json"):
        (folder / name).write_text("{}")
    if find_spec("sentence_transformers") is None:
        package = folder.with_name("site") / "sentence_transformers"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        sys.path.append(str(package.parent))
    return folder
