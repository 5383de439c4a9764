"""A repository with a merge queue of its own: it tests and lands; we put in, wait, and compare what landed."""

from __future__ import annotations

from orchestrator.github import merging, pulls
from orchestrator.github.errors import PartialAnswer
from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.steps import Enqueue, HandOver, Merge, Rework, Wait
from orchestrator.model.task import FailedCheck, Task
from orchestrator.pipeline import effect
from orchestrator.policy import merge as policy
from orchestrator.services import Services


def has(services: Services, task: Task, pull: Pull) -> bool:
    """Whether the base branch has a merge queue. Asked once a day, since most have none."""
    subject = f"queue:{pull.repo}:{pull.base_ref}"
    day = f"{services.now():%Y-%m-%d}"
    for answer in (False, True):
        if services.signatures.seen(subject, f"{answer} {day}"):
            return answer
    answer = merging.rules(services.github, pull).queue
    services.signatures.remember(subject, f"{answer} {day}")
    return answer


def step(services: Services, task: Task, pull: Pull, ready: Merge) -> Enqueue | Wait | Rework | HandOver:
    """What becomes of a pull request that would land, where a queue does the landing."""
    now = merging.rules(services.github, pull)
    if now.queued:
        return Wait(why="it is in the repository's merge queue")
    journal = services.effects.of(task.id)
    before = journal.result(f"queue:{ready.sha}")
    if before is None or now.removed_at == before["removed"]:
        if journal.result(f"enqueue:{ready.sha}") is None:
            return Enqueue(sha=ready.sha)
        return Wait(why="GitHub does not show yet what the merge queue did")
    why = now.removed_why or "without a reason"
    if policy.of_its_checks(why):
        failed = (FailedCheck(name="merge queue", conclusion="failure", summary=str(services.redact(why))),)
        said = f"the merge queue took it out: {why}"
        return policy.repair(task, services.repo(task), Rework(why=said, failed=failed, conflict=True))
    return Wait(why=f"{policy.TAKEN_OUT}: {why}")


def enqueue(services: Services, claim: Claim, pull: Pull, sha: Sha) -> None:
    """Once per head. After an answer that never came we look first."""
    task = claim.task
    services.mailbox.check(claim)
    journal = services.effects.of(task.id)
    if journal.result(f"queue:{sha}") is None:
        # What took it out before, if anything: only a later removal is news. No clock of ours is asked.
        journal.done(f"queue:{sha}", {"removed": merging.rules(services.github, pull).removed_at})

    def look() -> effect.Result | None:
        return {} if merging.rules(services.github, pull).queued else None

    def act() -> effect.Result:
        merging.enqueue(services.github, pull, sha)
        return {}

    try:
        effect.once(services, task, f"enqueue:{sha}", f"put #{pull.number} into the merge queue", look=look, act=act)
    except PartialAnswer as refused:
        if refused.uncertain:
            raise
        _refused(services, task, sha, str(refused))


def take_back(services: Services, claim: Claim, pull: Pull) -> None:
    """What is not to land any more leaves the queue before anything else: a person spoke against it, or the issue's
    text changed, while it waited there. It may be put in again later."""
    task, journal = claim.task, services.effects.of(claim.task.id)
    if journal.state(f"enqueue:{pull.head_sha}") is None:
        return
    services.mailbox.check(claim)
    if merging.rules(services.github, pull).queued:
        try:
            merging.dequeue(services.github, pull)
        except PartialAnswer as refused:
            if refused.uncertain:
                raise
            _refused(services, task, pull.head_sha, str(refused))
            return
    now = pulls.watch(services.github, [(task.repo, pull.number)]).get((task.repo, pull.number))
    if now is None or now.merged:  # it landed first
        return
    journal.done(f"queue:{pull.head_sha}", {"removed": merging.rules(services.github, pull).removed_at})
    journal.failed(f"enqueue:{pull.head_sha}", "taken back")
    services.record(
        EventKind.EFFECT, task, effect=f"dequeue:{pull.head_sha}", what=f"take #{pull.number} out of the merge queue"
    )


def _refused(services: Services, task: Task, sha: Sha, why: str) -> None:
    """Recorded once."""
    state = f"{sha} {why}"
    if not services.signatures.seen(f"refused:{task.id}", state):
        services.record(EventKind.PULL_DECIDED, task, step="refused", detail=why)
        services.signatures.remember(f"refused:{task.id}", state)
