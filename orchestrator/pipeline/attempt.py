"""One claimed task, from claim to the folder it ends this run in.

The task's `phase` says what comes next, and each step writes the next phase down before it acts on it. So a worker that
takes over a dead one's task reads the file and goes on: a recorded verdict is published without a second agent run, a
run that ended is judged without being repeated, and only a run that was lost is run again.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.github import issues, pulls
from orchestrator.github.errors import NotFound
from orchestrator.mailbox.box import Claim
from orchestrator.model.errors import Stopped
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder, Phase
from orchestrator.pipeline import closing, effect, finish, intake, judge, publish, reap, run, settle, steer, trusting
from orchestrator.services import NotManaged, Services


def work(services: Services, id: TaskId) -> bool:
    """Takes the task through until it leaves `processing`. False when somebody else has it or it is not waiting."""
    with services.mailbox.claim(id) as claim:
        if claim is None or claim.folder not in (Folder.INBOX, Folder.PROCESSING):
            return False
        if claim.folder is Folder.INBOX:
            claim = services.mailbox.move(claim, claim.task, Folder.PROCESSING)
            services.served.note(claim.task.repo, services.now())
            services.record(EventKind.CLAIMED, claim.task, epoch=claim.epoch)
        else:
            _healed(services, claim)
        going: Claim | None = claim
        while going is not None:
            reap.alive(services, going.task)
            going = _guarded(services, going)
        services.sessions.end(id)
    return True


def _guarded(services: Services, claim: Claim) -> Claim | None:
    """The next step, unless a person wants none. A switch that falls into a step lets it end at its first write: the
    task stays where it was written down last."""
    if claim.task.phase is Phase.RAN and steer.interrupted(services, claim):
        claim = judge.keep(services, claim)
    if steer.off(services, claim.task):
        steer.rest(services, claim)
        return None
    try:
        return _advance(services, claim)
    except Stopped:
        return None


def _healed(services: Services, claim: Claim) -> None:
    """Recorded when the task came further since, not at every try of a night without GitHub."""
    subject, state = f"healed:{claim.id}", str(claim.task.rev)
    if not services.signatures.seen(subject, state):
        services.record(EventKind.HEALED, claim.task, epoch=claim.epoch, phase=claim.task.phase.value)
        services.signatures.remember(subject, state)


def _advance(services: Services, claim: Claim) -> Claim | None:
    match claim.task.phase:
        case Phase.QUEUED:
            return _begin(services, claim)
        case Phase.RUNNING:
            return run.recover(services, claim)
        case Phase.RAN:
            return judge.judge(services, claim)
        case Phase.JUDGED:
            return settle.settle(services, claim)
        case Phase.CLOSING:
            return closing.close(services, claim)
        case Phase.PUBLISHED:
            publish.to_review(services, claim)
        case Phase.MERGED:
            services.mailbox.move(claim, claim.task, Folder.REVIEW)
    return None


def _begin(services: Services, claim: Claim) -> Claim | None:
    """Before an agent is started: the repository is ours to touch, the issue still stands, GitHub knows of the task."""
    if (standing := steer.obey(services, claim)) is not claim:
        return standing
    task = claim.task
    try:
        services.repo(task)
    except NotManaged as why:
        return closing.towards(services, claim, Folder.BLOCKED, str(why), BlockerCode.MISSING_CONTEXT)
    if (gone := _published(services, claim)) is not claim:
        return gone
    return _issue(services, claim)


def _published(services: Services, claim: Claim) -> Claim | None:
    """The pull request of earlier work, as a person may have left it meanwhile. The same claim: go on.

    Merged, only our books are behind. Closed, the task is over; but a person's retry after that asks for a new one.
    """
    task = claim.task
    if task.pull_request is None:
        return claim
    ref = (task.repo, task.pull_request)
    pull = pulls.watch(services.github, [ref]).get(ref)
    if pull is None or (pull.open and not pull.merged):
        return claim
    if pull.merged:
        return finish.note_merged(services, claim, pull)
    if not run.retried(task):
        why = f"withdrawn: its pull request was closed without a merge by {pull.closed_by or 'a person'}"
        return closing.towards(services, claim, Folder.DONE, why, BlockerCode.NONE)
    head = services.repository(services.repo(task)).remote_head(task.branch)
    pushed = task.pushed_sha if head else None
    renewed = replace(task, pull_request=None, pushed_sha=pushed, failed_checks=(), conflict=False)
    return services.mailbox.save(claim, renewed)


def _issue(services: Services, claim: Claim) -> Claim | None:
    task = claim.task
    if task.issue is not None:
        try:
            issue = issues.read(services.github, task.repo, task.issue)
        except NotFound:
            if not effect.gone(services, task):
                raise
            gone = f"issue #{task.issue} is gone: deleted, or transferred to another repository"
            return closing.towards(services, claim, Folder.BLOCKED, gone, BlockerCode.MISSING_CONTEXT)
        if not issue.open:
            return closing.towards(services, claim, Folder.DONE, "withdrawn: its issue was closed", BlockerCode.NONE)
        # Later runs work on the text that was vouched for; whether it still stands is asked again before the merge.
        if not task.counted and (why := trusting.changed(services, task, issue)):
            return closing.towards(services, claim, Folder.BLOCKED, why, BlockerCode.MISSING_CONTEXT)
        intake.announce(services, claim)
    if not task.branch:
        claim = services.mailbox.save(claim, replace(task, branch=f"agent/{task.id}"))
    return run.start(services, claim)
