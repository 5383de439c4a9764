"""Source files that merges brought above `gate.module_lines`, until their follow-up issues are filed: `grown.json`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.model.times import stamp
from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class Growth:
    """One file, as its merge left it."""

    path: str
    lines: int
    limit: int
    sha: str
    """The merge's commit."""
    task: str
    pull: int
    at: str = ""
    """When it was noted, UTC, ISO 8601."""
    tried: str = ""
    """When filing it last ended without an issue, for a reason that passes."""


@dataclass(frozen=True, kw_only=True)
class Grown:
    root: Path
    """runtime/state."""

    def of(self, repo: str) -> tuple[Growth, ...]:
        """Of one repository (by key), oldest first. Raises CorruptState."""
        entries = self._store.read().get(repo, {})
        try:
            return tuple(msgspec.convert(entry, Growth) for entry in entries.values())
        except (AttributeError, msgspec.ValidationError) as why:
            raise CorruptState(self._store.path, f"{repo}: {why}") from why

    def add(self, repo: str, growth: Growth, now: datetime) -> None:
        """Noted once per path while it waits. Raises CorruptState, Busy, OSError."""
        with self._store.change() as data:
            entry: dict[str, Any] = msgspec.to_builtins(growth) | {"at": stamp(now)}
            data.setdefault(repo, {}).setdefault(growth.path, entry)

    def tried(self, repo: str, path: str, now: datetime) -> None:
        with self._store.change() as data:
            if path in data.get(repo, {}):
                data[repo][path]["tried"] = stamp(now)

    def drop(self, repo: str, path: str) -> None:
        with self._store.change() as data:
            data.get(repo, {}).pop(path, None)

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "grown.json")
