"""What the hub's tests share: an HTTP client with a token, and git with one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from orchestrator.hub import Hub

APP = "/repos/ada/app"


class Client(httpx.Client):
    """httpx against a hub, with a token (None: anonymous)."""

    def __init__(self, hub: Hub, token: str | None, prefix: str = "") -> None:
        headers = {"authorization": f"token {token}"} if token else {}
        super().__init__(base_url=hub.url + prefix, headers=headers, timeout=30, trust_env=False, verify=False)

    def ok(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The JSON of a success; fails with GitHub's message otherwise."""
        answer = self.request(method, path, json=json, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, status: int, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The JSON of a refusal with that status."""
        answer = self.request(method, path, json=json, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def git(folder: Path, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git as a client would, without this machine's settings."""
    env = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org", "LC_ALL": "C", "NO_PROXY": "*",
    }  # fmt: skip
    return subprocess.run(["git", *args], cwd=folder, env=env, check=check, capture_output=True, text=True, timeout=60)


def remote(hub: Hub, token: str | None, name: str = "ada/app") -> str:
    """The address of a repository for git, with the token as password."""
    return hub.url.replace("http://", f"http://x:{token}@" if token else "http://") + f"/{name}.git"


def clone(hub: Hub, token: str, folder: Path, name: str = "ada/app") -> Path:
    """A checkout in folder/work."""
    git(folder, "clone", "-q", remote(hub, token, name), "work")
    return folder / "work"


def commit(work: Path, files: dict[str, str], message: str = "change") -> str:
    """Write files, commit them, the new sha."""
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text, encoding="utf-8")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", message)
    return git(work, "rev-parse", "HEAD").stdout.strip()
