"""A repository with a merge queue of its own: we put in, it lands, and what landed is compared."""

from __future__ import annotations

from orchestrator.hub.rules import queueing
from orchestrator.hub.store import queues
from orchestrator.model.event import EventKind
from orchestrator.operations import approve
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

NOT_BOTH = "test ! -f bad.txt || test ! -f two.txt"


def queued(make: MakeWorld, *paths: str, loses: str | None = None) -> World:
    """Ready pull requests into a base branch that is only reached through a queue, and that moved on since."""
    world = make(ci={"test": NOT_BOTH}, verify="none")
    world.admin.merge_queue(REPO, "main", loses)
    world.play(
        {"when": {"kind": "ci"}, "steps": [{"delete": "bad.txt"}, *works("mended.txt")]},
        *({"when": {"title": p}, "steps": works(p, p)} for p in paths),
    )
    for path in paths:
        world.issue(path)
    world.dispatch()
    world.work()
    world.ci()
    world.admin.push(REPO, "main", {"base.txt": "moved on\n"})
    world.ci()
    return world


def ticks(world: World, n: int) -> None:
    for _ in range(n):
        world.monitor()
        world.ci()


def test_what_is_ready_goes_into_the_queue_and_the_books_follow_what_it_landed(make: MakeWorld) -> None:
    world = queued(make, "one.txt", "two.txt")
    ticks(world, 6)
    assert world.places() == {"done": 2}
    assert [world.has_file(f) for f in ("one.txt", "two.txt")] == [True, True]
    assert not world.events(EventKind.UPDATED), "the queue brings it up to date, not we"
    assert not world.events(EventKind.TRAIN)
    assert not world.events(EventKind.MERGE_TREE_DIFFERS)
    assert [r.data["by"] for r in world.events(EventKind.MERGED)] == ["agent-os", "agent-os"]
    assert not world.crashes()


def test_who_fails_in_the_queue_goes_back_to_its_author(make: MakeWorld) -> None:
    world = queued(make, "two.txt", "bad.txt")
    ticks(world, 6)
    assert (world.place("app-1"), world.place("app-2")) == ("done", "inbox")
    task = world.task("app-2")
    assert ([c.name for c in task.failed_checks], task.conflict) == (["merge queue"], True)
    world.rounds(lambda: world.places() == {"done": 2})
    assert [world.has_file(f) for f in ("two.txt", "bad.txt", "mended.txt")] == [True, False, True]


def test_who_was_taken_out_by_a_person_is_left_to_them_and_told_once(make: MakeWorld) -> None:
    """Every answer to our putting it in is lost on the way, too: it is put in once all the same."""
    world = queued(make, "one.txt")
    world.hub.faults.add({"operation": "^Enqueue"}, {"drop": "after"})
    world.admin.set_ci(REPO, {"test": "sleep 30"})
    for _ in range(6):
        world.monitor()
    assert len([c for c in world.crashes() if "Enqueue" in c]) == 1
    pull, repo = world.admin.find_pull(REPO, world.pull_number()), world.admin.repository(REPO)
    queueing.dequeue(world.admin.hub, world.admin.viewer(repo, "ada"), repo, pull)
    ticks(world, 4)
    assert world.place() == "review"
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("manual_action") == 1


def test_a_queue_that_lands_another_tree_is_told(make: MakeWorld) -> None:
    """A host's queue has landed commits before that took back what others had landed."""
    world = queued(make, "one.txt", loses="base.txt")
    ticks(world, 6)
    assert len(world.events(EventKind.MERGE_TREE_DIFFERS)) == 1
    assert world.place() == "done"


def waits_in_queue(world: World) -> bool:
    pull = world.admin.find_pull(REPO, world.pull_number())
    return bool(queues.of_pulls(world.admin.hub.db, [pull.id]))


def test_what_a_person_refuses_while_it_waits_leaves_the_queue_and_goes_in_again_when_they_approve(
    make: MakeWorld,
) -> None:
    world = queued(make, "one.txt")
    world.admin.set_ci(REPO, {"test": "sleep 3"})
    for _ in range(20):
        world.monitor()
        if waits_in_queue(world):
            break
    assert waits_in_queue(world)
    approve.reject(world.services, "app-1", "ada", why="not yet")
    world.monitor()
    assert not waits_in_queue(world)
    ticks(world, 2)
    assert not world.has_file("one.txt")
    world.clock.sleep(2)
    approve.approve(world.services, "app-1", "ada")
    world.admin.set_ci(REPO, {"test": "true"})
    ticks(world, 6)
    assert (world.place(), world.has_file("one.txt")) == ("done", True)
    assert not world.crashes()


def test_what_would_be_another_change_on_the_base_is_judged_anew_before_it_is_put_in(make: MakeWorld) -> None:
    world = queued(make, "one.txt")
    world.play({"steps": [{"write": {"path": "half.txt", "text": "h\n"}}, *works("two.txt")]})
    second = world.issue("Two")
    world.dispatch()
    world.work()
    world.admin.push(REPO, "main", {"half.txt": "h\n"})
    world.ci()
    ticks(world, 8)
    assert world.places() == {"done": 2}
    assert [r.task for r in world.events(EventKind.UPDATED)] == [f"app-{second}"]
