"""What the business wants of one repository, and what measuring said of it (DECISIONS D7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.model.planning import SourceType


class Direction(Enum):
    """Which way of a metric is better."""

    INCREASE = "increase"
    DECREASE = "decrease"


class Interpretation(Enum):
    """What a measurement after a merge says."""

    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    """Inside of the dead band."""
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    """Nothing could be told, after every retry."""


SCORES: tuple[tuple[Interpretation, float], ...] = (
    (Interpretation.IMPROVED, 1.0),
    (Interpretation.UNCHANGED, 0.0),
    (Interpretation.REGRESSED, -1.0),
    (Interpretation.INCONCLUSIVE, -0.35),
)
"""What each counts, where the objective says nothing else."""

DEAD_BAND = 0.02
"""Relative change that counts as none, where the metric says nothing else."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where evidence is read: a file or an https address."""

    type: SourceType = SourceType.FILE
    path: str = ""
    """As it was written; expanded and confined to its roots when it is read."""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """How a metric is measured after a merge."""

    source: Source
    window_days: float
    """Measured so long after the merge, against the same length before it."""
    comparison_window: str = ""
    """What is compared with what, in words, for people and for a model that reads prose."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    id: str
    """`[a-z0-9_.-]`: what snapshots and `## Outcome Checks` call it."""
    name: str = ""
    weight: float = 1.0
    """Not below 0; shared out to 1 by `policy.score`."""
    direction: Direction = Direction.INCREASE
    unit: str = ""
    dead_band: float = DEAD_BAND
    """Relative change, 0.02 = 2 %, up to which nothing changed."""
    guard: bool = False
    """It may not get worse: when it does, nothing else measured for the same merge counts as improved."""
    source: Source | None = None
    """Read for planning."""
    outcome_check: Check | None = None
    """Read after a merge; None = the metric is not measured."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    file: Path
    repo: str
    """Key of the repository."""
    primary_outcome: str
    window_days: float = 28
    """Snapshots count for so long, by their own time."""
    metrics: tuple[Metric, ...] = ()
    scores: tuple[tuple[Interpretation, float], ...] = SCORES

    def metric(self, id: str) -> Metric | None:
        return next((m for m in self.metrics if m.id == id.casefold()), None)


@dataclass(frozen=True, kw_only=True)
class MetricScore:
    """One line of the score's table."""

    id: str
    name: str
    weight: float
    """Share of the whole, all shares together 1."""
    value: float | None
    """Mean of its snapshots' scores, -1 to 1; None = unmeasured: nothing shipped against it yet."""
    snapshots: int
    interpreted: int = 0
    """Those of them that could be told; the rest stayed inconclusive."""
    retried: int = 0
    """Merges past their window whose snapshot could not be read yet, and is tried again."""
    why: str
    """Where the value comes from, in words."""

    @property
    def inconclusive(self) -> bool:
        """It has a value, and that says only that nothing could be told."""
        return self.value is not None and not self.interpreted


@dataclass(frozen=True, kw_only=True)
class Score:
    repo: str
    at: str
    """UTC, ISO 8601."""
    total: float
    """Weighted mean over the metrics that have a value, -1 to 1; 0 when none has."""
    coverage: float
    """Share of the weight that has a value, 0 to 1."""
    metrics: tuple[MetricScore, ...]
