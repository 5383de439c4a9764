"""Fixed times of the week or the day, in UTC: which one is the latest, and whether it is still to be done.

What was done is known by its slot, not by the time at which it was done: a slot that a sleeping machine missed is
caught up once, however many it missed, and a tick in the same week finds it done. A clock that stood ahead and was set
back leaves a slot of the future behind: within a period that slot counts as done, further off it is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """`weekday` None: every day."""

    hour: int
    minute: int = 0
    weekday: int | None = None

    @property
    def period(self) -> timedelta:
        return timedelta(days=1 if self.weekday is None else 7)


def latest(slot: Slot, now: datetime) -> datetime:
    """The newest occurrence up to `now`, itself included. Raises ValueError for a time without a zone."""
    if now.tzinfo is None:
        raise ValueError("a time needs its zone")
    here = now.astimezone(UTC)
    at = here.replace(hour=slot.hour, minute=slot.minute, second=0, microsecond=0)
    if slot.weekday is not None:
        at -= timedelta(days=(at.weekday() - slot.weekday) % 7)
    return at if at <= here else at - slot.period


def due(slot: Slot, last_run: datetime | None, now: datetime) -> bool:
    """Whether the latest slot is still to be done. `last_run`: the slot that was done last (`latest` of its time), or
    any time in it; None = never, which is due."""
    return last_run is None or latest(slot, last_run) < latest(slot, now)


def clamped(slot: Slot, last_run: datetime, now: datetime) -> datetime:
    """What to keep as the slot that was done last: the time told, but never more than one slot ahead of `now`. What
    lies further off comes from a clock that stood ahead; the latest slot counts as done, and the next one is due."""
    newest = latest(slot, now)
    done = latest(slot, last_run)
    return done if done <= newest + slot.period else newest
