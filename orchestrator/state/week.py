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
from orchestrator.state import rotated
from orchestrator.state.recent import run_of


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
        """Runs that ended after `since`, up to `until`. Raises OSError."""
        found: dict[str, Run] = {}
        unread, oldest = 0, None
        with contextlib.ExitStack() as stack:
            before, now = rotated.opened(stack, self.runtime / "metrics" / "agent_stats.jsonl")
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

    def _lines(self, *files: BinaryIO | None) -> Iterator[bytes]:
        for file in files:
            yield from (line for line in file or () if line.strip())
