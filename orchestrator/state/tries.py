"""`state/outcome_tries.json`: measurements that gave nothing yet, with when to look again, and records whose telling is
still owed. What is measured and told is not in it; deleting it begins the tries anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import Store

_LONGEST = timedelta(days=4)
"""A next try further away was written by a clock that has been set back since."""
_MOST_TELLINGS = 200
"""Days of a GitHub that is away; a locked issue takes no comment ever."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """One check of one merge."""

    repo: str
    task: str
    pull: int
    check: str

    @property
    def text(self) -> str:
        return f"{self.repo.casefold()}#{self.pull} {self.task} {self.check}"


@dataclass(frozen=True, kw_only=True)
class Tries:
    root: Path
    """runtime/state."""

    def waits(self, key: Key, now: datetime) -> bool:
        """An earlier try gave nothing, and the next one is not due. Raises CorruptState."""
        entry = self._store.read().get(key.text)
        if not entry or not entry.get("next"):
            return False
        next = parse(entry["next"])
        return now < next <= now + _LONGEST

    def count(self, key: Key) -> int:
        """Tries that gave nothing. Raises CorruptState."""
        return int(self._store.read().get(key.text, {}).get("tries", 0))

    def seen(self, key: Key) -> tuple[int, str, str] | None:
        """How many tries gave nothing, why the last one did not, and when to look again ('' = nobody said); None = it
        was not tried. Raises CorruptState."""
        entry = self._store.read().get(key.text)
        return (int(entry["tries"]), entry.get("why", ""), entry.get("next", "")) if entry and entry["tries"] else None

    def missed(self, key: Key, why: str, next: datetime | None) -> None:
        """One more try gave nothing; `next`: when to look again. Raises Busy, CorruptState, OSError."""
        with self._store.change() as data:
            entry = _entry(data, key)
            entry["tries"] += 1
            entry["why"] = why
            entry["next"] = stamp(next) if next else ""

    def owe(self, key: Key, evidence: str) -> None:
        """A record is about to be written; until `told` its telling is owed. `evidence`: hash of what was read."""
        with self._store.change() as data:
            _entry(data, key)["owed"] = {"evidence": evidence, "failed": 0}

    def owed(self, repo: str) -> tuple[tuple[Key, str], ...]:
        """Records whose telling is owed, each with the hash of its evidence. Raises CorruptState."""
        found = [e for e in self._store.read().values() if e.get("owed") and e["repo"].casefold() == repo.casefold()]
        return tuple(
            (Key(repo=e["repo"], task=e["task"], pull=e["pull"], check=e["check"]), e["owed"]["evidence"])
            for e in found
        )

    def told(self, key: Key) -> None:
        with self._store.change() as data:
            data.pop(key.text, None)

    def untold(self, key: Key) -> None:
        """GitHub would not take it; in the end nobody is told any more: the record stands."""
        with self._store.change() as data:
            entry = _entry(data, key)
            entry["owed"]["failed"] += 1
            if entry["owed"]["failed"] >= _MOST_TELLINGS:
                del data[key.text]

    def unwritten(self, key: Key) -> None:
        """The record was never written: it is measured again."""
        with self._store.change() as data:
            _entry(data, key).pop("owed", None)

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "outcome_tries.json")


def _entry(data: dict[str, Any], key: Key) -> dict[str, Any]:
    fresh = {"repo": key.repo, "task": key.task, "pull": key.pull, "check": key.check, "tries": 0, "next": ""}
    entry: dict[str, Any] = data.setdefault(key.text, fresh)
    return entry
