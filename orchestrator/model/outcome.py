"""What shipped, what was expected of it before the work, and what was measured (ORIGIN 4.12)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import RepoName
from orchestrator.model.objective import Interpretation


class Expected(Enum):
    """Which way a metric is expected to move."""

    UP = "up"
    DOWN = "down"


class HypothesisVerdict(Enum):
    SUPPORTED = "supported"
    REFUTED = "refuted"
    """It moved the other way, too little, or not at all."""
    INCONCLUSIVE = "inconclusive"
    """Nothing could be measured, or only what several merges did together reaches what was expected."""


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """What a piece of work is expected to do, written down before it begins."""

    metric: str
    """Id of a metric or outcome check."""
    expected: Expected
    size: float
    """Relative change at least, 0.05 = 5 %; 0 = any beyond the dead band."""
    window_days: float
    at: str
    """When it was registered. UTC, ISO 8601."""
    by: str = ""
    """Who expects it: planner, an agent's name, a person."""


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A pull request opened or merged for an issue (record types `pr_opened`, `pr_merged`)."""

    event: str
    """`opened` or `merged`."""
    repo: RepoName
    task: str
    issue: int | None
    pull: int
    checks: tuple[str, ...]
    """Ids of what is to be measured."""
    direction: str
    """What kind of work it is (`policy.direction`): what credit and blame go to."""
    at: str
    """When; of a merge, GitHub's own word, however late we saw it. UTC, ISO 8601."""
    baseline: tuple[tuple[str, float], ...] = ()
    """Metric id to its value at the merge, where the planning source had a number."""
    sha: str = ""
    """The merge commit; empty of an opened one, and where nobody told."""
    base: str = ""
    """The branch it was merged into."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One snapshot: one record per (task, pull request, check)."""

    repo: RepoName
    task: str
    issue: int | None
    pull: int
    check: str
    """Empty = nothing was attached to the work: tracked as inconclusive."""
    direction: str
    interpretation: Interpretation
    movement: float | None
    """Relative change, signed as measured; None without numbers."""
    share: float = 1.0
    """This merge's part of the movement: 1 / the number of merges that may claim it, or what others left of it."""
    sharers: tuple[str, ...] = ()
    """The other tasks that share it."""
    rule: str = ""
    """How it was shared and read, in words."""
    source: str = ""
    summary: str = ""
    merged_at: str = ""
    window_days: float = 7
    claimed_to: str = ""
    """Up to when it claims what moved since the merge; empty = to the end of its window. UTC, ISO 8601."""
    at: str
    """The snapshot's own time. UTC, ISO 8601."""
    hypothesis: HypothesisVerdict | None = None
    """None = nothing had been expected."""
