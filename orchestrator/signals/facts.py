"""What the signals are found in: one week's recorded facts, as they were when they were read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.model.result import BlockerCode
from orchestrator.model.times import parse

SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
CODES = frozenset(code.value for code in BlockerCode) - {BlockerCode.NONE.value}
CITED = 10
"""Pieces of evidence one signal names at most, the newest of them; `count` tells how many there are."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One agent run of `metrics/agent_stats.jsonl`."""

    key: str
    at: datetime
    task: str
    repo: str
    """As the line tells it: owner/name, or anything in the line of an older version."""
    agent: str
    status: str
    code: str
    """Its blocker code; `none`."""
    failure: str
    type: str

    @property
    def id(self) -> str:
        return f"run:{self.key}"


@dataclass(frozen=True, kw_only=True)
class End:
    """One line of `logs/queue-summary.log`: how a task ended."""

    at: datetime
    task: str
    repo: str
    ending: str
    """The folder it went to: done, blocked, escalated, failed."""

    @property
    def id(self) -> str:
        return f"task:{self.task}"


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a job of one repository was to run next."""

    job: str
    subject: str
    """Key of the repository."""
    repo: RepoName
    next_due: datetime
    period_days: float
    healthy: bool
    """Its role ticks, and no tick of it for this repository crashed in the week: what is due only lacks work."""

    @property
    def id(self) -> str:
        return f"cadence:{self.job}/{self.subject}"


@dataclass(frozen=True, kw_only=True)
class Facts:
    now: datetime
    days: float = 7
    repos: frozenset[str]
    """owner/name of the managed repositories, as configured."""
    keys: frozenset[str] = frozenset()
    """Keys of repositories and projects: they say which one, not what happened."""
    events: tuple[Record, ...] = ()
    """Of the ledger, oldest first."""
    runs: tuple[Run, ...] = ()
    """Oldest first, each key once."""
    ends: tuple[End, ...] = ()
    dues: tuple[Due, ...] = ()
    left_out: tuple[str, ...] = ()
    """What there was more of than is looked at, in words."""

    def of(self, *kinds: EventKind) -> tuple[Record, ...]:
        names = {kind.value for kind in kinds}
        return tuple(r for r in self.events if r.kind in names)

    def slug(self, repo: str) -> RepoName | None:
        """The managed repository of that name, as configured; None for a path (defect D31) and for any other."""
        if SLUG.fullmatch(repo) is None:
            return None
        fold = repo.casefold()
        return next((RepoName(name) for name in self.repos if name.casefold() == fold), None)


def event(record: Record) -> str:
    """The evidence id of a ledger event."""
    return f"ledger:{record.seq}"


def day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def when(record: Record) -> datetime:
    return parse(record.at)
