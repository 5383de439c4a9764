"""The summary of a day: what is worth a line, and which day is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.event import Actor, EventKind, Record
from orchestrator.policy import digest
from orchestrator.policy.digest import Standing


def record(kind: EventKind, task: str = "app-1", **data: object) -> Record:
    actor = Actor(kind="role", id="x")
    return Record(
        v=1, seq=1, at="2026-11-26T06:00:00Z", actor=actor, repo="ada/app", task=task, kind=kind.value, cause_seq=None,
        hashes={}, data=data, prev="", mac="",
    )  # fmt: skip


def test_a_day_on_which_nothing_happened_has_no_line() -> None:
    assert digest.lines([], Standing()) == ()


def test_what_landed_and_what_waits_stand_with_numbers_and_names() -> None:
    records = [
        record(EventKind.MERGED, number=7),
        record(EventKind.MERGED, number=8),
        record(EventKind.MERGED, number=8),
        record(EventKind.MEASURED, interpretation="improved"),
        record(EventKind.MEASURED, interpretation="improved"),
        record(EventKind.MEASURED, interpretation="regressed"),
    ]
    found = digest.lines(records, Standing(waiting=["app-3"], usd=1.234, tokens=5000, idle=["app-4"]))

    assert found == (
        "Merged: 2 (ada/app#7, ada/app#8)",
        "Measured: 2 improved, 1 regressed",
        "Waiting for you: 1 (app-3)",
        "Nothing happened for a day: 1 (app-4)",
        "Spent since yesterday: 1.23 USD, 5,000 tokens",
    )


def test_long_lists_are_cut_and_say_so() -> None:
    (line, _) = digest.lines([], Standing(waiting=[f"app-{n}" for n in range(9)]))

    assert line == "Waiting for you: 9 (app-0, app-1, app-2, app-3, app-4 and 4 more)"


@given(st.datetimes(timezones=st.just(UTC)), st.integers(min_value=0, max_value=23))
def test_a_summary_falls_due_once_a_day_whenever_the_ticks_come(at: datetime, hour: int) -> None:
    if at.year < 1000 or at.year > 9000:
        return
    due = [digest.day(at + timedelta(hours=h), hour) for h in range(72)]

    assert due == sorted(due)
    assert len(set(due)) in (3, 4)
    assert digest.day(at.replace(hour=hour), hour) == at.date()
