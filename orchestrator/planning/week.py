"""The facts of the last seven days, read for the signals: ledger, agent runs, ends of tasks, what was due."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.model.event import EventKind, Record
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.times import parse
from orchestrator.services import Services
from orchestrator.signals.facts import Due, Facts
from orchestrator.state.runs import Runs

DAYS = 7.0
RUNS, LINES = 200, 300
"""The newest so many runs, and lines of the queue's summary (ORIGIN: analyzer); what is left out is said."""
EVENTS = 100_000
JOBS = ("planner", "groomer")
TICKED = timedelta(days=1)
"""A role whose last good tick is older does not run."""


def facts(services: Services, now: datetime) -> Facts:
    """Raises CorruptState (the cadences)."""
    since = now - timedelta(days=DAYS)
    stored = Runs(runtime=services.settings.runtime)
    runs, more_runs = stored.since(since, RUNS)
    ends, more_ends = stored.ends(since, LINES)
    events, all_of_them = _events(services, since)
    left_out = [
        *([f"{more_runs} older runs"] if more_runs else []),
        *([f"{more_ends} older lines of queue-summary.log"] if more_ends else []),
        *([] if all_of_them else [f"events before the newest {EVENTS}"]),
    ]
    return Facts(
        now=now,
        days=DAYS,
        repos=frozenset(r.name for r in services.settings.repos),
        keys=frozenset([*(r.key for r in services.settings.repos), *(p.key for p in services.settings.projects)]),
        events=tuple(e for e in events if parse(e.at) <= now),
        runs=tuple(r for r in runs if r.at <= now),
        ends=tuple(e for e in ends if e.at <= now),
        dues=tuple(_dues(services, now, events)),
        left_out=tuple(left_out),
    )


def tasks(found: Facts) -> dict[str, str]:
    """Evidence id to the task it tells of: a run, an event and the task itself are one fact to whoever compares."""
    told = {f"ledger:{e.seq}": f"task:{e.task}" for e in found.events if e.task}
    return told | {r.id: f"task:{r.task}" for r in found.runs}


def _events(services: Services, since: datetime) -> tuple[list[Record], bool]:
    """From the end backwards, as many as the week has; whether that is all of it."""
    wanted = 2_000
    while True:
        found = services.ledger.tail(wanted)
        whole = len(found) < wanted or parse(found[0].at) < since
        if whole or wanted >= EVENTS:
            return [r for r in found if parse(r.at) >= since], whole
        wanted = min(EVENTS, wanted * 7)


def _dues(services: Services, now: datetime, events: list[Record]) -> list[Due]:
    found = []
    for repo in services.settings.repos:
        if repo.automation_mode is not AutomationMode.FULL or services.stopped(repo):
            continue
        for job in JOBS:
            days = _period(repo, job)
            next_due = services.cadence.next_due(job, repo.key) if days > 0 else None
            if next_due is not None:
                healthy = _ticks(services, job, now) and not _crashed(repo, job, events)
                due = Due(
                    job=job, subject=repo.key, repo=repo.name, next_due=next_due, period_days=days, healthy=healthy
                )
                found.append(due)
    return found


def _period(repo: RepoSettings, job: str) -> float:
    return repo.cadence.sprint_cadence_days if job == "planner" else repo.cadence.groomer_cadence_days


def _ticks(services: Services, role: str, now: datetime) -> bool:
    """Did the role's last tick end well, not long ago? Where nobody writes that down (`up`), nothing speaks against."""
    try:
        words = (services.settings.runtime / "state" / "ticks" / role).read_text().split()
        return len(words) == 2 and words[0] == "0" and now - parse(words[1]) < TICKED
    except FileNotFoundError:
        return True
    except ValueError:
        return False


def _crashed(repo: RepoSettings, job: str, events: list[Record]) -> bool:
    crashes = (e for e in events if e.kind == EventKind.CRASH.value and job in str(e.data.get("where")))
    return any(e.repo.casefold() in ("", repo.name.casefold()) for e in crashes)
