"""A merge train: several ready pull requests of one repository and base, tested together as they will land."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import Sha, TaskId
from orchestrator.model.task import FailedCheck


class Stage(Enum):
    TESTING = "testing"
    """A prefix of the members stands on the train's branch, and its checks are waited for."""
    LANDING = "landing"
    """The longest prefix that was seen green is merged, one pull request after the other."""
    ENDING = "ending"
    """The draft is closed and the branch deleted; then it is forgotten."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One pull request at one head, and the commit that stands for it in the train."""

    task: TaskId
    number: int
    head: Sha
    commit: Sha
    """Ours: its squash on top of the member before it."""
    tree: Sha
    """What the base branch must hold once it has landed."""
    checks: tuple[str, ...] = ()
    """Names of the checks that ran and were green on its own head: they must run on the train too."""


@dataclass(frozen=True, kw_only=True)
class Train:
    base: str
    base_sha: Sha
    """The base branch's commit that all of it was built on."""
    members: tuple[Member, ...]
    """In the order in which they land."""
    built: str
    """When, ISO 8601; also the time of its commits, so that they can be made again."""
    at: int
    """So many members are under test: the branch stands at the commit of the last of them."""
    stage: Stage = Stage.TESTING
    pull: int | None = None
    """The draft; None until it is open."""
    pushed_at: str = ""
    """When the present head was pushed: the grace for checks to appear counts from here."""
    good: int = 0
    """The longest prefix seen green. None at all is the base itself, which is taken as good."""
    bad: int = 0
    """The shortest prefix seen red; 0 = none."""
    failed: tuple[FailedCheck, ...] = ()
    """What was red there."""
    runs: int = 0
    """How many prefixes were tested."""
    landed: int = 0
    tip: Sha
    """The base branch as it must stand before the next member lands."""
    why: str = ""
    """Why it ends."""

    @property
    def head(self) -> Sha:
        return self.members[self.at - 1].commit

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(m.number for m in self.members)


@dataclass(frozen=True, kw_only=True)
class Track:
    """What is kept of one repository's trains."""

    train: Train | None = None
    """The one under way; there is never a second."""
    apart: tuple[Sha, ...] = ()
    """Heads that go one by one: a person closed their train, or it could not land."""
    single: tuple[tuple[str, str, str], ...] = ()
    """(base branch, why, since when): branches where everything goes one by one."""
