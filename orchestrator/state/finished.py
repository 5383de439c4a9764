"""What finished tasks cost: `spend/finished.jsonl`, one line per end of a task. Estimates and `cost` read it.

A task that ends again after a person's retry is written again; of one task the newest line counts. Also a line that a
killed worker's successor repeats counts once.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator import disk
from orchestrator.model.names import RepoName
from orchestrator.policy.estimate import Past
from orchestrator.state.store import Busy

TAIL = 256 * 1024
"""Bytes read for an estimate: some 1,500 tasks."""
_WAIT = 10.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One task at its end. `ending` is `merged`, or the folder it went to."""

    task: str
    at: str
    repo: str
    issue: int | None
    type: str
    ending: str
    usd: float | None
    tokens: int
    runs: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    root: Path
    """runtime/state/spend."""

    def note(self, ended: Ended) -> None:
        """Raises Busy and OSError."""
        line = json.dumps(dict(vars(ended)), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        fd = disk.lock(self._path, wait=_WAIT)
        if fd is None:
            raise Busy(str(self._path))
        with contextlib.closing(os.fdopen(fd, "r+b", buffering=0)) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(fd, 1, size - 1) != b"\n":
                line = b"\n" + line  # a torn line stays alone, and is passed over
            disk.write_all(fd, line)

    def recent(self) -> tuple[Past, ...]:
        """Finished tasks that ran, the last of each, from the end of the file."""
        return tuple(
            Past(repo=RepoName(e.repo), type=e.type, usd=e.usd, tokens=e.tokens or None)
            for e in self._ended(TAIL)
            if e.runs
        )

    def all(self) -> tuple[Ended, ...]:
        return self._ended(None)

    def _ended(self, most: int | None) -> tuple[Ended, ...]:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = max(0, size - most) if most else 0
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return ()
        found: dict[str, Ended] = {}
        for line in data.splitlines()[1 if start else 0 :]:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                ended = _read(json.loads(line))
                found.pop(ended.task, None)
                found[ended.task] = ended
        return tuple(found.values())

    @property
    def _path(self) -> Path:
        return self.root / "finished.jsonl"


def _read(entry: dict[str, object]) -> Ended:
    usd, issue = entry["usd"], entry["issue"]
    return Ended(
        task=str(entry["task"]),
        at=str(entry["at"]),
        repo=str(entry["repo"]),
        issue=None if issue is None else int(str(issue)),
        type=str(entry["type"]),
        ending=str(entry["ending"]),
        usd=None if usd is None else float(str(usd)),
        tokens=int(str(entry["tokens"])),
        runs=int(str(entry["runs"])),
    )
