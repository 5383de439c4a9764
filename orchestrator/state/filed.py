"""Which issues the program filed itself, ever: `filed/<repository key>.jsonl`, one line per issue.

It is the authority on "filed before" and on the daily caps: GitHub is only asked where this file says nothing, since
there a person may have edited our mark away or deleted the issue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.times import parse
from orchestrator.state import lines
from orchestrator.state.store import CorruptState


@dataclass(frozen=True, kw_only=True)
class Entry:
    key: str
    """The draft's."""
    number: int
    title: str = ""
    at: str = ""
    """When it was filed, UTC, ISO 8601; empty = found on GitHub, filed by an installation before this one."""
    by: str = ""
    """The role that drafted it."""
    also: tuple[str, ...] = ()
    """Keys of other drafts that this issue answers too."""


@dataclass(frozen=True, kw_only=True)
class FiledIssues:
    root: Path
    """runtime/state."""

    def of(self, repo: str) -> tuple[Entry, ...]:
        """Of one repository (by key), oldest first. Raises CorruptState."""
        path = self._path(repo)
        return tuple(_entry(path, n, line) for n, line in enumerate(lines.read(path), 1))

    def known(self, repo: str) -> bool:
        """Was anything ever noted for it, be it that there was nothing to find?"""
        return self._path(repo).exists()

    def begin(self, repo: str, found: Sequence[Entry]) -> None:
        """The first note of a repository: what was found there, whole or not at all. The caller holds its lock."""
        path = self._path(repo)
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, b"".join(msgspec.json.encode(entry) + b"\n" for entry in found))

    def add(self, repo: str, entry: Entry) -> None:
        """On the disk when this returns. The caller holds the repository's filing lock. Raises Busy, OSError."""
        lines.append(self._path(repo), msgspec.json.encode(entry).decode(), sync=True)

    def within(self, repo: str, now: datetime, hours: float = 24) -> tuple[Entry, ...]:
        """Filed in the last hours. What a clock that stood ahead noted in the future counts while it is as near."""
        span = timedelta(hours=hours)
        return tuple(e for e in self.of(repo) if e.at and abs(now - parse(e.at)) < span)

    def _path(self, repo: str) -> Path:
        return lines.path_of(self.root / "filed", repo)


def _entry(path: Path, number: int, line: bytes) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except ValueError as why:
        raise CorruptState(path, f"line {number}: {why}") from why
