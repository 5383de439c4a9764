"""What an agent was asked and said, so that the same question is not put to one again: one JSON file, bounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import CorruptState, Store

MOST = 2_000
"""Entries kept; the oldest are forgotten first."""


@dataclass(frozen=True, kw_only=True)
class Memo:
    path: Path

    def get(self, key: str, now: datetime, *, days: float) -> str | None:
        """What was put there in the last so many days; what a clock that stood ahead noted counts for nothing. Raises
        CorruptState."""
        entry = self._store.read().get(key)
        if entry is None:
            return None
        try:
            text, at = str(entry["text"]), parse(str(entry["at"]))
        except (KeyError, TypeError, ValueError) as why:
            raise CorruptState(self.path, f"{key}: no text with a time") from why
        return text if timedelta(0) <= now - at < timedelta(days=days) else None

    def put(self, key: str, text: str, now: datetime) -> None:
        """Raises CorruptState, Busy, OSError."""
        with self._store.change() as data:
            data.pop(key, None)
            data[key] = {"text": text, "at": stamp(now)}
            for oldest in list(data)[: max(0, len(data) - MOST)]:
                del data[oldest]

    @property
    def _store(self) -> Store:
        return Store(path=self.path)
