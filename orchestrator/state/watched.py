"""Merges of ours whose base branch is still being watched: `landed.json`, by merge commit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class Landing:
    """One merge of ours."""

    sha: str
    repo: str
    """owner/name."""
    task: str
    base: str
    pull: int
    title: str
    at: str
    """When it landed; UTC, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Landings:
    root: Path
    """runtime/state."""

    def add(self, landing: Landing) -> None:
        with self._store.change() as data:
            data[landing.sha] = asdict(landing)

    def all(self) -> tuple[Landing, ...]:
        """Oldest first. Raises CorruptState."""
        try:
            found = [Landing(**fields) for fields in self._store.read().values()]
        except TypeError as wrong:
            raise CorruptState(self._store.path, str(wrong)) from wrong
        return tuple(sorted(found, key=lambda landing: landing.at))

    def drop(self, sha: str) -> None:
        with self._store.change() as data:
            data.pop(sha, None)

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "landed.json")
