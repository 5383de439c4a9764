"""Up to where the daily summary was told: `state/digest.json`. Deleting it tells the last day once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class Upto:
    day: date = date.min
    seq: int = 0
    """Of the ledger's chain: what stands behind it was not told yet."""


@dataclass(frozen=True, kw_only=True)
class Told:
    root: Path
    """runtime/state."""

    def last(self) -> Upto:
        """The day before all others when nothing was told yet. Raises CorruptState."""
        data = self._store.read()
        if not data:
            return Upto()
        try:
            day, seq = data["day"], data["seq"]
            if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
                raise ValueError(f"seq: {seq!r} is no place in the ledger")
            return Upto(day=date.fromisoformat(day), seq=seq)
        except (KeyError, TypeError, ValueError) as why:
            raise CorruptState(self._store.path, f"{type(why).__name__}: {why}") from why

    def note(self, upto: Upto) -> None:
        """Raises Busy, CorruptState, OSError."""
        with self._store.change() as data:
            data["day"], data["seq"] = upto.day.isoformat(), upto.seq

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "digest.json")
