"""A real remote and a real person for the tests of the git room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.git import Git, Repository
from orchestrator.model.names import Public, Sha

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Pat",
    "GIT_AUTHOR_EMAIL": "pat@example.org",
    "GIT_COMMITTER_NAME": "Pat",
    "GIT_COMMITTER_EMAIL": "pat@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
}


def sh(cwd: Path, *args: str, check: bool = True, stdin: str = "") -> str:
    """A git command as a person (or an agent) types it."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=ENV, input=stdin, capture_output=True, text=True, check=False, timeout=30
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True, kw_only=True)
class World:
    root: Path
    remote: Path
    person: Path
    """A person's clone, on the default branch."""
    repo: Repository

    def push_by_person(self, branch: str, path: str, text: str, *, start: str = "origin/HEAD") -> Sha:
        """A commit by a person on a branch of the remote."""
        sh(self.person, "fetch", "-q", "origin")
        sh(self.person, "checkout", "-q", "-B", branch, start)
        (self.person / path).parent.mkdir(parents=True, exist_ok=True)
        (self.person / path).write_text(text)
        sh(self.person, "add", "-A")
        sh(self.person, "commit", "-q", "-m", f"{path} by a person")
        sh(self.person, "push", "-q", "-f", "origin", f"HEAD:refs/heads/{branch}")
        return Sha(sh(self.person, "rev-parse", "HEAD"))

    def on_remote(self, branch: str) -> str:
        return sh(self.remote, "rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False)

    def candidate(self, task: str = "web-1") -> Sha:
        """The workspace's files as a commit on what it started from."""
        tree = self.repo.snapshot(task).tree
        base = self.repo.head("trunk")
        assert base is not None
        return self.repo.commit(task, tree, (base,), public("work"), AT)

    def opened(self, task: str = "web-1", *, start: Sha | None = None) -> Path:
        begin = start or self.repo.head("trunk")
        assert begin is not None
        return self.repo.open_workspace(task, start=begin, branch=f"agent/{task}")


def public(text: str) -> Public:
    return Public(text)


def no_token(url: str) -> str | None:
    return None


FILES = {"README.md": "hello\n", "src/a.py": "print(1)\n", ".gitignore": "*.log\nbuild/\n"}


def make_world(root: Path, files: dict[str, str] | None = None, token: Callable[[str], str | None] = no_token) -> World:
    """A remote whose default branch is `trunk`, a person's clone, and our repository with its mirror fetched."""
    remote, person = root / "remote.git", root / "person"
    sh(root, "init", "-q", "--bare", "-b", "trunk", str(remote))
    sh(root, "init", "-q", "-b", "trunk", str(person))
    for path, text in (FILES if files is None else files).items():
        (person / path).parent.mkdir(parents=True, exist_ok=True)
        (person / path).write_text(text)
    sh(person, "add", "-A", "-f")
    sh(person, "commit", "-q", "-m", "first")
    sh(person, "remote", "add", "origin", str(remote))
    sh(person, "push", "-q", "origin", "trunk")
    sh(person, "fetch", "-q", "origin")
    sh(person, "remote", "set-head", "origin", "trunk")
    git = Git(root=root / "repos", worktrees=root / "worktrees", clock=Clock(file=root / "clock"), credentials=token)
    repo = git.of("web", str(remote))
    repo.fetch()
    return World(root=root, remote=remote, person=person, repo=repo)
