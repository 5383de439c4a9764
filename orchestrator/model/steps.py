"""Decisions as values: policy returns them, pipeline carries each out in one `match`."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.model.governance import Request
from orchestrator.model.names import Sha
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import FailedCheck


@dataclass(frozen=True, kw_only=True)
class Publish:
    """The verdict passed: push it and show it."""


@dataclass(frozen=True, kw_only=True)
class Correct:
    """The same agent again, with the gate's findings as instructions."""

    agent: str
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Continue:
    """Same agent, same session, more to do: write the result file."""

    agent: str
    message: str


@dataclass(frozen=True, kw_only=True)
class NextAgent:
    """The next agent takes over in the same task run, with everything the earlier ones tried."""

    agent: str
    why: str


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Partial work stands: the task waits in the inbox and goes on from its own commits."""

    agent: str
    why: str


@dataclass(frozen=True, kw_only=True)
class WaitUntil:
    """Nothing can run now."""

    not_before: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """Ends in blocked/ without note or follow-up (dispatcher_only)."""

    why: str
    code: BlockerCode


@dataclass(frozen=True, kw_only=True)
class Escalate:
    """One note, one alert, then silence."""

    why: str
    code: BlockerCode


AttemptStep = Publish | Correct | Continue | NextAgent | FollowUp | WaitUntil | Block | Escalate


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nothing to do this tick."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Update:
    """The base moved on: bring it in, so that what lands is what was tested."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Squash-merge exactly this head."""

    sha: Sha


@dataclass(frozen=True, kw_only=True)
class Enqueue:
    """Put exactly this head into the repository's own merge queue, which is the only way to its base branch."""

    sha: Sha


@dataclass(frozen=True, kw_only=True)
class Finish:
    """It is merged already; only our books are behind."""


@dataclass(frozen=True, kw_only=True)
class Rework:
    """Red checks or a conflict go back to an agent as data."""

    why: str
    failed: tuple[FailedCheck, ...] = field(default=())
    conflict: bool = False
    requests: tuple[Request, ...] = ()
    """What people asked for."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """The head is judged by the gate but not by a reviewer: back to a worker, which asks one."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Withdraw:
    """A person closed it unmerged: the task ends, nothing is reopened."""

    why: str


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Out of rounds, or not ours to go on with: escalate. What is wrong goes along, for a person's retry."""

    why: str
    failed: tuple[FailedCheck, ...] = ()
    conflict: bool = False


PullStep = Wait | Update | Merge | Enqueue | Finish | Rework | Review | Withdraw | HandOver
