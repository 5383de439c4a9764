"""One rhythm of writes to GitHub for all our processes: at least so long apart, so many a minute, so many an hour.

GitHub answers bursts of writes with "secondary limits" that hit the whole account
(docs.github.com, "Best practices for using the REST API"). The times of the last hour's writes stand in one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.clock import Clock
from orchestrator.model.times import parse
from orchestrator.state.store import CorruptState, Store

_SLICE = 60.0
"""Longest single sleep, seconds: after it the file is looked at again."""


@dataclass(frozen=True, kw_only=True)
class Pacing:
    root: Path
    """runtime/state; kept in `pacing.json`."""
    clock: Clock
    seconds_between: float
    per_minute: int
    per_hour: int
    """0 for any of the three means no such limit."""

    def wait_for_write(self) -> float:
        """Returns when a write may be made, which is then noted as made. Answers the seconds waited.

        Raises CorruptState.
        """
        waited = 0.0
        while (wait := self._take()) > 0:
            self.clock.sleep(min(wait, _SLICE))
            waited += min(wait, _SLICE)
        return waited

    def note_retry_after(self, seconds: float) -> None:
        """GitHub asked to be left alone; no process of ours writes until then."""
        until = self.clock.now() + timedelta(seconds=max(0.0, seconds))
        with self._store.change() as data:
            before = self._time(data.get("blocked_until"))
            if before is None or until > before:
                data["blocked_until"] = until.isoformat()

    def blocked_until(self) -> datetime | None:
        """None when nothing blocks writes now."""
        until = self._time(self._store.read().get("blocked_until"))
        return until if until is not None and until > self.clock.now() else None

    def _take(self) -> float:
        """0 when a write was taken, else the seconds to wait before asking again."""
        with self._store.change() as data:
            now = self.clock.now()  # under the lock: a time taken before it may lie before another's write
            # Times ahead of now come from a clock that was set back: they must not stop us for hours.
            made = [t for t in self._times(data) if timedelta(0) <= now - t < timedelta(hours=1)]
            free = [now, self._time(data.get("blocked_until")) or now]
            if made and self.seconds_between > 0:
                free.append(made[-1] + timedelta(seconds=self.seconds_between))
            for cap, window in ((self.per_minute, timedelta(minutes=1)), (self.per_hour, timedelta(hours=1))):
                if cap > 0 and len(made) >= cap:
                    free.append(made[-cap] + window)
            wait = (max(free) - now).total_seconds()
            if wait <= 0:
                made.append(now)
                data.pop("blocked_until", None)
            data["writes"] = [t.isoformat() for t in made]
        return wait

    def _times(self, data: dict[str, Any]) -> list[datetime]:
        held = data.get("writes", [])
        if not isinstance(held, list):
            raise CorruptState(self._store.path, "writes is no list")
        return sorted(t for t in map(self._time, held) if t is not None)

    def _time(self, held: object) -> datetime | None:
        try:
            return None if held is None else parse(str(held))
        except ValueError as why:
            raise CorruptState(self._store.path, str(why)) from why

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "pacing.json")
