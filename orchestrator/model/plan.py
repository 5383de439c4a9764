"""A sprint plan: candidates with the terms of their score, what is promoted, and who said yes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.outcome import Hypothesis


class PlanState(Enum):
    PENDING = "pending"
    """Waits for a person."""
    APPLIED = "applied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Nobody answered in time. Like REJECTED it does not consume the cadence."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a candidate's score."""

    name: str
    """priority, age, outcome, exploration, feedback, planner."""
    value: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An open issue that could be worked on next."""

    issue: int
    title: str
    direction: str
    terms: tuple[Term, ...]
    checks: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return sum(t.value for t in self.terms)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One issue of a plan."""

    issue: int
    title: str
    rationale: str
    metric: str
    """Id of what it is expected to move; empty = nothing is measured for it."""
    hypothesis: Hypothesis | None
    direction: str = ""
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An open issue that is no candidate, or was none any more when the plan was applied."""

    issue: int
    title: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    id: str
    """`<repo key>-<date of its making>-<n>`."""
    repo: str
    """Key."""
    at: str
    state: PlanState
    items: tuple[Item, ...]
    candidates: tuple[Candidate, ...]
    """Everything that was looked at, best first, with its terms."""
    by: str
    """The agent that ordered it, or `deterministic` with the reason in `note`."""
    note: str = ""
    expires: str = ""
    """UTC, ISO 8601; of a pending plan."""
    decided_by: str = ""
    early: bool = False
    """Made before its cadence, because the sprint had gone idle."""
    promoted: tuple[int, ...] = ()
    """Items that stand Ready already."""
    left_out: tuple[LeftOut, ...] = ()
    focus: str = ""
    """What the sprint is about, in a sentence; empty = nobody said."""
