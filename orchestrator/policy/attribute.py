"""When a merge is measured, who shares a movement with it, and what a direction of work has earned.

Sharing: merges of one repository whose windows `[merged, merged + window)` for the same check overlap moved the same
figure, and nobody can say which of them did. Each counts for 1/k of what was measured, k being all of them. So the
shares of one movement make 1, and no moment of a metric is ever claimed more than once in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.objective import SCORES, Interpretation
from orchestrator.model.outcome import Measured, Shipped
from orchestrator.model.times import parse

K = 1.0
"""Weight of the one imaginary measurement that says nothing, which every direction starts with: a single lucky merge
earns half of what it measured, four earn four fifths."""
HALF = 0.5
"""What could not be told after every retry weighs half of what was measured."""
NONE = "none"
MISSING = "missing_config"
"""Sources of records that tell nothing about the work: nothing was attached to it, or nobody knows the id."""

PAUSES = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=48))
"""After the first try that gave nothing, the second and so on: five tries in 90 hours, then it is inconclusive."""
LEAST = timedelta(days=3)
"""Nothing is given up earlier after it was due."""

Window = Callable[[Shipped, str], float | None]
"""Days after the merge at which a check of it is measured; None = nobody knows the check."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A check of a merge that may be measured now."""

    shipped: Shipped
    check: str
    """Empty = nothing is attached to the merge."""
    window_days: float | None
    """None = unknown check: there is nothing to wait for."""
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What a direction of work has earned so far."""

    mean: float
    """-1 to 1, drawn towards 0 while little is known."""
    n: float
    """Measurements behind it, each counted by its share."""
    last: str
    """When the newest of them was made. UTC, ISO 8601."""


def due(
    merged: Sequence[Shipped],
    measured: Sequence[Measured],
    now: datetime,
    *,
    window: Window,
    guards: AbstractSet[str] = frozenset(),
) -> tuple[Due, ...]:
    """What is to be measured and is not yet: oldest merge first, guards before what they guard.

    A check waits for the guards of its merge: its verdict may depend on theirs, and is written once.
    """
    known = {(m.task, m.pull, m.check) for m in measured}
    found: list[Due] = []
    for one in sorted(merged, key=lambda s: (parse(s.at), s.pull)):
        at = parse(one.at)
        longest = max((window(one, c) or 0.0 for c in one.checks if c in guards), default=0.0)
        for check in sorted(one.checks or ("",), key=lambda c: c not in guards):
            days = window(one, check) if check else None
            wait = 0.0 if days is None else days if check in guards else max(days, longest)
            since = at + timedelta(days=wait)
            if now >= since and (one.task, one.pull, check) not in known:
                found.append(Due(shipped=one, check=check, window_days=days, since=since))
    return tuple(found)


def again(tries: int, since: datetime, now: datetime) -> datetime | None:
    """When to look again after so many tries that gave nothing; None = never, it stays inconclusive."""
    if tries <= len(PAUSES):
        return now + PAUSES[max(tries, 1) - 1]
    return since + LEAST if now < since + LEAST else None


def sharers(one: Shipped, check: str, merged: Iterable[Shipped], *, window: Window) -> tuple[Shipped, ...]:
    """Every merge whose window for this check overlaps that of `one`, itself among them, oldest first."""
    mine = _span(one, check, window)
    found = {(one.task, one.pull): one}
    for other in merged:
        span = _span(other, check, window) if check in other.checks else None
        if mine and span and span[0] < mine[1] and mine[0] < span[1]:
            found[other.task, other.pull] = other
    return tuple(sorted(found.values(), key=lambda s: (parse(s.at), s.pull)))


def share(one: Shipped, check: str, merged: Iterable[Shipped], *, window: Window) -> float:
    """This merge's part of the movement that was measured for it."""
    return 1.0 / len(sharers(one, check, merged, window=window))


def rule(one: Shipped, together: Sequence[Shipped]) -> str:
    """How the movement was shared, in words."""
    others = [f"#{s.pull}" for s in together if (s.task, s.pull) != (one.task, one.pull)]
    if not others:
        return "no other merge's window overlaps: the whole movement is its own"
    more = f" and {len(others) - 8} more" if len(others) > 8 else ""
    named = ", ".join(others[:8])
    return f"{len(together)} merges with overlapping windows share the movement equally, with {named}{more}"


def credit(measured: Iterable[Measured], scores: Sequence[tuple[Interpretation, float]] = SCORES) -> dict[str, Credit]:
    """By direction of work: the mean of its measurements' scores, each weighed by its share, drawn towards 0.

    mean = sum(w * score) / (sum(w) + K), w = share, halved for what stayed inconclusive. Records of work to which
    nothing was attached, or whose check nobody knows, tell nothing about the work and do not count.
    """
    points = dict(scores)
    sums: dict[str, tuple[float, float, str]] = {}
    for one in sorted(measured, key=lambda m: (m.at, m.task, m.pull, m.check)):
        if not one.check or one.source in (NONE, MISSING):
            continue
        weight = one.share * (HALF if one.interpretation is Interpretation.INCONCLUSIVE else 1.0)
        total, n, _ = sums.get(one.direction, (0.0, 0.0, ""))
        sums[one.direction] = (total + weight * points.get(one.interpretation, 0.0), n + weight, one.at)
    return {name: Credit(mean=total / (n + K), n=n, last=at) for name, (total, n, at) in sorted(sums.items())}


def _span(one: Shipped, check: str, window: Window) -> tuple[datetime, datetime] | None:
    days = window(one, check)
    at = parse(one.at)
    return None if days is None else (at, at + timedelta(days=days))
