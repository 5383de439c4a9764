"""What an exception in one task means: wait for the world to mend, or count it and give the task up in the end.

An outage is nobody's fault and may last: it is tried again by every tick and counts for nothing. Anything else, met
again and again, would be met for ever; so it counts as a recovery does, and after the last one the task is escalated.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from orchestrator import notify
from orchestrator.git.run import GitUnreachable
from orchestrator.github import errors
from orchestrator.ledger import LedgerBusy
from orchestrator.mailbox.box import Claim, ClaimLost, Occupied
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.pipeline import closing
from orchestrator.services import Services
from orchestrator.state.effects import Unsettled
from orchestrator.state.store import Busy, CorruptState

OPERATORS = (errors.Unauthorized, errors.Forbidden, errors.Misconfigured)
"""Only the operator can mend these, and they hold for every task alike: told once, charged to none."""
PASSING = (
    *OPERATORS, errors.Unavailable, errors.RateLimited, errors.PartialAnswer, errors.Malformed, errors.Incomplete,
    GitUnreachable, LedgerBusy, Busy, Unsettled, ClaimLost, Occupied, OSError,
)  # fmt: skip
MOST = 3
"""Crashes of one task when its repository is not configured any more; else its `max_recoveries`."""


def note(services: Services, task: Task | None, where: str, error: Exception, *, repo: str = "") -> str:
    """Records the crash, the same one at most once an hour: a tick comes every minute. Returns its words."""
    words = f"{type(error).__name__}: {error}"
    subject = f"crash:{where}:{task.id if task else repo}"
    # An outage words itself anew at every try (a time, a request id): there the kind alone tells it apart.
    kind = type(error).__name__ if isinstance(error, PASSING) else words
    state = f"{services.now():%Y-%m-%dT%H} {kind}"
    with contextlib.suppress(CorruptState, Busy):
        if services.signatures.seen(subject, state):
            return words
        services.signatures.remember(subject, state)
    services.record(EventKind.CRASH, task, repo=repo, where=where, error=words, passing=isinstance(error, PASSING))
    if isinstance(error, OPERATORS):
        text = services.redact(words)
        notify.alert(services, Alert(kind=AlertKind.SYSTEM, subject="github", state=str(text), text=text))
    return words


def worker(services: Services, task: Task, error: Exception) -> None:
    """After a worker's exception in `task`, as it was listed before the work began."""
    words = note(services, task, "worker", error)
    if isinstance(error, PASSING):
        return
    with services.mailbox.claim(task.id) as claim:
        if claim is None or claim.folder is not Folder.PROCESSING or _counted(task, claim.task):
            return
        repo = services.settings.repo(claim.task.repo)
        if claim.task.recoveries < (repo.max_recoveries if repo else MOST):
            services.mailbox.save(claim, replace(claim.task, recoveries=claim.task.recoveries + 1))
        elif claim.task.phase is Phase.CLOSING:
            _without_notices(services, claim, words)
        else:
            _give_up(services, claim, words)


def _counted(before: Task, after: Task) -> bool:
    """A run that is lost is counted by `run.recover`, unless it was there that the worker failed."""
    lost_again = before.phase is Phase.RUNNING and after.recoveries == before.recoveries
    return after.phase is Phase.RUNNING and not lost_again


def _give_up(services: Services, claim: Claim, words: str) -> None:
    why = f"it failed {claim.task.recoveries + 1} times in phase {claim.task.phase.value}: {words}"
    # Written down only; the next tick sends the notices. They have the ceiling too, counted anew from here.
    closing.decide(services, claim, Folder.ESCALATED, why, BlockerCode.RUNNER_FAILURE, recoveries=0)


def _without_notices(services: Services, claim: Claim, words: str) -> None:
    """Its notices cannot be sent: it ends all the same, and the operator is told what nobody else was."""
    task = claim.task
    text = services.redact(f"{task.id} ended ({task.reason}), but GitHub could not be told: {words}")
    notify.alert(services, Alert(kind=AlertKind.SYSTEM, subject=f"task:{task.id}", state=task.ended, text=text), task)
    services.mailbox.move(claim, task, task.ending or Folder.BLOCKED)
