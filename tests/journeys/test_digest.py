"""The day in one message: once, at its hour, and not at all when nothing happened."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import alerts
from tests.journeys.world import World


def hours(world: World, n: float) -> None:
    world.clock.advance(n * 3600)


def to_hour(world: World, hour: int) -> None:
    now = world.services.now()
    wanted = now.replace(hour=hour, minute=0, second=30, microsecond=0)
    world.clock.advance(((wanted - now) % timedelta(days=1)).total_seconds())


def test_what_landed_and_what_waits_is_told_once_a_day(make: MakeWorld) -> None:
    world = make(top={"digest_hour": 7})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    to_hour(world, 7)

    for _ in range(3):
        ticking.once(world.services, "digest")
        hours(world, 1)

    (told,) = alerts(world, "digest")
    assert "Merged: 1 (ada/app#2)" in told
    assert len(world.events(EventKind.DIGEST)) == 1
    hours(world, 24)
    ticking.once(world.services, "digest")
    assert len(alerts(world, "digest")) == 1, "nothing happened on the second day"


def test_a_machine_that_slept_over_the_hour_tells_it_when_it_wakes(make: MakeWorld) -> None:
    world = make(top={"digest_hour": 7})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    to_hour(world, 7)
    hours(world, 9.5)

    assert ticking.once(world.services, "digest") != []
    assert ticking.once(world.services, "digest") == []


def test_switched_off_it_says_nothing(make: MakeWorld) -> None:
    world = make(top={"digest_hour": -1})
    world.issue()
    world.rounds(lambda: world.place() == "done")

    assert ticking.once(world.services, "digest") == []
    assert alerts(world, "digest") == []
