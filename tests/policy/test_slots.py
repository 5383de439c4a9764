"""Weekly and daily slots: each done once, whatever the clock does, and none skipped for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.policy.slots import MONDAY, SUNDAY, Slot, clamped, due, latest
from orchestrator.state.slots import Slots
from orchestrator.state.store import CorruptState

WEEKLY = Slot(weekday=MONDAY, hour=7)
DAILY = Slot(hour=6, minute=30)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""A slot of WEEKLY."""

TIMES = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda t: t.replace(tzinfo=UTC)
)
SLOTS = st.builds(
    Slot, hour=st.integers(0, 23), minute=st.integers(0, 59), weekday=st.none() | st.integers(MONDAY, SUNDAY)
)


def test_the_latest_slot_is_the_newest_up_to_now() -> None:
    assert latest(WEEKLY, MON) == MON
    assert latest(WEEKLY, MON - timedelta(seconds=1)) == MON - timedelta(days=7)
    assert latest(WEEKLY, MON + timedelta(days=6, hours=23)) == MON
    assert latest(DAILY, MON) == MON - timedelta(minutes=30)
    assert latest(DAILY, MON - timedelta(hours=1)) == MON - timedelta(days=1, minutes=30)
    with pytest.raises(ValueError, match="zone"):
        latest(DAILY, datetime(2026, 1, 1))


def test_a_slot_is_due_once_and_what_was_slept_through_is_caught_up_once() -> None:
    assert due(WEEKLY, None, MON)
    assert not due(WEEKLY, MON, MON + timedelta(days=6, hours=23, minutes=59))
    assert due(WEEKLY, MON, MON + timedelta(days=7))
    woken = MON + timedelta(days=24)
    assert due(WEEKLY, MON, woken)
    assert not due(WEEKLY, latest(WEEKLY, woken), woken + timedelta(hours=1)), "three were missed, one is done"


@given(SLOTS, TIMES, st.sampled_from(ZONES))
@example(DAILY, datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/Berlin")
@example(DAILY, datetime(2026, 10, 25, 0, 59, tzinfo=UTC), "Europe/Berlin")
def test_the_zone_in_which_a_time_is_told_changes_nothing(slot: Slot, now: datetime, zone: str) -> None:
    at = latest(slot, now.astimezone(ZoneInfo(zone)))
    assert at == latest(slot, now)
    assert at <= now < at + slot.period
    assert (at.hour, at.minute, at.utcoffset()) == (slot.hour, slot.minute, timedelta(0))
    assert slot.weekday in (None, at.weekday())


def walk(tmp: Path, slot: Slot, times: list[datetime]) -> list[datetime]:
    """The slots that are done by an hourly job that looks at these times."""
    kept = Slots(root=tmp)
    done = []
    for now in times:
        if kept.due("job", slot, now):
            done.append(latest(slot, now))
            kept.ran("job", slot, now)
    return done


def test_a_year_of_hours_does_every_slot_once_across_summer_time() -> None:
    """Looked at in pure judgement: the store would write 8,760 files."""
    now, last, done = MON, None, []
    for _ in range(365 * 24):
        told = now.astimezone(ZoneInfo("Europe/Berlin"))
        if due(WEEKLY, last, told):
            last = latest(WEEKLY, told)
            done.append(last)
        now += timedelta(hours=1)
    assert done == [MON + timedelta(days=7 * n) for n in range(53)]


def test_a_clock_that_stood_weeks_ahead_costs_no_slot_but_the_one_at_hand(tmp_path: Path) -> None:
    ahead = MON + timedelta(days=40)
    hours = [MON + timedelta(hours=n) for n in range(24 * 22)]
    done = walk(tmp_path, WEEKLY, [hours[0], hours[1], ahead, *hours[2:]])
    assert done[:2] == [MON, latest(WEEKLY, ahead)]
    assert done[2:] == [MON + timedelta(days=7 * n) for n in (1, 2, 3)]


def test_a_clock_set_back_by_days_does_no_slot_twice(tmp_path: Path) -> None:
    hours = [MON + timedelta(hours=n) for n in range(24 * 9)]
    back = [MON - timedelta(days=3) + timedelta(hours=n) for n in range(24 * 12)]
    assert walk(tmp_path, WEEKLY, [*hours[:30], *back]) == [MON, MON + timedelta(days=7)]


@given(st.lists(st.tuples(st.booleans(), st.integers(-20, 60)), min_size=1, max_size=30), SLOTS)
def test_whatever_the_clock_does_no_slot_is_skipped_for_good(moves: list[tuple[bool, int]], slot: Slot) -> None:
    """Any walk of the clock, then two periods of honest hours: at least one slot is done in them, and none twice."""
    now, last = MON, None
    for jump, hours in moves:
        now += timedelta(hours=hours * 24 if jump else abs(hours))
        if last is not None:
            last = clamped(slot, last, now)
        if due(slot, last, now):
            last = latest(slot, now)
    done = []
    for n in range(2 * int(slot.period / timedelta(hours=1)) + 1):
        at = now + timedelta(hours=n)
        last = None if last is None else clamped(slot, last, at)
        if due(slot, last, at):
            last = latest(slot, at)
            done.append(last)
    assert done
    assert len(set(done)) == len(done)


@given(SLOTS, TIMES, TIMES)
def test_what_is_kept_is_never_more_than_one_slot_ahead(slot: Slot, last: datetime, now: datetime) -> None:
    kept = clamped(slot, last, now)
    assert kept <= latest(slot, now) + slot.period
    assert kept == clamped(slot, kept, now)
    assert not due(slot, kept, now) or kept < latest(slot, now)


def test_what_cannot_be_read_stops_the_job_and_makes_nothing_due(tmp_path: Path) -> None:
    (tmp_path / "slots.json").write_text('{"job": "soon"}')
    with pytest.raises(CorruptState, match="job"):
        Slots(root=tmp_path).due("job", WEEKLY, MON)
    assert Slots(root=tmp_path).due("other", WEEKLY, MON)
