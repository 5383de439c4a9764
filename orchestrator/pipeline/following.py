"""Our books catch up with the branch and the pull request, before anything is decided about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator.git import Repository
from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import judge, rejudging
from orchestrator.services import Services

LAG = timedelta(minutes=10)
"""How long GitHub may go on to show the head before our last push; after that somebody took our push back."""


def caught_up(services: Services, claim: Claim, pull: Pull) -> Claim:
    """The claim with what is known to be ours or a person's plain wish: an update that we pushed and died over, and
    another base that holds the old one (a renamed branch)."""
    task = claim.task
    if not pull.open or pull.merged:
        return claim
    repository = services.repository(services.repo(task))
    if pull.head_sha != task.pushed_sha and _pushed(services, task, pull.head_sha):
        repository.fetch()
        if adopted := _adopted(services, task, repository, pull.head_sha):
            claim = services.mailbox.save(claim, adopted)
    if pull.base_ref != task.base and task.base_sha is not None:
        repository.fetch()
        tip = repository.head(pull.base_ref)
        if tip is not None and repository.has(task.base_sha) and repository.is_ancestor(task.base_sha, tip):
            claim = services.mailbox.save(claim, replace(claim.task, base=pull.base_ref))
    return claim


def lags(services: Services, task: Task, pull: Pull) -> bool:
    """GitHub still shows an earlier head of ours: the last push is minutes old and grew out of it."""
    if task.pushed_sha is None or not task.pushed_at or services.now() - parse(task.pushed_at) > LAG:
        return False
    repository = services.repository(services.repo(task))
    known = repository.has(pull.head_sha) and repository.has(task.pushed_sha)
    return known and repository.is_ancestor(pull.head_sha, task.pushed_sha)


def updated(services: Services, task: Task, head: Sha, base: Sha, tree: Sha) -> Task:
    """The task after its branch was brought up to date by our own clean merge: the gate's verdict for exactly this
    head, and what a reviewer or a person said, but only where the change is still the same."""
    verdict, same = rejudging.carried(services, task, head, base, tree)
    review = None
    if same:
        assert task.pushed_sha is not None
        if task.review is not None and task.review.head_sha == task.pushed_sha:
            review = replace(task.review, head_sha=head, base_sha=base, carried=True)
        services.approvals.carry(task.id, task.pushed_sha, head)
    now = stamp(services.now())
    task = replace(
        task, pushed_sha=head, pushed_at=now, candidate_sha=head, base_sha=base, verdict=verdict, review=review
    )
    if not same:
        judge.tell(services, task, replace(task.attempts[-1], findings=()), verdict)
    return task


def _pushed(services: Services, task: Task, head: Sha) -> bool:
    """We meant to push this very commit."""
    return services.effects.of(task.id).state(f"push:{head}") is not None


def _adopted(services: Services, task: Task, repository: Repository, head: Sha) -> Task | None:
    """Only a merge of the judged head with a base, as an update makes it."""
    if task.verdict is None or task.verdict.head_sha != task.pushed_sha or repository.parent(head) != task.pushed_sha:
        return None
    base, tree = repository.resolve(f"{head}^2"), repository.tree_of(head)
    if base is None or tree is None:
        return None
    services.record(EventKind.UPDATED, task, base=base, head=head)
    return updated(services, task, head, base, tree)
