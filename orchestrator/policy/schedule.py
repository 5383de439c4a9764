"""When a cron line is due: five fields of `*`, `*/n`, `a`, `a-b` and lists, as crontab(5) reads them."""

from __future__ import annotations

from datetime import datetime

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def due(every: str, at: datetime) -> bool:
    """Does the minute of `at` match? Raises ValueError on a line that is not five known fields."""
    fields = every.split()
    if len(fields) != 5:
        raise ValueError(f"{every!r}: expected five cron fields")
    minute, hour, day, month, weekday = (_values(f, *r) for f, r in zip(fields, _RANGES, strict=True))
    today = (at.weekday() + 1) % 7
    on_weekday = today in weekday or (today == 0 and 7 in weekday)
    # crontab(5): when both day fields are restricted, either one is enough.
    if fields[2] != "*" and fields[4] != "*":
        on_day = at.day in day or on_weekday
    else:
        on_day = at.day in day and on_weekday
    return at.minute in minute and at.hour in hour and at.month in month and on_day


def _values(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            a, _, b = span.partition("-")
            first, last = int(a), int(b or a)
        if not low <= first <= last <= high:
            raise ValueError(f"{field!r}: outside {low}-{high}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)
