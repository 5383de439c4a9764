"""When a job is next due, per job and subject: `{job: {subject: next_due}}`, UTC.

Kept as the next due time, not the last run, so that a changed clock or a long outage ends in one run, never in many or
in none: what was missed is caught up once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import CorruptState, Store

LATE = 0.05
"""Share of a period by which a run may be late and yet keep the rhythm: 8 hours of a week, 3 minutes of an hour."""


@dataclass(frozen=True, kw_only=True)
class Cadence:
    root: Path
    """runtime/state; kept in `cadence.json`."""

    def due(self, job: str, subject: str, days: float, now: datetime) -> bool:
        """Never run counts as due; 0 days is dormant. Raises CorruptState."""
        if days <= 0:
            return False
        next_due = self.next_due(job, subject)
        # A due time further off than one period can only come from a clock that stood ahead, or a longer period then.
        return next_due is None or now >= next_due or self._clamped(job, subject, next_due, now, days)

    def ran(self, job: str, subject: str, days: float, now: datetime) -> None:
        """Notes a run. The rhythm is kept when it was about on time; else it starts anew from now, for the days are the
        least time between two runs."""
        if days <= 0:
            return
        period = timedelta(days=days)
        with self._store.change() as data:
            before = self._read(data, job, subject)
            on_time = before is not None and timedelta(0) <= now - before <= period * LATE
            next_due = (before if on_time and before is not None else now) + period
            data.setdefault(job, {})[subject] = stamp(next_due)

    def next_due(self, job: str, subject: str) -> datetime | None:
        """None when it never ran. Raises CorruptState."""
        return self._read(self._store.read(), job, subject)

    def _clamped(self, job: str, subject: str, next_due: datetime, now: datetime, days: float) -> bool:
        latest = now + timedelta(days=days)
        if next_due > latest:
            with self._store.change() as data:
                data.setdefault(job, {})[subject] = stamp(latest)
        return False

    def _read(self, data: dict[str, Any], job: str, subject: str) -> datetime | None:
        try:
            text = data.get(job, {}).get(subject)
            return None if text is None else parse(text)
        except (AttributeError, TypeError, ValueError) as why:
            raise CorruptState(self._store.path, f"{job} of {subject}: {why}") from why

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "cadence.json")
