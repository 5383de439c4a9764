"""The day in one message: once, at its hour, and not at all when nothing happened."""

from __future__ import annotations

from datetime import timedelta

import pytest

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


def crash(world: World, error: str) -> None:
    world.services.record(EventKind.CRASH, where="here", error=error)


def test_a_clock_that_was_set_back_silences_no_day_not_even_the_one_it_had_been_at(make: MakeWorld) -> None:
    world = make(top={"digest_hour": 0}, board=False)
    hours(world, 21 * 24)
    crash(world, "ahead")
    assert ticking.once(world.services, "digest") != []
    hours(world, -21 * 24)
    told = []
    for day in range(23):
        crash(world, f"day {day}")
        told.append(len(ticking.once(world.services, "digest") + ticking.once(world.services, "digest")))
        hours(world, 24)
    assert told == [1] * 23
    assert len(alerts(world, "digest")) == 24
    assert world.crashes() == ["ahead", *(f"day {day}" for day in range(23))]


def test_a_later_hour_tells_no_day_twice(make: MakeWorld) -> None:
    world = make(top={"digest_hour": 7}, board=False)
    to_hour(world, 8)
    crash(world, "one")
    assert ticking.once(world.services, "digest") != []
    world.config["digest_hour"] = 20
    world.build()
    crash(world, "two")
    assert ticking.once(world.services, "digest") == []
    hours(world, 24 + 13)
    crash(world, "three")
    assert ticking.once(world.services, "digest") != []


@pytest.mark.parametrize(
    "text",
    ['{"day": "2000", "seq": 0}', '{"day": "2026-01-01", "seq": "x"}', '{"day": 5, "seq": 0}', '{"seq": 0}', "7"],
)
def test_a_note_that_cannot_be_read_is_named_and_left_as_it_is(make: MakeWorld, text: str) -> None:
    world = make(top={"digest_hour": 0}, board=False)
    note = world.settings.runtime / "state" / "digest.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(text)
    assert ticking.once(world.services, "digest") == []
    (found,) = world.crashes()
    assert "CorruptState" in found
    assert str(note) in found
    assert (note.read_text(), world.events(EventKind.DIGEST)) == (text, [])
