"""What the rooms of the hub may ask of the hub as a whole: the type they name, not the server that builds them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestrator.hub.clock import Clock
from orchestrator.hub.db import Database
from orchestrator.hub.faults import Faults
from orchestrator.hub.gitops import Bare, Person
from orchestrator.hub.limits import Limits
from orchestrator.hub.requests import RequestLog
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.store.users import User


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`mergeable` None: not known yet. `state` is REST's mergeable_state (upper case it is GraphQL's
    mergeStateStatus): unknown, dirty, draft, blocked, behind, unstable, clean."""

    mergeable: bool | None
    state: str


class Merges(Protocol):
    """Mergeability of pull requests (rules.mergeability)."""

    def read(self, repo: Repo, pull: Pull) -> Verdict: ...

    def settled(self, repo: Repo, pull: Pull) -> Verdict: ...


class Jobs(Protocol):
    """The embedded CI (ci.Ci)."""

    def start(self, repo: Repo, sha: str, branch: str) -> None: ...

    def cancel(self, repo: Repo, branch: str, keep: str | None = None) -> None: ...


class World(Protocol):
    """The hub (server.Hub) as its rooms see it."""

    @property
    def root(self) -> Path: ...

    @property
    def url(self) -> str: ...

    @property
    def db(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def faults(self) -> Faults: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def requests(self) -> RequestLog: ...

    @property
    def background(self) -> ThreadPoolExecutor: ...

    @property
    def mergeability(self) -> Merges: ...

    @property
    def ci(self) -> Jobs: ...

    @property
    def admin(self) -> Any: ...

    def bare(self, repo: Repo) -> Bare: ...

    def repo_lock(self, repo: Repo) -> threading.RLock: ...

    def person(self, user: User, date: str) -> Person: ...

    def person_of_issue(self, issue_id: int, date: str) -> Person: ...

    def log_key(self, run_id: int) -> str: ...

    def connections(self) -> Sequence[Any]: ...
