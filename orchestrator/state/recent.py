"""The recent runs of every agent, from the end of `metrics/agent_stats.jsonl`: what `policy.health` judges by.

Asked at every choice of an agent, so it reads a bounded tail however long the file is.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.task import AttemptKind
from orchestrator.model.times import parse
from orchestrator.policy.health import Run

TAIL = 128 * 1024
"""Bytes; about 350 runs, read in some 3 ms."""
DAYS = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Recent:
    runtime: Path

    def runs(self, now: datetime) -> dict[str, tuple[Run, ...]]:
        """By agent, each run once. Lines that cannot be read are passed over: they cost an agent its place, at most."""
        found: dict[str, Run] = {}
        for line in self._lines():
            try:
                entry = json.loads(line)
                run = run_of(entry)
                if now - DAYS <= run.at <= now:
                    found[str(entry["key"])] = run
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
        by_agent: dict[str, list[Run]] = {}
        for run in found.values():
            by_agent.setdefault(run.agent, []).append(run)
        return {agent: tuple(runs) for agent, runs in by_agent.items()}

    def _lines(self) -> Iterable[bytes]:
        """The last lines of the file; of the one before the last rotation too, while the new one is short."""
        path = self.runtime / "metrics" / "agent_stats.jsonl"
        tail = _tail(path, TAIL)
        if len(tail) < TAIL:
            tail = _tail(path.with_suffix(".jsonl.1"), TAIL - len(tail)) + tail
        return tail.splitlines()


def _tail(path: Path, most: int) -> bytes:
    """Whole lines from the end, at most so many bytes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            data = file.read(most)
    except FileNotFoundError:
        return b""
    return data if size <= most else data[data.find(b"\n") + 1 :]


def run_of(entry: dict[str, Any]) -> Run:
    """One line of the metrics. Raises ValueError, KeyError, TypeError and AttributeError for what is none."""
    status, usd = str(entry.get("status") or ""), entry.get("cost_usd")
    return Run(
        agent=str(entry["agent"]),
        at=parse(str(entry["timestamp"])),
        kind=AttemptKind(str(entry.get("kind") or "attempt")),
        status=Status(status) if status else None,
        code=BlockerCode(str(entry.get("blocker_code") or "none")),
        failure=FailureClass(str(entry.get("failure") or "none")),
        refused=entry.get("refused") is True,
        key=(key := str(entry["key"])),
        task=str(entry.get("task_id") or ""),
        n=_number(key),
        repo=str(entry.get("repo") or ""),
        type=str(entry.get("task_type") or ""),
        usd=float(usd) if isinstance(usd, int | float) and math.isfinite(usd) else None,
    )


def _number(key: str) -> int:
    """Which run of its task: `<task>/<n>/<started>`."""
    told = key.split("/")[1:2]
    return int(told[0]) if told and told[0].isdecimal() else 0
