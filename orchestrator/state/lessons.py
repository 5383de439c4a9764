"""Which ended tasks of a repository were looked at for lessons, and what was found: `state/lessons/<key>.json`.

All of it is derived from the files in done/ and failed/. A file that is deleted, or cannot be read, comes back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.policy.lessons import Found
from orchestrator.state.store import CorruptState, Store


@dataclass(kw_only=True)
class Known:
    """Changed in place, inside of `change`."""

    read: dict[str, str] = field(default_factory=dict)
    """Task to the folder it stood in when it was read."""
    found: list[Found] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Checks whose lessons stand, as the ledger was last told."""


@dataclass(frozen=True, kw_only=True)
class Lessons:
    root: Path
    """runtime/state; one file per repository in `lessons/`."""

    def read(self, key: str) -> Known:
        return _known(self._data(key))

    @contextlib.contextmanager
    def change(self, key: str) -> Iterator[Known]:
        self._data(key)  # drops what is unreadable
        with self._store(key).change() as data:
            known = _known(data)
            yield known
            data |= {"read": known.read, "found": [asdict(f) for f in known.found], "told": known.told}

    def _data(self, key: str) -> dict[str, Any]:
        store = self._store(key)
        try:
            data = store.read()
            _known(data)
        except (CorruptState, TypeError, ValueError, AttributeError, KeyError):
            store.path.unlink(missing_ok=True)
            return {}
        return data

    def _store(self, key: str) -> Store:
        return Store(path=self.root / "lessons" / f"{key}.json")


def _known(data: dict[str, Any]) -> Known:
    found = [Found(**{**f, "folders": tuple(f["folders"])}) for f in data.get("found", [])]
    return Known(read=dict(data.get("read", {})), found=found, told=list(data.get("told", [])))
