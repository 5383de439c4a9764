"""Several pull requests of one repository that wait to land: one at a time is brought up to date."""

from __future__ import annotations

from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, works


def test_while_one_pull_request_is_brought_up_to_date_the_younger_ones_wait(make: MakeWorld) -> None:
    world = make(merge_batch=1)
    names = ("One", "Two", "Three", "Four")
    world.play(*({"when": {"title": n}, "steps": works(f"{n}.txt", n)} for n in names))
    for name in names:
        world.issue(name)
    world.dispatch()
    world.work()
    world.ci()
    for _ in range(20):
        if world.events(EventKind.MERGED):
            break
        world.monitor()
    for _ in range(20):
        if world.events(EventKind.UPDATED):
            break
        world.monitor()
    world.monitor()
    assert len(world.events(EventKind.UPDATED)) == 1
    world.rounds(lambda: world.places() == {"done": 4})
    assert len(world.events(EventKind.UPDATED)) == 3
    assert [world.shown(f"{n}.txt") for n in names] == list(names)


def test_nobody_waits_for_the_turn_of_one_that_only_a_person_moves(make: MakeWorld) -> None:
    """The older one's issue was edited by a stranger: it is held, and the younger is brought up to date and lands."""
    world = make(merge_batch=1)
    world.play(*({"when": {"title": n}, "steps": works(f"{n}.txt", n)} for n in ("One", "Two")))
    world.issue("One")
    world.issue("Two")
    world.dispatch()
    world.work()
    world.ci()
    world.admin.push(REPO, "main", {"base.txt": "moved on\n"})
    world.admin.edit_issue(REPO, 1, body="Something else.", actor="mallory")
    for _ in range(12):
        world.monitor()
        world.ci()
    assert [world.place(f"app-{n}") for n in (1, 2)] == ["review", "done"]
