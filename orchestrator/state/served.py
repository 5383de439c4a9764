"""When each repository last had a task claimed: `{owner/name: time}`, so that the one served longest ago goes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.state.store import Store


@dataclass(frozen=True, kw_only=True)
class Served:
    root: Path
    """runtime/state; kept in `served.json`."""

    def note(self, repo: str, at: datetime) -> None:
        with self._store.change() as data:
            data[repo.casefold()] = at.isoformat()

    def all(self) -> dict[str, str]:
        """Lower-case owner/name to ISO 8601 UTC with microseconds. Raises CorruptState."""
        return {str(k): str(v) for k, v in self._store.read().items()}

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "served.json")
