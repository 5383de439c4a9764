"""An open pull request is walked to its end: merged by sha, repaired, handed over, or its books finished."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from orchestrator import notify
from orchestrator.git import Conflict, Pushed, Refused
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.chat import ActionKind, Offer
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.result import BlockerCode
from orchestrator.model.settings import Checks, RepoSettings
from orchestrator.model.steps import Enqueue, Finish, HandOver, Merge, PullStep, Review, Rework, Update, Wait, Withdraw
from orchestrator.model.task import FailedCheck, Folder, Phase, Task
from orchestrator.pipeline import (
    approving,
    closing,
    commands,
    deciding,
    finish,
    following,
    landing,
    queueing,
    rejudging,
    repairing,
    traces,
)
from orchestrator.pipeline.deciding import Lane
from orchestrator.policy import ci_words
from orchestrator.policy import merge as policy
from orchestrator.services import Services


class Looked(Enum):
    """What a look left behind for the others of the repository."""

    SEEN = "seen"
    MOVED = "moved"
    """The base moved, or time went by while the branch was brought up to date and verified: what was read of the others
    before need not be true any more."""
    LEFT = "left to a person"
    """Nobody waits for its turn."""
    PUT_OFF = "put off"
    """It could land but for the base having moved on: it goes with the next train, or is brought up to date alone."""


def look(
    services: Services, claim: Claim, pull: Pull, *, turn: bool, lane: Lane = Lane.SINGLE, gather: bool = False
) -> Looked:
    """One task in review and its pull request as just read. `gather`: what needs an update is put off."""
    if claim.task.phase is Phase.MERGED:
        finish.finish(services, claim)
        return Looked.SEEN
    if claim.task.phase is Phase.CLOSING:
        closing.close(services, claim)
        return Looked.SEEN
    claim = following.caught_up(services, claim, pull)
    step = deciding.decide(services, claim.task, pull, turn or gather, lane)
    if gather and isinstance(step, Update):
        return Looked.PUT_OFF
    _record(services, claim.task, step)
    if pull.open and pull.head_sha == claim.task.pushed_sha:
        approving.show(services, claim.task, pull)
    if policy.against(step):
        queueing.take_back(services, claim, pull)
    match step:
        case Wait(why=why):
            return _wait(services, claim.task, why)
        case Update():
            _update(services, claim, pull)
            return Looked.MOVED
        case Merge(sha=sha):
            return Looked.MOVED if landing.merge(services, claim, pull, sha) else Looked.SEEN
        case Enqueue(sha=sha):
            queueing.enqueue(services, claim, pull, sha)
        case Finish():
            finish.seen_merged(services, claim, pull)
            return Looked.MOVED
        case Rework() | HandOver():
            repairing.rework(services, claim, step)
        case Review(why=why):
            # Judged already: the worker that takes it up asks a reviewer, and finds the pull request open.
            task = replace(claim.task, phase=Phase.JUDGED, reason=why)
            services.mailbox.move(claim, task, Folder.INBOX)
        case Withdraw(why=why):
            closing.towards(services, claim, Folder.DONE, f"withdrawn: {why}", BlockerCode.NONE)
    return Looked.SEEN


def _record(services: Services, task: Task, step: PullStep) -> None:
    """A decision is recorded when it changes, not at every poll."""
    state = repr(step)
    if services.signatures.seen(f"pull:{task.id}", state):
        return
    why = str(getattr(step, "why", ""))
    services.record(
        EventKind.PULL_DECIDED, task, traces.of_verdicts(task), step=type(step).__name__, detail=state, why=why
    )
    services.signatures.remember(f"pull:{task.id}", state)


def _wait(services: Services, task: Task, why: str) -> Looked:
    """Waiting that only a person can end is told once."""
    if not policy.of_a_person(why):
        return Looked.SEEN
    action, offer = "see the pull request", None
    if policy.APPROVAL in why and task.pushed_sha:
        # One press is about the head that stands now, and no other.
        offer = Offer(kind=ActionKind.HEAD, target=task.id, head_sha=task.pushed_sha)
        action = f"read pull request #{task.pull_request}, then approve or reject it"
    notify.tell(services, AlertKind.MANUAL_ACTION, task, f"wait:{task.pushed_sha}", why, action=action, offer=offer)
    return Looked.LEFT


def _update(services: Services, claim: Claim, pull: Pull) -> None:
    """Brings the base in by our own clean merge; the verdict is carried over to exactly that tree."""
    task = claim.task
    repo = services.repo(task)
    repository = services.repository(repo)
    repository.fetch()
    tip = repository.head(task.base)
    assert task.pushed_sha is not None
    if tip is None:
        closing.towards(services, claim, Folder.ESCALATED, f"{task.base} is gone", BlockerCode.MISSING_CONTEXT)
        return
    if repository.is_ancestor(tip, task.pushed_sha):  # it holds the base already; GitHub is behind, not the branch
        return
    merged = repository.merge_tree(tip, task.pushed_sha)
    if isinstance(merged, Conflict):
        repairing.rework(
            services, claim, policy.repair(task, repo, Rework(why=f"conflicts with {task.base}", conflict=True))
        )
        return
    message = services.redact(f"Bring in {task.base} for {ci_words.title(task.title)}\n\nTask: {task.id}")
    head = repository.commit(task.id, merged.tree, (task.pushed_sha, tip), message, services.now())
    judged, _ = rejudging.carried(services, task, head, tip, merged.tree)
    if not judged.passed:
        said = "; ".join(f"{f.check}: {f.why}" for f in judged.failures)
        why = f"on top of the new {task.base} the change is another one, which our gate refuses: {said}"
        repairing.rework(services, claim, policy.repair(task, repo, Rework(why=why, conflict=True)))
        return
    if not _still_good(services, task, repo, head):
        # As with a conflict: the repair starts from both sides joined, or it would not see what fails.
        why = f"our verification fails on top of the new {task.base}"
        repairing.rework(services, claim, policy.repair(task, repo, Rework(why=why, failed=_own(repo), conflict=True)))
        return
    services.mailbox.check(claim)
    journal = services.effects.of(task.id)
    journal.intend(f"push:{head}", f"update {task.branch}")
    answer = repository.push(task.branch, head, expect=task.pushed_sha)
    if not isinstance(answer, Pushed):
        journal.failed(f"push:{head}", repr(answer))
        if isinstance(answer, Refused):
            why = f"the host refused the push: {services.redact(answer.why)}"
            closing.towards(services, claim, Folder.ESCALATED, why, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
        return
    journal.done(f"push:{head}", {"sha": head})
    services.record(EventKind.UPDATED, task, base=tip, head=head)
    services.mailbox.save(claim, following.updated(services, task, head, tip, merged.tree))


def _still_good(services: Services, task: Task, repo: RepoSettings, head: Sha) -> bool:
    """Where CI judges the new head it is not judged here; where our verification is the gate, it runs again."""
    if repo.checks is Checks.REQUIRED or not repo.verify:
        return True
    return commands.kept(services, repo, services.repository(repo), head, repo.verify).exit == 0


def _own(repo: RepoSettings) -> tuple[FailedCheck, ...]:
    return (FailedCheck(name="verification", conclusion="failure", summary=repo.verify),)
