"""The business score of one repository (DECISIONS D7): what was measured of merged work, weighted.

Per metric the mean of its snapshots inside of the window, each by its own time. A metric against which work shipped,
whose time to measure is over with every retry and of which nothing was ever measured is inconclusive. One that nothing
shipped against, whose snapshot is still tried again, or whose measurements have all grown older than the window, is
unmeasured: left out of the total, and of the coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from orchestrator.model.objective import Interpretation, Metric, MetricScore, Objective, Score
from orchestrator.model.outcome import Measured, Shipped
from orchestrator.model.times import parse, stamp

REGRESSED = -0.15
"""From here down the objective is told to have regressed."""
RETRIED = timedelta(days=4)
"""So long after its window a snapshot that could not be read is tried again (`attribute.again`: five tries in 90 h)."""


def weights(metrics: Sequence[Metric]) -> tuple[float, ...]:
    """Shares that sum to 1, in order: negative weights count as 0, and when all are 0 every metric counts alike."""
    clamped = [max(0.0, m.weight) for m in metrics]
    largest = max(clamped, default=0.0)
    if largest == 0:
        return tuple(1 / len(metrics) for _ in metrics)
    # By the largest first: the sum of very large weights would not be finite, that of very small ones would be 0.
    scaled = [w / largest for w in clamped]
    return tuple(w / sum(scaled) for w in scaled)


def score(objective: Objective, measured: Iterable[Measured], shipped: Iterable[Shipped], now: datetime) -> Score:
    """`measured` and `shipped` of this repository alone, in any order."""
    all_measured, all_shipped = tuple(measured), tuple(shipped)
    lines = tuple(
        _line(objective, metric, weight, all_measured, all_shipped, now)
        for metric, weight in zip(objective.metrics, weights(objective.metrics))
    )
    known = [(line.weight, line.value) for line in lines if line.value is not None]
    coverage = min(1.0, sum((weight for weight, _ in known), 0.0))
    total = sum(weight * value for weight, value in known) / coverage if coverage > 0 else 0.0
    return Score(
        repo=objective.repo,
        at=stamp(now),
        total=max(-1.0, min(1.0, total)),
        coverage=coverage,
        metrics=lines,
    )


def regressed(score: Score) -> bool:
    """Whether this is a finding: only when something was interpreted, or nothing is tried again any more."""
    known = any(m.interpreted for m in score.metrics) or not any(m.retried for m in score.metrics)
    return known and score.coverage > 0 and score.total <= REGRESSED + 1e-9


def _line(
    objective: Objective,
    metric: Metric,
    weight: float,
    measured: Sequence[Measured],
    shipped: Sequence[Shipped],
    now: datetime,
) -> MetricScore:
    counts = dict(objective.scores)
    mine = [m for m in measured if m.check.casefold() == metric.id]
    since = now - timedelta(days=objective.window_days)
    inside = [m for m in mine if since <= parse(m.at) <= now]
    values = sorted(counts[m.interpretation] for m in inside)
    over, retried = _unread(metric, mine, shipped, now)
    value: float | None = None
    if values:
        value = sum(values) / len(values)
        why = f"mean of {_snapshots(len(values))} in {objective.window_days:g} days"
    elif over:
        value = counts[Interpretation.INCONCLUSIVE]
        why = f"{_merges(over)} shipped against it, the time to measure has passed, and nothing was measured"
    elif retried:
        why = f"{_merges(retried)} shipped against it, its window has passed, and its snapshot is still tried again"
    elif mine:
        why = f"nothing measured in {objective.window_days:g} days"
    elif any(metric.id in _ids(s) for s in shipped):
        why = "shipped against, and not yet due"
    else:
        why = "nothing shipped against it yet"
    return MetricScore(
        id=metric.id,
        name=metric.name,
        weight=weight,
        value=value,
        snapshots=len(values),
        interpreted=sum(1 for m in inside if m.interpretation is not Interpretation.INCONCLUSIVE),
        retried=retried,
        why=why,
    )


def _unread(metric: Metric, mine: Sequence[Measured], shipped: Sequence[Shipped], now: datetime) -> tuple[int, int]:
    """How many merges past their window have no measurement: (after every retry, those that are still tried again)."""
    window = timedelta(days=metric.outcome_check.window_days if metric.outcome_check else 0.0)
    done = {m.pull for m in mine}
    unread = [s for s in shipped if s.event == "merged" and metric.id in _ids(s) and s.pull not in done]
    over = {s.pull for s in unread if parse(s.at) + window + RETRIED <= now}
    return len(over), len({s.pull for s in unread if parse(s.at) + window <= now} - over)


def _ids(shipped: Shipped) -> set[str]:
    return {check.casefold() for check in shipped.checks}


def _snapshots(n: int) -> str:
    return "1 snapshot" if n == 1 else f"{n} snapshots"


def _merges(n: int) -> str:
    return "1 merge" if n == 1 else f"{n} merges"
