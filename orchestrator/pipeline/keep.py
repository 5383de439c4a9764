"""Housekeeping: once a day what is old and safely on GitHub may go (DECISIONS D14), once a week mirrors are packed."""

from __future__ import annotations

from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.services import Services
from orchestrator.state import retention

JOB = "retention"
PACKING = "packing"
WEEK = 7.0


def finished(services: Services) -> None:
    """What only a task's next run could use goes as soon as the task is done: its HOME with the agents' sessions, and
    what people had ordered. A stopped task keeps both, for a retry goes on with them (`retention` takes them later)."""
    state = services.settings.runtime / "state"
    for folder in (state / "homes", state / "orders"):
        for name in retention.names(folder):
            over = services.mailbox.where(TaskId(name)) in (Folder.DONE, None)
            if over and not services.mailbox.alive(TaskId(name)):
                retention.remove(folder / name)


def daily(services: Services) -> None:
    now = services.now()
    for repo in services.settings.repos:
        if services.cadence.due(PACKING, repo.key, WEEK, now):
            # Noted first: a mirror that cannot be packed is tried again next week, not at every tick.
            services.cadence.ran(PACKING, repo.key, WEEK, now)
            if services.repository(repo).maintain():
                services.record(EventKind.RETAINED, None, repo=repo.name, packed=True)
    if not services.cadence.due(JOB, "", 1.0, now):
        return
    live = {id for f in Folder if f not in (Folder.DONE, Folder.FAILED) for id in services.mailbox.ids(f)}
    removed = retention.sweep(
        services.settings.runtime,
        services.settings.worktrees,
        services.settings.retention,
        now=now,
        needed=live.__contains__,
    )
    if removed:
        services.record(EventKind.RETAINED, None, removed=[str(r) for r in removed])
    services.cadence.ran(JOB, "", 1.0, now)
