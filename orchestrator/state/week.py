"""All agent runs of a window, from `metrics/agent_stats.jsonl` and the file before its last rotation.

Unlike `recent` it reads everything: what the scorer says of a week must not depend on how busy the week was.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from orchestrator.policy.health import Run
from orchestrator.state.locks import hold
from orchestrator.state.recent import run_of
from orchestrator.state.store import Busy

_WAIT = 10.0


@dataclass(frozen=True, kw_only=True)
class Told:
    runs: tuple[Run, ...]
    """Each once, oldest first."""
    whole: bool
    """False: the window may have begun before the oldest line that is kept."""
    unread: int
    """Lines that cannot be read, torn ones and those of other versions; they are passed over."""


@dataclass(frozen=True, kw_only=True)
class Weeks:
    runtime: Path

    def between(self, since: datetime, until: datetime) -> Told:
        """Runs that ended after `since`, up to `until`. Raises Busy, OSError."""
        found: dict[str, Run] = {}
        unread, oldest = 0, None
        with contextlib.ExitStack() as stack:
            before, now = self._open(stack)
            for line in self._lines(before, now):
                try:
                    entry = json.loads(line)
                    key, run = str(entry["key"]), run_of(entry)
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    unread += 1
                    continue
                oldest = run.at if oldest is None else min(oldest, run.at)
                if since < run.at <= until:
                    found[key] = run
        runs = tuple(sorted(found.values(), key=lambda r: (r.at, r.task, r.n)))
        # Before the first rotation everything ever written stands in the one file.
        return Told(runs=runs, whole=before is None or oldest is None or oldest <= since, unread=unread)

    def _open(self, stack: contextlib.ExitStack) -> tuple[BinaryIO | None, BinaryIO | None]:
        """Both files as they stand together: under the writers' lock, for a rotation renames one to the other."""
        path = self.runtime / "metrics" / "agent_stats.jsonl"
        with hold(self.runtime / "state" / "locks" / f"{path.name}.lock", wait=_WAIT) as mine:
            if not mine:
                raise Busy(str(path))
            opened: list[BinaryIO | None] = []
            for file in (path.with_suffix(".jsonl.1"), path):
                try:
                    opened.append(stack.enter_context(file.open("rb")))
                except FileNotFoundError:
                    opened.append(None)
        return opened[0], opened[1]

    def _lines(self, *files: BinaryIO | None) -> Iterator[bytes]:
        for file in files:
            yield from (line for line in file or () if line.strip())
