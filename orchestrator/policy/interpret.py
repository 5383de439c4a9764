"""What a snapshot with numbers says of a merge: computed, not asked of a model (DECISIONS D7).

Before: the points of the series inside of the window before the merge, as a mean weighted by time; else the file's own
baseline, when it ends before the merge; else what the metric stood at when the merge was seen. After: the points inside
of the window after it, when they reach through half of it; else the file's value, when it was measured that late, and
no later than two windows after the merge. A point that straddles the merge belongs to neither side. Values are levels
or rates, never sums over spans of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.model.evidence import Point, Snapshot
from orchestrator.model.objective import Direction, Interpretation, Metric, Objective
from orchestrator.model.times import parse, stamp
from orchestrator.policy.attribute import AFTER

REACH = 0.5
"""So much of the window after the merge must be covered before anything is said of it."""
MOST = 1000.0
"""Relative changes beyond are told as this: from almost nothing to something is not a million per cent."""
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Without an interpretation it is early (look again later), prose (ask a model) or of no use."""

    interpretation: Interpretation | None
    movement: float | None = None
    """Relative change, signed as measured; from 0 to anything else it is 1 or -1."""
    why: str
    early: bool = False
    """The window has not passed, or the data does not reach far enough into it yet."""
    prose: bool = False
    """No numbers, only words."""
    until: str = ""
    """End of what was read of the time after the merge. UTC, ISO 8601; empty where nothing was."""


def read(
    metric: Metric,
    snapshot: Snapshot,
    *,
    merged_at: str,
    window_days: float,
    now: datetime,
    baseline: float | None = None,
) -> Reading:
    """`baseline`: what the metric stood at when the merge was seen, if known. Raises ValueError when a time in the
    snapshot is none; those that `evidence.read` returns are."""
    merged, window = parse(merged_at), timedelta(days=window_days)
    if now < merged + window:
        return _none("the window has not passed", early=True)
    if snapshot.metric and snapshot.metric.casefold() != metric.id:
        return _none(f"the file is about {snapshot.metric}, not {metric.id}")
    if snapshot.value is None and not snapshot.series:
        return _none("prose without numbers", prose=True)
    if why := other_unit(metric, snapshot):
        return _none(why)
    after = _after(snapshot, merged, window)
    if after.value is None or after.until is None:
        return _none(after.why, early=after.early)
    before, told_before = _before(snapshot, merged, window, baseline)
    if before is None:
        return _none(told_before)
    judged = _judge(metric, before, after.value, f"{told_before} to {after.why}")
    return replace(judged, until=stamp(after.until))


def other_unit(metric: Metric, snapshot: Snapshot) -> str:
    """Why the figures cannot stand for the metric: both name a unit, and not the same one. Empty where they can."""
    if metric.unit and snapshot.unit and metric.unit != snapshot.unit:
        return f"the file counts in {snapshot.unit}, the objective in {metric.unit}"
    return ""


def apply_guards(readings: Mapping[str, Reading], objective: Objective) -> dict[str, Reading]:
    """The readings of one merge by metric id, after its guards: when one of them got worse, nothing else counts as
    improved."""
    worse = [
        m.id
        for m in objective.metrics
        if m.guard and m.id in readings and readings[m.id].interpretation is Interpretation.REGRESSED
    ]
    if not worse:
        return dict(readings)
    note = f"; counted as unchanged because the guard {', '.join(worse)} got worse"
    return {
        id: replace(r, interpretation=Interpretation.UNCHANGED, why=r.why + note)
        if r.interpretation is Interpretation.IMPROVED
        else r
        for id, r in readings.items()
    }


def _none(why: str, *, early: bool = False, prose: bool = False) -> Reading:
    return Reading(interpretation=None, why=why, early=early, prose=prose)


def _judge(metric: Metric, before: float, after: float, told: str) -> Reading:
    change = after - before
    if before:
        movement = change / abs(before)
        inside = abs(movement) <= metric.dead_band + _SLACK
    else:
        inside = abs(change) <= metric.dead_band + _SLACK
        movement = 0.0 if inside else 1.0 if change > 0 else -1.0
    movement = max(-MOST, min(MOST, movement))
    why = f"{metric.id} {told}: {movement:+.1%}, dead band {metric.dead_band:.1%}"
    if inside:
        return Reading(interpretation=Interpretation.UNCHANGED, movement=movement, why=why)
    better = (movement > 0) == (metric.direction is Direction.INCREASE)
    found = Interpretation.IMPROVED if better else Interpretation.REGRESSED
    return Reading(interpretation=found, movement=movement, why=f"{why}, {metric.direction.value} is better")


@dataclass(frozen=True, kw_only=True)
class _After:
    why: str
    """What the value is, in words, or why there is none."""
    value: float | None = None
    until: datetime | None = None
    early: bool = False
    """Waiting longer may help."""


def _after(snapshot: Snapshot, merged: datetime, window: timedelta) -> _After:
    later = [p for p in snapshot.series if parse(p.start) >= merged]
    mean, covered = _mean(later, merged, merged + window)
    if mean is not None and covered >= window * REACH:
        return _After(value=mean, why=f"{mean:g} after the merge", until=merged + window)
    if snapshot.value is None:
        return _After(why="the series does not reach far enough into the window after the merge", early=True)
    if snapshot.period:
        start, end = (parse(t) for t in snapshot.period)
        if start < merged < end:
            return _After(why="the file's period began before the merge", early=True)
    elif snapshot.observed_at:
        start = end = parse(snapshot.observed_at)
    else:
        return _After(why="the file does not tell when its value was measured")
    if why := outside(end, merged, window):
        return _After(why=f"the file's value is {why}", early=end < merged + window)
    return _After(value=snapshot.value, why=f"{snapshot.value:g} after the merge", until=end)


def outside(observed: datetime, merged: datetime, window: timedelta) -> str:
    """Why what was observed then tells nothing of the merge; empty when it does."""
    if observed < merged + window * REACH:
        return "from before the merge or too soon after it"
    return f"from too long after the merge: more than {AFTER:g} windows" if observed > merged + window * AFTER else ""


def _before(snapshot: Snapshot, merged: datetime, window: timedelta, known: float | None) -> tuple[float | None, str]:
    earlier = [p for p in snapshot.series if parse(p.end) <= merged]
    mean, _ = _mean(earlier, merged - window, merged)
    if mean is not None:
        return mean, f"{mean:g} before the merge"
    told = snapshot.baseline
    if told is not None and parse(told.end) <= merged:
        return told.value, f"{told.value:g} (the file's baseline)"
    if known is not None:
        return known, f"{known:g} (at the merge)"
    return None, "nothing tells the value before the merge"


def _mean(points: Sequence[Point], start: datetime, end: datetime) -> tuple[float | None, timedelta]:
    """Mean of what lies in the span, weighted by time, and how much of the span is covered."""
    parts = [(p.value, min(parse(p.end), end) - max(parse(p.start), start)) for p in points]
    parts = [(value, part) for value, part in parts if part > timedelta()]
    covered = sum((part for _, part in parts), timedelta())
    return (sum(value * (part / covered) for value, part in parts) if parts else None), covered
