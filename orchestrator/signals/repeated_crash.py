"""A step of the program fails again and again, hour after hour: a fault of its own, not an outage."""

from __future__ import annotations

import re
from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.signals.facts import CITED, Facts, event

HOURS = 3
"""Distinct hours; the same crash is recorded once an hour."""
_NUMBERS = re.compile(r"[0-9]+")


def find(facts: Facts) -> tuple[Signal, ...]:
    crashes: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in facts.of(EventKind.CRASH):
        error, _, _ = str(record.data.get("error") or "").partition(":")
        if error and record.data.get("passing") is not True:  # that mends itself, or the operator is told at once
            crashes[_place(facts, record), error].append(record)
    return tuple(
        _signal(where, error, records)
        for (where, error), records in crashes.items()
        if len({r.at[:13] for r in records}) >= HOURS
    )


def _place(facts: Facts, record: Record) -> str:
    """Where in the program, without the names and numbers of what it was at."""
    where = str(record.data.get("where") or "somewhere")
    for name in sorted(filter(None, (record.task, record.repo, *facts.repos, *facts.keys)), key=len, reverse=True):
        where = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "…", where)
    return _NUMBERS.sub("N", where)[:80]


def _signal(where: str, error: str, records: list[Record]) -> Signal:
    newest = records[-1]
    words = " ".join(str(newest.data.get("error") or "").split())[:300]
    return Signal(
        id=f"repeated_crash:{where}:{error}",
        kind="repeated_crash",
        repo=None,
        summary=f"`{where}` failed {len(records)} times with {error}; last: {words}",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.95, 0.8 + 0.01 * len(records)),
        count=len(records),
        at=newest.at,
        advice="Reproduce it in a test, then mend it so that this step goes on.",
    )
