"""A branch brought up to date keeps its verdict and review only where the change is still the same (DECISIONS D6)."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.model.event import EventKind
from orchestrator.model.governance import Approval, Opinion, ReviewVerdict, Via
from orchestrator.model.names import TaskId
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works


def reviewed(make: MakeWorld) -> World:
    """A published task of two files with a review and a person's approval of its head."""
    world = make(verify="none")
    world.play({"steps": [{"write": {"path": "a.txt", "text": "a\n"}}, *works("b.txt", "b\n")]})
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    task = world.task()
    assert task.pushed_sha is not None
    assert task.base_sha is not None
    review = ReviewVerdict(
        head_sha=task.pushed_sha, base_sha=task.base_sha, nonce="n", opinion=Opinion.APPROVE, reviewer="ben"
    )
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        world.services.mailbox.save(claim, replace(claim.task, review=review))
    yes = Approval(task="app-1", head_sha=task.pushed_sha, by="ada", via=Via.CLI, at=task.pushed_at)
    world.services.approvals.put(yes)
    return world


def updated(world: World) -> None:
    """Looked at until the base is brought in; its CI has not answered yet."""
    for _ in range(20):
        if world.events(EventKind.UPDATED):
            return
        world.monitor()
    assert world.events(EventKind.UPDATED)


def test_review_and_approval_are_carried_over_to_the_same_change(make: MakeWorld) -> None:
    world = reviewed(make)
    old = world.task().pushed_sha
    world.admin.push(REPO, "main", {"elsewhere.txt": "x\n"})
    updated(world)
    task = world.task()
    assert task.pushed_sha != old
    assert task.review is not None
    assert (task.review.head_sha, task.review.carried, task.review.reviewer) == (task.pushed_sha, True, "ben")
    assert [a.head_sha for a in world.services.approvals.of("app-1")][-1] == task.pushed_sha


def test_a_change_that_is_another_one_on_the_new_base_is_reviewed_again(make: MakeWorld) -> None:
    """Half of it stands in the base by now: the merge is clean, but what was approved is not what would land."""
    world = reviewed(make)
    old = world.task().pushed_sha
    world.admin.push(REPO, "main", {"a.txt": "a\n"})
    updated(world)
    task = world.task()
    assert task.pushed_sha != old
    assert task.review is None
    assert {a.head_sha for a in world.services.approvals.of("app-1")} == {old}


def test_a_death_after_the_push_carries_the_same(make: MakeWorld) -> None:
    world = reviewed(make)
    before = (world.services.mailbox.root / "review" / "app-1.md").read_bytes()
    world.admin.push(REPO, "main", {"elsewhere.txt": "x\n"})
    updated(world)
    pushed = world.task().pushed_sha
    (world.services.mailbox.root / "review" / "app-1.md").write_bytes(before)
    world.monitor()
    task = world.task()
    assert task.review is not None
    assert (task.pushed_sha, task.review.head_sha, task.review.carried) == (pushed, pushed, True)
