"""The day in a few lines for a person's pager: what landed, what stands still, what it cost, what waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from orchestrator.model.event import EventKind, Record

MOST_LINES = 39
"""ORIGIN 6: one message on a phone."""
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How things are now, beside what happened."""

    waiting: Sequence[str] = ()
    """Ids of tasks that wait for a person."""
    idle: Sequence[str] = ()
    """Ids of tasks that were to be worked on and were not, for a day or more: nothing happening is news, too."""
    plans: Sequence[str] = ()
    """Ids of plans that wait for a person."""
    usd: float | None = None
    """Spent in the time told about; None where no run told money."""
    tokens: int = 0
    over: Sequence[str] = ()
    """Ceilings that are reached, in words."""
    scores: Sequence[str] = ()
    """One line per repository with an objective."""


def day(now: datetime, hour: int) -> date:
    """Which day's summary is due: of today from that UTC hour on, else of yesterday."""
    return (now if now.hour >= hour else now - timedelta(days=1)).date()


def lines(records: Iterable[Record], standing: Standing) -> tuple[str, ...]:
    """What is worth a line; empty for a day on which nothing happened and nothing stands."""
    kinds: dict[str, list[Record]] = {}
    for record in records:
        kinds.setdefault(record.kind, []).append(record)
    found = [
        _named("Merged", kinds, EventKind.MERGED, lambda r: f"{r.repo}#{r.data.get('number', '?')}"),
        _named("Opened", kinds, EventKind.PULL_OPENED, lambda r: f"{r.repo}#{r.data.get('number', '?')}"),
        _named("Escalated", kinds, EventKind.ESCALATED, lambda r: r.task),
        _named("Blocked", kinds, EventKind.BLOCKED, lambda r: r.task),
        _named("Reverted", kinds, EventKind.REVERTED, lambda r: r.repo),
        _named("Filed by the program", kinds, EventKind.FILED, lambda r: f"{r.repo}#{r.data.get('issue', '?')}"),
        _named("Set Ready by a plan", kinds, EventKind.PROMOTED, lambda r: f"{r.repo}#{r.data.get('issue', '?')}"),
        _measured(kinds.get(EventKind.MEASURED.value, ())),
        _named("Crashes", kinds, EventKind.CRASH, lambda r: str(r.data.get("where", "?"))),
        _list("Waiting for you", standing.waiting),
        _list("Plans waiting for you", standing.plans),
        _list("Nothing happened for a day", standing.idle),
        *standing.over,
        *standing.scores,
    ]
    told = [line for line in found if line]
    if told or standing.tokens:
        told.append(_spent(standing))
    return tuple(told[:MOST_LINES])


def _named(what: str, kinds: dict[str, list[Record]], kind: EventKind, name: Callable[[Record], str]) -> str:
    return _list(what, list(dict.fromkeys(name(r) for r in kinds.get(kind.value, ()))))


def _list(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what}: {len(names)} ({', '.join(names[:_NAMED])}{more})"


def _measured(records: Iterable[Record]) -> str:
    counts = Counter(str(r.data.get("interpretation", "?")) for r in records)
    return f"Measured: {', '.join(f'{n} {word}' for word, n in counts.most_common())}" if counts else ""


def _spent(standing: Standing) -> str:
    money = "money unknown" if standing.usd is None else f"{standing.usd:.2f} USD"
    return f"Spent since yesterday: {money}, {standing.tokens:,} tokens"
