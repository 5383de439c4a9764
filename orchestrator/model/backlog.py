"""Issues that the program itself would file."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.model.names import RepoName
from orchestrator.model.task import Priority, TaskType


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An issue that is not filed yet."""

    key: str
    """What makes it the same issue: the hidden marker is made of it, and one key is filed once, ever."""
    repo: RepoName
    title: str
    goal: str
    criteria: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Ids of recorded facts (`ledger:123`, `outcome:app-7/conversion`, `finding:...`); each must exist."""
    evidence_text: tuple[str, ...] = ()
    """The same facts in words."""
    reasoning: str = ""
    outcome_checks: tuple[str, ...] = ()
    type: TaskType = TaskType.IMPLEMENTATION
    priority: Priority = Priority.NORMAL
    labels: frozenset[str] = field(default_factory=frozenset)
    by: str = ""
    """The role that drafted it."""
    also: tuple[str, ...] = ()
    """Keys of other drafts that it answers too: of those none is filed any more."""
    kin: str = ""
    """How keys of drafts begin that say nearly the same of other things: of those the key alone tells it apart."""


@dataclass(frozen=True, kw_only=True)
class Filed:
    draft: Draft
    number: int


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Not filed, and why: a twin, a cap, evidence that is not there."""

    draft: Draft
    why: str
    twin: str = ""
    """`owner/name#7`, a task or a draft of the same run."""
    score: float | None = None
    """Similarity to the twin."""
    method: str = ""
    """`model`, `lexical`, `agent`, `unasked`, `words`, `marker`, `cap`."""


Outcome = Filed | Skipped


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One operational finding from recorded events (`signals/`)."""

    id: str
    """Stable: the same cause gives the same id."""
    kind: str
    repo: RepoName | None
    """None = about the program itself (`self_repo`)."""
    summary: str
    evidence: tuple[str, ...]
    """Ids of recorded facts."""
    severity: float
    """0 to 1: what is worked on first."""
    count: int = 1
    at: str = ""
    """Newest of its evidence. UTC, ISO 8601."""
    advice: str = ""
    type: TaskType = TaskType.DEBUGGING
