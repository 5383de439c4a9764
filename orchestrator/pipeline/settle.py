"""After the verdict: ask policy, carry its answer out."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.steps import Block, Continue, Correct, Escalate, FollowUp, NextAgent, Publish, WaitUntil
from orchestrator.model.task import Attempt, AttemptKind, Folder, Phase, Task
from orchestrator.pipeline import choosing, closing, effect, funds, publish, reviewing, steer
from orchestrator.policy import retry
from orchestrator.services import Services
from orchestrator.state.orders import OrderKind


def settle(services: Services, claim: Claim) -> Claim | None:
    """From JUDGED onwards. Returns the claim while this run goes on, None when the task has left `processing`."""
    if (standing := steer.obey(services, claim)) is not claim:
        return standing
    reviewed = reviewing.review(services, claim)
    if reviewed is None:
        return None
    claim = reviewed
    task = claim.task
    repo = services.repo(task)
    fresh = replace(task, next_agent="", next_kind=AttemptKind.ATTEMPT)
    onward = choosing.choose(services, fresh, repo)
    broke = funds.task_over(services, task, repo)
    step = retry.next_step(
        task, repo, onward=onward, broke=broke.words if broke else "", unheard=_unheard(services, task)
    )
    name = type(step).__name__
    effect.record(services, task, EventKind.DECIDED, f"{len(task.attempts)}:{name}", step=name, detail=repr(step))
    match step:
        case Publish():
            return publish.publish(services, claim)
        case Correct(agent=agent):
            return _again(services, claim, AttemptKind.CORRECTION, agent)
        case Continue(agent=agent):
            return _again(services, claim, AttemptKind.RESUME, agent)
        case NextAgent(agent=agent):
            return _again(services, claim, AttemptKind.ATTEMPT, agent)
        case FollowUp(agent=agent, why=why):
            task = replace(
                task,
                phase=Phase.QUEUED,
                next_kind=AttemptKind.ATTEMPT,
                next_agent=agent,
                verdict=None,
                review=None,
                reason=why,
            )
            services.mailbox.move(claim, task, Folder.INBOX)
            return None
        case WaitUntil(not_before=until, why=why):
            kind = _kind_after(task.attempts[-1])
            task = replace(
                task,
                phase=Phase.QUEUED,
                next_kind=kind,
                next_agent="",
                not_before=until,
                verdict=None,
                review=None,
                reason=why,
            )
            services.mailbox.move(claim, task, Folder.INBOX)
            return None
        case Block(why=why, code=code):
            return closing.towards(services, claim, Folder.BLOCKED, why, code)
        case Escalate(why=why, code=code):
            return closing.towards(services, claim, Folder.ESCALATED, why, code)


def _unheard(services: Services, task: Task) -> bool:
    return any(order.kind is OrderKind.SEND for order in services.orders.pending(task.id))


def _again(services: Services, claim: Claim, kind: AttemptKind, agent: str) -> Claim:
    """Another run within this task run. An unspent attempt (quota) hands its kind on: a CI repair stays a CI repair."""
    if kind is AttemptKind.ATTEMPT:
        kind = _kind_after(claim.task.attempts[-1])
    task = replace(claim.task, phase=Phase.QUEUED, next_kind=kind, next_agent=agent, verdict=None, review=None)
    return services.mailbox.save(claim, task)


def _kind_after(last: Attempt) -> AttemptKind:
    """What the next agent's run counts as. Work that quota refused stays what it was; only the request to write a
    result file means nothing to an agent that did not do the work."""
    if last.spent or last.kind is AttemptKind.RESUME:
        return AttemptKind.ATTEMPT
    return last.kind
