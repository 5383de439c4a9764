"""Agent runs and ends of tasks, read back from `metrics/agent_stats.jsonl` and `logs/queue-summary.log`.

Both are read with the file before their last rotation. Lines that cannot be read are passed over: programs of several
versions append to them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from orchestrator.model.times import parse
from orchestrator.signals.facts import End, Run
from orchestrator.state import rotated

_Line = TypeVar("_Line", Run, End)


@dataclass(frozen=True, kw_only=True)
class Runs:
    runtime: Path

    def has(self, key: str) -> bool:
        """Is there a run of this key?"""
        mark = key.encode("utf-8", "replace")
        return any(mark in line and _run_key(line) == key for line in _lines(self._stats))

    def since(self, at: datetime, most: int) -> tuple[tuple[Run, ...], int]:
        """The newest runs from that time on, oldest first, each key once; and how many more there were."""
        found = {run.key: run for line in _lines(self._stats) if (run := _run(line)) and run.at >= at}
        return _newest(list(found.values()), most)

    def ends(self, at: datetime, most: int) -> tuple[tuple[End, ...], int]:
        """The newest ends of tasks from that time on, oldest first; and how many more there were."""
        summary = self.runtime / "logs" / "queue-summary.log"
        return _newest([end for line in _lines(summary) if (end := _end(line)) and end.at >= at], most)

    @property
    def _stats(self) -> Path:
        return self.runtime / "metrics" / "agent_stats.jsonl"


def _newest(found: list[_Line], most: int) -> tuple[tuple[_Line, ...], int]:
    found.sort(key=lambda one: one.at)
    return tuple(found[-most:]), max(0, len(found) - most)


def _lines(path: Path) -> Iterator[bytes]:
    with contextlib.ExitStack() as stack:
        for file in rotated.opened(stack, path):
            yield from file or ()


def _run_key(line: bytes) -> str:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _run(line: bytes) -> Run | None:
    try:
        told = json.loads(line)
        return Run(
            key=str(told["key"]),
            at=parse(str(told["timestamp"])),
            task=str(told["task_id"]),
            repo=str(told["repo"]),
            agent=str(told["agent"]),
            status=str(told.get("status") or ""),
            code=str(told.get("blocker_code") or "none"),
            failure=str(told.get("failure") or "none"),
            type=str(told.get("task_type") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _end(line: bytes) -> End | None:
    words = line.decode("utf-8", "replace").split(" ", 4)
    if len(words) < 4:
        return None
    try:
        return End(at=parse(words[0]), task=words[1], repo=words[2], ending=words[3].strip())
    except ValueError:
        return None
