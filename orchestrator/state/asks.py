"""When the loop asked a model, per repository and purpose: `state/asks.json`, `{repo/purpose: [times]}`, UTC.

Deleting it forgets what was asked today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import CorruptState, Store

DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Asks:
    root: Path
    """runtime/state."""

    def take(self, repo: str, purpose: str, most: int, now: datetime) -> bool:
        """Notes one more question, unless `most` were asked in the last 24 hours. Before it is asked: a process that
        is killed in it has asked. Raises Busy, CorruptState, OSError."""
        subject = f"{repo.casefold()}/{purpose}"
        with self._store.change() as data:
            # What lies ahead was noted by a clock that has been set back since: it holds nobody up.
            lately = [at for at in self._read(data, subject) if now - DAY < at <= now]
            if len(lately) >= most:
                return False
            data[subject] = [stamp(at) for at in (*lately, now)]
            return True

    def _read(self, data: dict[str, Any], subject: str) -> list[datetime]:
        held = data.get(subject, [])
        try:
            if not isinstance(held, list):
                raise TypeError("no list of times")
            return [parse(at) for at in held]
        except (TypeError, ValueError, AttributeError) as why:
            raise CorruptState(self._store.path, f"{subject}: {why}") from why

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "asks.json")
