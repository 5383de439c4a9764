"""Which slot of the week or the day each job did last: `state/slots.json`, `{job: time of the slot}`, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.model.times import parse, stamp
from orchestrator.policy import slots
from orchestrator.policy.slots import Slot
from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class Slots:
    root: Path
    """runtime/state."""

    def due(self, job: str, slot: Slot, now: datetime) -> bool:
        """Whether the latest slot is still to be done; never done counts as due. Raises CorruptState, Busy."""
        last = self._last(self._store.read(), job)
        if last is not None and (kept := slots.clamped(slot, last, now)) != last:
            # A clock stood ahead and was set back. Kept: else all slots up to then would count as done.
            with self._store.change() as data:
                data[job] = stamp(kept)
        return slots.due(slot, last, now)

    def ran(self, job: str, slot: Slot, now: datetime) -> None:
        """Notes that the latest slot is done. After the work: a job that was killed in it does it again. Raises
        CorruptState, Busy."""
        with self._store.change() as data:
            data[job] = stamp(slots.latest(slot, now))

    def _last(self, data: dict[str, Any], job: str) -> datetime | None:
        text = data.get(job)
        try:
            return None if text is None else parse(text)
        except (TypeError, ValueError, AttributeError) as why:
            raise CorruptState(self._store.path, f"{job}: {why}") from why

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "slots.json")
