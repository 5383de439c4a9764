"""A person's stop, hold or switch is carried out at the next place where nothing is half done.

A switch is no order to a task: nothing is written into it. It rests where it stands, its phase says what comes next,
and the queue takes it up when the switch is on again."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.mailbox.box import Claim
from orchestrator.model.result import BlockerCode, FailureClass
from orchestrator.model.task import AttemptKind, Folder, Phase, Task
from orchestrator.pipeline import closing
from orchestrator.services import Services
from orchestrator.state.orders import Order, OrderKind


def obey(services: Services, claim: Claim) -> Claim | None:
    """The same claim when nothing is ordered; None when the task has left `processing`, or rests there.

    The order is struck off last: a worker that dies before is followed by one that finds it again.
    """
    if off(services, claim.task):
        rest(services, claim)
        return None
    order = _ordered(services, claim)
    if order is None:
        return claim
    if order.kind is OrderKind.STOP:
        return _stop(services, claim, order)
    _hold(services, claim, order)
    return None


def off(services: Services, task: Task) -> str:
    """Why nothing is done for this task now, in words; empty = go on."""
    return services.stopped(services.settings.repo(task.repo))


def interrupted(services: Services, claim: Claim) -> bool:
    """Its last run was ended, and no order to the task says why: a switch did, and it may be on again by now."""
    last = claim.task.attempts[-1]
    return last.failure is FailureClass.STOPPED and _ordered(services, claim) is None


def rest(services: Services, claim: Claim) -> None:
    """What has not begun goes back to the others that wait; all else stays, for whoever takes up what stands there."""
    if claim.task.phase is Phase.QUEUED:
        services.mailbox.move(claim, claim.task, Folder.INBOX)


def to_review(services: Services, claim: Claim) -> None:
    """From PUBLISHED. Where a person ordered something meanwhile, to hold/: what they wanted to end does not merge."""
    order = _ordered(services, claim)
    if order is None:
        services.mailbox.move(claim, claim.task, Folder.REVIEW)
        return
    why = f"held by {order.by}"
    if order.kind is OrderKind.STOP:
        pull = f"#{claim.task.pull_request}"
        why = f"stop by {order.by} came when {pull} was published: close {pull}, or retry to let it go on"
    services.mailbox.move(claim, replace(claim.task, reason=why), Folder.HOLD)
    services.orders.withdraw(claim.task.id, OrderKind.STOP, OrderKind.HOLD)


def _ordered(services: Services, claim: Claim) -> Order | None:
    """A stop before a hold, whichever came first: the task would rest, and nobody would look for the stop."""
    pending = [o for o in services.orders.pending(claim.task.id) if o.kind is not OrderKind.SEND]
    return next((o for o in pending if o.kind is OrderKind.STOP), pending[0] if pending else None)


def _hold(services: Services, claim: Claim, order: Order) -> None:
    """Pauses where it stands: its commits are kept, a retry goes on from them with the same kind of run."""
    task = claim.task
    kind = task.attempts[-1].kind if task.attempts and task.phase is not Phase.QUEUED else task.next_kind
    if kind is AttemptKind.RESUME:
        kind = AttemptKind.ATTEMPT
    held = replace(task, phase=Phase.QUEUED, next_kind=kind, next_agent="", verdict=None, reason=f"held by {order.by}")
    services.mailbox.move(claim, held, Folder.HOLD)
    services.orders.done(task.id, order.number)


def _stop(services: Services, claim: Claim, order: Order) -> Claim | None:
    """`closing` keeps the work, tells the issue, and strikes the order off when the task has left."""
    why = f"stopped by {order.by}" + (f": {order.text}" if order.text else "")
    return closing.towards(services, claim, Folder.FAILED, why, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
