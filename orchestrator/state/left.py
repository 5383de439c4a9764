"""Issues that stand Ready and were left alone when the dispatcher last looked: `state/left.json`, by repository.

A look at a board is the whole truth about it, so each look replaces what the one before said; only since when an issue
has been left alone for its reason is kept. Deleting the file forgets that; the next tick writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class LeftIssue:
    repo: str
    """owner/name."""
    number: int
    title: str
    url: str
    reason: str
    """A member of `eligible.Reason`, or one of the dispatcher's own: over_budget, observe."""
    why: str
    since: str
    """UTC, as `times.stamp` writes it."""


@dataclass(frozen=True, kw_only=True)
class Left:
    root: Path
    """runtime/state."""

    def all(self) -> tuple[LeftIssue, ...]:
        """In the order of the boards. Raises CorruptState."""
        store = self._store
        return tuple(issue for issues in store.read().values() for issue in _issues(store, issues))

    def note(self, repo: str, found: Iterable[LeftIssue]) -> None:
        """What one look found in a repository (its key). Raises Busy, CorruptState, OSError."""
        store = self._store
        fresh = list(found)
        if not fresh and repo not in store.read():
            return
        with store.change() as data:
            before = {(i.number, i.reason): i.since for i in _issues(store, data.pop(repo, []))}
            if fresh:
                data[repo] = [asdict(i) | {"since": before.get((i.number, i.reason), i.since)} for i in fresh]

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "left.json")


def _issues(store: Store, said: object) -> list[LeftIssue]:
    try:
        if not isinstance(said, list):
            raise TypeError("no list of issues")
        return [LeftIssue(**one) for one in said]
    except TypeError as why:
        raise CorruptState(store.path, str(why)) from why
