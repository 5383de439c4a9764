"""Quiet hours: a part of the day in which only what cannot wait is told."""

from __future__ import annotations

from datetime import time


def quiet(hours: str, at: time) -> bool:
    """`hours` as `22:00-07:00`, the end not included; it may go over midnight. `at` in the same time zone. Empty, or
    both alike: never."""
    if not hours:
        return False
    begin, _, end = hours.partition("-")
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    now = at.replace(tzinfo=None)
    return first <= now < last if first <= last else now >= first or now < last
