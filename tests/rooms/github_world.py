"""A hub with one user, and the real client on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub, Hooks
from orchestrator.hub import Hub
from orchestrator.model.names import Public, RepoName
from orchestrator.model.settings import GitHubSettings

_numbers = itertools.count(1)


def said(text: str) -> Public:
    """A constant of a test, as public text."""
    return Public(text)


@dataclass(kw_only=True)
class World:
    hub: Hub
    clock: Clock
    etags: dict[str, tuple[str, str]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    clients: list[GitHub] = field(default_factory=list)

    def settings(self, **more: str | int) -> GitHubSettings:
        url = self.hub.url
        return GitHubSettings(api_url=url, graphql_url=f"{url}/graphql", web_url=url, **more)  # type: ignore[arg-type]

    def client(self, login: str = "agent", token: str = "", before_write: Callable[[], None] = lambda: None) -> GitHub:
        """The client of a person with a full token, or with this one."""
        environ = {"GITHUB_TOKEN": token or self.hub.admin.token(login)}
        return self.of(TokenSource(self.settings(), self.clock, environ=environ), before_write)

    def of(self, source: TokenSource, before_write: Callable[[], None] = lambda: None) -> GitHub:
        hooks = Hooks(
            before_write=before_write,
            retry_after=self.waits.append,
            etag_get=self.etags.get,
            etag_put=lambda key, etag, text: self.etags.update({key: (etag, text)}),
        )
        gh = GitHub(self.settings(), self.clock, source, hooks, timeout=10)
        self.clients.append(gh)
        return gh

    def repo(self, owner: str = "ada", files: dict[str, str] | None = None, **more: object) -> RepoName:
        """A new repository that `agent` may write to."""
        name = f"{owner}/r{next(_numbers)}"
        self.hub.admin.repo(
            name, files={"README.md": "# r\n"} if files is None else files, collaborators={"agent": "admin"}, **more  # type: ignore[arg-type]
        )  # fmt: skip
        return RepoName(name)


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """A hub with ada (a person), agent (us) and eve (a stranger)."""
    clock_file = folder / "clock"
    with Hub(folder / "hub", clock_file=clock_file) as hub:
        for login in ("ada", "agent", "eve"):
            hub.admin.user(login)
        world = World(hub=hub, clock=Clock(file=clock_file))
        yield world
        for gh in world.clients:
            gh.close()
