"""`state/outcome_readings.json`: what models said of evidence in prose, by the hash of the question. The same question
is asked once; what gave no answer is asked again later. Deleting it asks anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import CorruptState, Store

HELD = timedelta(hours=5)
"""So long a question without an answer is not asked again: less than the first pause between two tries."""
KEPT = timedelta(days=90)
MOST = 500


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer, or why there is none."""

    agent: str = ""
    """Empty = nobody answered."""
    interpretation: str = ""
    movement: str = ""
    summary: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Readings:
    root: Path
    """runtime/state."""

    def known(self, question: str, now: datetime) -> Said | None:
        """None = to be asked. Raises CorruptState."""
        entry = self._store.read().get(question)
        if entry is None:
            return None
        at, said = self._entry(question, entry)
        fresh = at <= now < at + (KEPT if said.agent else HELD)  # what lies ahead was noted by a clock set back since
        return said if fresh else None

    def keep(self, question: str, said: Said, now: datetime) -> None:
        """Raises Busy, CorruptState, OSError."""
        with self._store.change() as data:
            data[question] = {"at": stamp(now), **asdict(said)}
            by_age = sorted(data, key=lambda key: self._entry(key, data[key])[0])
            for key in by_age[: max(0, len(by_age) - MOST)]:
                del data[key]

    def _entry(self, question: str, entry: Any) -> tuple[datetime, Said]:
        try:
            fields = {key: str(value) for key, value in entry.items()}
            return parse(fields.pop("at")), Said(**fields)
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            raise CorruptState(self._store.path, f"{question}: {wrong}") from wrong

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "outcome_readings.json")
