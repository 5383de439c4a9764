"""A planning job that was due more than a whole period ago and did not run, though its role should have run it."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.model.backlog import Signal
from orchestrator.model.times import stamp
from orchestrator.signals.facts import Due, Facts

LEAST = timedelta(days=1)
"""Late by less than this is no stall, however short the period."""


def find(facts: Facts) -> tuple[Signal, ...]:
    return tuple(_signal(facts, due) for due in facts.dues if not due.healthy and _late(facts, due))


def _late(facts: Facts, due: Due) -> bool:
    return facts.now - due.next_due > max(LEAST, timedelta(days=due.period_days))


def _signal(facts: Facts, due: Due) -> Signal:
    days = (facts.now - due.next_due) / timedelta(days=1)
    return Signal(
        id=f"stalled:{due.job}:{due.repo.casefold()}",
        kind="stalled_planner",
        repo=None,
        summary=f"The {due.job} of {due.repo} was due {days:.1f} days ago and did not run; its period is "
        f"{due.period_days:g} days",
        evidence=(due.id,),
        severity=0.8,
        at=stamp(due.next_due),
        advice=f"Find out why the {due.job} does not get through (its log, crashes, a lock) and mend it.",
    )
