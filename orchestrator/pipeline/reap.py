"""A worker that has been silent far longer than any step may take is ended, so that its task can go on.

Every step of a task has its own limit (an agent's wall time, a verification's minutes, the time limits of git and
HTTP). A worker past the sum of them hangs in something that no limit of ours reaches.
"""

from __future__ import annotations

import time

from orchestrator import machine, process
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Task
from orchestrator.services import Services
from orchestrator.state.sessions import Session

MARGIN_MINUTES = 30.0
"""For git and GitHub beside the run and the verification."""
FREED_SECONDS = 2.0


def alive(services: Services, task: Task) -> None:
    """The worker at this task says that it lives; said at each step, and at each leg of an agent run."""
    repo = services.settings.repo(task.repo)
    verify = repo.verify_minutes if repo else 0.0
    longest = max((a.timeout_minutes for a in services.settings.agents), default=0.0)
    run = max(task.max_runtime_minutes, longest)
    services.sessions.note(task.id, seconds=60 * (run + verify + MARGIN_MINUTES))


def overdue(services: Services) -> list[str]:
    """Ends the workers that are past their time; returns what was done, a line each."""
    did: list[str] = []
    for session in services.sessions.all():
        if not services.mailbox.alive(TaskId(session.task)):
            services.sessions.end(session.task)
        elif session.overdue and _end(services, session):
            services.record(EventKind.REAPED, None, id=session.task, pid=session.pid)
            did.append(f"{session.task}: its worker {session.pid} was past its time and was ended")
    return did


def _end(services: Services, session: Session) -> bool:
    """Never by a bare process id: it must have started when the session says, and hold the very lock."""
    lock = services.mailbox.lock_path(TaskId(session.task))

    def surely() -> bool:
        return machine.started(session.pid) == session.started and machine.holds_lock(session.pid, lock)

    if not process.end_if(session.pid, surely):
        return False
    until = time.monotonic() + FREED_SECONDS
    while services.mailbox.alive(TaskId(session.task)) and time.monotonic() < until:
        time.sleep(0.02)
    services.sessions.end(session.task)
    return True
