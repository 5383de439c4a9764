"""When a cron line is due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.policy.schedule import due

SUNDAY = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("* * * * *", MONDAY),
        ("30 9 23 11 1", MONDAY),
        ("30 9 23 11 *", MONDAY),
        ("30 9 * * 1", MONDAY),
        ("*/15 9-17 * * 1-5", MONDAY),
        ("0,30 */3 * 10-12 *", MONDAY),
        ("0 0 22 11 0", SUNDAY),
        ("0 0 * * 7", SUNDAY),
        ("0 0 * * 0", SUNDAY),
        ("59 23 * * 6", SATURDAY),
        ("59 23 * * 0-6", SATURDAY),
        ("0 0 1 * 0", SUNDAY),
        ("0 0 22 * 3", SUNDAY),
        ("10-50/20 * * * *", MONDAY),
        ("0-59 0-23 1-31 1-12 0-7", MONDAY),
    ],
)
def test_it_is_due(line: str, at: datetime) -> None:
    assert due(line, at)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("29 9 * * *", MONDAY),
        ("30 8 * * *", MONDAY),
        ("30 9 * 10 *", MONDAY),
        ("30 9 22 * *", MONDAY),
        ("30 9 * * 2", MONDAY),
        ("30 9 22 * 2", MONDAY),
        ("*/16 9 * * *", MONDAY),
        ("59 23 * * 7", SATURDAY),
        ("59 23 * * 0", SATURDAY),
        ("0 0 * * 1-6", SUNDAY),
        ("11-50/20 * * * *", MONDAY),
        ("10-29 * * * *", MONDAY),
        ("31-40 * * * *", MONDAY),
        ("30 9 * * 7", MONDAY),
    ],
)
def test_it_is_not_due(line: str, at: datetime) -> None:
    assert not due(line, at)


@pytest.mark.parametrize(
    "line",
    [
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "5-4 * * * *",
    ],
)
def test_what_is_no_line_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"outside|expected five"):
        due(line, MONDAY)
