"""Each Monday the week's failures are looked through; what they have in common becomes issues.

Cron calls it every hour: a Monday on which the machine slept is made up for, once, and a week whose filing failed
halfway, or found the day full, is ended by a later hour. The scorer's findings of the week are made before, whichever
of the two cron starts first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.model.backlog import Filed
from orchestrator.model.times import parse, stamp
from orchestrator.planning import analysis, scoring
from orchestrator.policy import slots
from orchestrator.policy.slots import Slot
from orchestrator.roles import scorer
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services
from orchestrator.state.slots import Slots
from orchestrator.state.store import Store

EVERY = "0 * * * *"
JOB = "log_analyzer"
MONDAY = Slot(weekday=slots.MONDAY, hour=7)
PATIENCE = timedelta(hours=24)
"""So long the week's analysis is tried again each hour, from the first try that did not end it."""


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """The analysis of the week, when it is due."""
    did: list[str] = []
    with fence(services, None, f"{JOB}: its state"):
        now = services.now()
        store = Slots(root=services.settings.runtime / "state")
        if not store.due(JOB, MONDAY, now):
            return Ticked()
        if dry_run:
            return Ticked(did=("would look through the last 7 days",))
        slot = slots.latest(MONDAY, now)
        waiting = True
        with fence(services, None, JOB):
            _score(services)
            outcomes = analysis.analyze(services, now, since=slot)
            waiting = analysis.waiting(outcomes)
            did += [f"filed {o.draft.repo}#{o.number}: {o.draft.title}" for o in outcomes if isinstance(o, Filed)]
        if not waiting or now - _first_try(services, slot, now) >= PATIENCE:
            store.ran(JOB, MONDAY, now)
    return Ticked(did=tuple(did))


def _first_try(services: Services, slot: datetime, now: datetime) -> datetime:
    """When the analysis of this slot was first left unended; what lies in the future was noted by a wrong clock."""
    week = stamp(slot)
    with Store(path=services.settings.runtime / "state" / "analysis.json").change() as data:
        known = data.get("failed") if data.get("slot") == week else None
        first = parse(str(known)) if known else now
        data.update(slot=week, failed=stamp(min(first, now)))
        return min(first, now)


def _score(services: Services) -> None:
    """The scorer's part of the week, where it has not come to it yet: the order of two cron lines is nobody's."""
    if not scoring.due(services, services.now()):
        return
    scoring.score_week(services, services.now(), scorer.business(services))
