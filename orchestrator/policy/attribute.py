"""When a merge is measured, who shares a movement with it, and what a direction of work has earned.

Sharing: a measurement claims the time from its merge to the end of its window, or of what was read where that is later.
Merges of one repository whose claims for the same check overlap moved the same figure, and nobody can say which of them
did. Each counts for 1/k of what was measured, k being all of them; who was not measured yet may read until two windows
after the merge, and counts as if it did. What earlier measurements were given stays theirs: a merge that was seen too
late gets what they left. So no moment of a metric is ever claimed more than once in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

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
REVERTED = "reverted"
"""Sources of records that tell nothing about the work: nothing was attached to it, nobody knows the id, or it was taken
back before it was measured."""
AFTER = 2.0
"""Windows after the merge within which what is read of it must have been observed."""

PAUSES = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=48))
"""After the first try that gave nothing, the second and so on: five tries in 90 hours, then it is inconclusive."""
LEAST = timedelta(days=3)
"""Nothing is given up earlier after it was due."""

Id = tuple[str, int]
"""Task and pull request of a merge."""
Reach = Mapping[Id, datetime]
"""Until when each merge claims what a check moved, where that is beyond its window."""
Span = tuple[datetime, datetime]
Window = Callable[[Shipped, str], float | None]
"""Days after the merge at which a check of it is measured; None = nobody knows the check."""


_NOWHERE: Reach = MappingProxyType({})
_SLACK = 1e-9


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


def reach(check: str, merged: Iterable[Shipped], measured: Iterable[Measured], *, window: Window) -> dict[Id, datetime]:
    """Where the claims on one check end: where it was read, or could yet be read at the latest."""
    read = {(m.task, m.pull): m.claimed_to for m in measured if m.check == check}
    found: dict[Id, datetime] = {}
    for one in merged:
        id, days = (one.task, one.pull), window(one, check) if check in one.checks else None
        if days is None:
            continue
        if id not in read:
            found[id] = parse(one.at) + timedelta(days=days * AFTER)
        elif read[id]:
            found[id] = parse(read[id])
    return found


def sharers(
    one: Shipped, check: str, merged: Iterable[Shipped], *, window: Window, reach: Reach = _NOWHERE
) -> tuple[Shipped, ...]:
    """Every merge whose claim on this check overlaps that of `one`, itself among them, oldest first."""
    mine = _span(one, check, window, reach)
    found = {(one.task, one.pull): one}
    for other in merged:
        span = _span(other, check, window, reach) if check in other.checks else None
        if mine and span and span[0] < mine[1] and mine[0] < span[1]:
            found[other.task, other.pull] = other
    return tuple(sorted(found.values(), key=lambda s: (parse(s.at), s.pull)))


def share(
    one: Shipped,
    check: str,
    merged: Sequence[Shipped],
    *,
    window: Window,
    reach: Reach = _NOWHERE,
    measured: Iterable[Measured] = (),
) -> float:
    """This merge's part of the movement that was measured for it: all take the same, of what is not taken yet."""
    equal = 1.0 / len(sharers(one, check, merged, window=window, reach=reach))
    mine = _span(one, check, window, reach)
    if mine is None:
        return equal
    by_id = {(s.task, s.pull): s for s in merged}
    taken: list[tuple[Span, float]] = []
    for m in measured:
        other = by_id.get((m.task, m.pull))
        if other is None or other == one or m.check != check or m.interpretation is Interpretation.INCONCLUSIVE:
            continue
        if (span := _span(other, check, window, reach)) is not None:
            taken.append((span, m.share))
    moments = [mine[0], *(span[0] for span, _ in taken if mine[0] <= span[0] < mine[1])]
    most = max(sum(part for span, part in taken if span[0] <= at < span[1]) for at in moments)
    return equal if most + equal <= 1.0 + _SLACK else max(0.0, 1.0 - most)


def rule(one: Shipped, together: Sequence[Shipped], part: float = 1.0) -> str:
    """How the movement was shared, in words."""
    equal = 1.0 / len(together)
    rest = "" if part >= equal else f"; others claimed already all but {part:.0%} of it"
    others = [f"#{s.pull}" for s in together if (s.task, s.pull) != (one.task, one.pull)]
    if not others:
        return f"no other merge's window overlaps: the whole movement is its own{rest}"
    more = f" and {len(others) - 8} more" if len(others) > 8 else ""
    named = ", ".join(others[:8])
    return f"{len(together)} merges with overlapping windows share the movement equally, with {named}{more}{rest}"


def credit(measured: Iterable[Measured], scores: Sequence[tuple[Interpretation, float]] = SCORES) -> dict[str, Credit]:
    """By direction of work: the mean of its measurements' scores, each weighed by its share, drawn towards 0.

    mean = sum(w * score) / (sum(w) + K), w = share, halved for what stayed inconclusive. Records of work to which
    nothing was attached, whose check nobody knows, or which was taken back tell nothing about it and do not count.
    """
    points = dict(scores)
    sums: dict[str, tuple[float, float, str]] = {}
    for one in sorted(measured, key=lambda m: (m.at, m.task, m.pull, m.check)):
        if not one.check or one.source in (NONE, MISSING, REVERTED) or one.share <= 0:
            continue
        weight = one.share * (HALF if one.interpretation is Interpretation.INCONCLUSIVE else 1.0)
        total, n, _ = sums.get(one.direction, (0.0, 0.0, ""))
        sums[one.direction] = (total + weight * points.get(one.interpretation, 0.0), n + weight, one.at)
    return {name: Credit(mean=total / (n + K), n=n, last=at) for name, (total, n, at) in sorted(sums.items())}


def _span(one: Shipped, check: str, window: Window, reach: Reach) -> Span | None:
    days = window(one, check)
    if days is None:
        return None
    at = parse(one.at)
    end = at + timedelta(days=days)
    return at, max(end, reach.get((one.task, one.pull), end))


def counted(measured: Sequence[Measured]) -> str:
    """`6 outcomes: 2 improved, 4 inconclusive (missing_config)`: how often what came out, and why nothing did where
    that was plain before anything was read."""
    parts = []
    for what in Interpretation:
        found = [m for m in measured if m.interpretation is what]
        why = {m.source for m in found} & {NONE, MISSING, REVERTED} if what is Interpretation.INCONCLUSIVE else set()
        counts = {reason: sum(m.source == reason for m in found) for reason in sorted(why)}
        told = {reason: "nothing attached" if reason == NONE else reason for reason in counts}
        named = ", ".join(told[r] if n == len(found) else f"{n} {told[r]}" for r, n in counts.items())
        if found:
            parts.append(f"{len(found)} {what.value}" + (f" ({named})" if named else ""))
    return f"{len(measured)} outcome{'s' if len(measured) != 1 else ''}: {', '.join(parts)}"
