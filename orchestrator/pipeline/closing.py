"""A task ends without a merge: blocked, escalated or withdrawn.

The end is written into the task first (phase CLOSING), so that a worker that dies among the notices goes on with the
same end, whatever the agents' health says by then. The notices are each sent once; the file moves last.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.chat import ActionKind, Offer
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus
from orchestrator.model.result import BlockerCode
from orchestrator.model.settings import AutomationMode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import desk, effect, estimating, note, report
from orchestrator.services import Services
from orchestrator.state.orders import OrderKind


def towards(services: Services, claim: Claim, ending: Folder, why: str, code: BlockerCode) -> Claim | None:
    """Writes the decision down, then carries it out."""
    return close(services, decide(services, claim, ending, why, code))


def decide(
    services: Services, claim: Claim, ending: Folder, why: str, code: BlockerCode, *, recoveries: int | None = None
) -> Claim:
    """The end written into the task. Where a person works (dispatcher_only), nothing is escalated, only blocked."""
    repo = services.settings.repo(claim.task.repo)
    if ending is Folder.ESCALATED and repo and repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        ending = Folder.BLOCKED
    text = str(services.redact(why))
    now = stamp(services.now())
    task = replace(
        claim.task, phase=Phase.CLOSING, ending=ending, ended=now, reason=f"{code.value}: {text}", next_agent=""
    )
    if recoveries is not None:
        task = replace(task, recoveries=recoveries)
    return services.mailbox.save(claim, task)


def close(services: Services, claim: Claim) -> Claim | None:
    """What the recorded end owes, then the move."""
    task = claim.task
    match task.ending:
        case Folder.ESCALATED:
            _escalated(services, task)
        case Folder.DONE:
            _withdrawn(services, task)
        case Folder.FAILED:
            _stopped(services, task)
        case _:
            _blocked(services, task)
    services.metrics.summary(task, task.ending.value if task.ending else "blocked", task.reason)
    to = task.ending or Folder.BLOCKED
    estimating.after(services, task, to.value)
    services.mailbox.move(claim, replace(task, ended=stamp(services.now())), to)
    services.orders.withdraw(task.id, OrderKind.STOP, OrderKind.HOLD)
    return None


def _escalated(services: Services, task: Task) -> None:
    """One note, one comment, one alert, then silence."""
    services.mailbox.note(task.id, Folder.ESCALATED, "escalation", services.redact(note.write(task)))
    effect.record(services, task, EventKind.ESCALATED, _occasion(task), why=task.reason)
    if _managed(services, task):
        effect.comment(services, task, f"escalated:{_occasion(task)}", report.stopped(task, task.reason))
        desk.show(services, task, BoardStatus.BLOCKED, why="escalated")
    notify.tell(
        services, AlertKind.ESCALATED, task, _occasion(task), task.reason,
        action=f"answer in escalated/{task.id}.escalation.md, or move the task to inbox/",
        offer=Offer(kind=ActionKind.ESCALATION, target=task.id),
    )  # fmt: skip


def _blocked(services: Services, task: Task) -> None:
    effect.record(services, task, EventKind.BLOCKED, _occasion(task), why=task.reason)
    if _managed(services, task):
        effect.comment(services, task, f"blocked:{_occasion(task)}", report.stopped(task, task.reason))
        desk.show(services, task, BoardStatus.BLOCKED, why="blocked")
    notify.tell(
        services, AlertKind.BLOCKED, task, _occasion(task), task.reason,
        action="mend the cause, then move the task from blocked/ to inbox/",
        offer=Offer(kind=ActionKind.ESCALATION, target=task.id),
    )  # fmt: skip


def _withdrawn(services: Services, task: Task) -> None:
    """A person ended it on GitHub or by hand: our marks go, nothing of theirs is touched or reopened."""
    effect.record(services, task, EventKind.WITHDRAWN, _occasion(task), why=task.reason)
    if _managed(services, task):
        desk.show(services, task, BoardStatus.BACKLOG, why="withdrawn")


def _stopped(services: Services, task: Task) -> None:
    """A person answered `stop`: the issue is closed as not planned. After the order `task stop` it stays open: that is
    about this task, and a retry goes on with it. The work is kept apart from the workspace in both cases."""
    effect.record(services, task, EventKind.WITHDRAWN, _occasion(task), why=task.reason)
    repo = services.settings.repo(task.repo)
    if repo is None:
        return
    services.repository(repo).close_workspace(task.id)
    if any(o.kind is OrderKind.STOP for o in services.orders.pending(task.id)):
        effect.comment(services, task, f"stopped:{_occasion(task)}", report.stopped(task, task.reason))
        desk.show(services, task, BoardStatus.BLOCKED, why="stopped by a person")
        return
    desk.close_issue(services, task, reason="not_planned")
    desk.show(services, task, BoardStatus.DONE, why="stopped by a person")


def _managed(services: Services, task: Task) -> bool:
    """Nothing is written into a repository that the configuration does not name, no farewell either."""
    return services.settings.repo(task.repo) is not None


def _occasion(task: Task) -> str:
    """Tells a second end after a person's retry, also one that ran no agent, from a repeat of the first: `ended` was
    written with the decision, so a worker that goes on with the notices finds the same."""
    return f"g{task.generation}:{task.counted_from}:{len(task.attempts)}:{task.ended}"
