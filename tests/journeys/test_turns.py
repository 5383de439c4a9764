"""Several pull requests of one repository that wait to land: one at a time is brought up to date."""

from __future__ import annotations

from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import works


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
