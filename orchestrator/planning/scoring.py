"""The week in figures: how every agent did, and which objective went the wrong way. Opens no issue.

Written also for a week in which nothing ran or nothing went wrong: what reads it must be able to tell "nothing found"
from "nobody looked" (defect D30).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from orchestrator.model.event import EventKind
from orchestrator.model.findings import Finding, Week
from orchestrator.model.objective import Objective, Score
from orchestrator.model.outcome import Measured
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.planning import objectives, score_report
from orchestrator.policy import degrade
from orchestrator.policy import score as objective_score
from orchestrator.policy.degrade import Merged
from orchestrator.policy.slots import MONDAY, Slot, latest
from orchestrator.services import Services
from orchestrator.state.findings import Findings
from orchestrator.state.slots import Slots
from orchestrator.state.week import Weeks

JOB = "scorer"
SLOT = Slot(weekday=MONDAY, hour=7)
WINDOW = timedelta(days=degrade.WINDOW_DAYS)


def due(services: Services, now: datetime) -> bool:
    """Whether this week's findings are still to be written. Raises CorruptState, Busy."""
    return slots(services).due(JOB, SLOT, now)


def slots(services: Services) -> Slots:
    return Slots(root=services.settings.runtime / "state")


def regressed(services: Services, repo: RepoSettings) -> Finding | None:
    """Keeps the score in the history; the finding when the objective has regressed. Raises Busy, OSError."""
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return None
    objective = objectives.of(services, repo)
    score = objectives.scored(services, repo)
    if objective is None or score is None or not objective_score.regressed(score):
        return None
    against = _against(objective, score, services.outcomes.measured(repo.name), services.now())
    evidence = [f"outcome:{m.task}/{m.check}" for m in against]
    return degrade.business(score, repo.name, evidence, against[0].at if against else score.at)


def score_week(services: Services, now: datetime, business: Sequence[Finding] = ()) -> Week:
    """Writes the findings of the last seven days, told in the ledger once per slot. Repeatable. Raises Busy,
    CorruptState, OSError."""
    told = Weeks(runtime=services.settings.runtime).between(now - WINDOW, now)
    scores = degrade.scores(told.runs, _merged(services, now))
    found = [f for f in degrade.findings(told.runs, scores) if not f.repo or services.settings.repo(f.repo)]
    week = Week(
        generated_at=stamp(now),
        window_days=degrade.WINDOW_DAYS,
        threshold=degrade.THRESHOLD,
        whole=told.whole,
        scores=scores,
        findings=(*found, *business),
    )
    store = Findings(runtime=services.settings.runtime)
    store.write(week, score_report.text(week, runs=len(told.runs), unread=told.unread))
    _record(services, week, len(told.runs), stamp(latest(SLOT, now)))
    slots(services).ran(JOB, SLOT, now)
    return week


def _record(services: Services, week: Week, runs: int, slot: str) -> None:
    if services.signatures.seen("scored:week", slot):
        return
    over_all = [s for s in week.scores if not s.repo and not s.type]
    services.record(
        EventKind.SCORED,
        what="week",
        slot=slot,
        runs=runs,
        whole=week.whole,
        agents=[{"agent": s.agent, "tasks": s.tasks, "successes": s.successes, "merged": s.merged} for s in over_all],
        findings=[f.id for f in week.findings],
    )
    services.signatures.remember("scored:week", slot)


def _merged(services: Services, now: datetime) -> tuple[Merged, ...]:
    found = []
    for ended in services.finished.all():
        with contextlib.suppress(ValueError):  # a time that an older version wrote otherwise
            if ended.ending == "merged" and now - WINDOW < parse(ended.at) <= now:
                found.append(Merged(task=ended.task, repo=ended.repo, type=ended.type))
    return tuple(found)


def _against(objective: Objective, score: Score, measured: Sequence[Measured], now: datetime) -> list[Measured]:
    """What was measured inside of the window and counts against the objective, newest first."""
    counts, since = dict(objective.scores), now - timedelta(days=objective.window_days)
    bad = {m.id for m in score.metrics if m.value is not None and m.value < 0}
    found = [
        m
        for m in measured
        if m.check.casefold() in bad and counts[m.interpretation] < 0 and since <= parse(m.at) <= now
    ]
    return sorted(found, key=lambda m: (m.at, m.task, m.check), reverse=True)
