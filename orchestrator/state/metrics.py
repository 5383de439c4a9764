"""`metrics/agent_stats.jsonl` and `logs/queue-summary.log`: one whole line per fact, from many processes."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import parse, stamp

ROTATE_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Metrics:
    runtime: Path
    clock: Clock

    def attempt(self, task: Task, attempt: Attempt) -> None:
        """One agent run. `key` is the same when a killed worker's step is repeated: readers count each key once."""
        told = (parse(attempt.ended) - parse(attempt.started)).total_seconds() if attempt.ended else 0.0
        seconds = told if attempt.seconds is None else attempt.seconds
        line = {
            "key": f"{task.id}/{attempt.n}/{attempt.started}",
            "timestamp": stamp(self.clock.now()),
            "task_id": task.id,
            "repo": task.repo,
            "agent": attempt.agent,
            "kind": attempt.kind.value,
            "status": attempt.status.value if attempt.status else "",
            "blocker_code": attempt.blocker_code.value,
            "failure": attempt.failure.value,
            "refused": bool(attempt.findings),
            "spent": attempt.spent,
            "attempt_count": task.attempt,
            "duration_seconds": round(seconds, 3),
            "task_type": task.type.value,
            "input_tokens": attempt.usage.input_tokens,
            "output_tokens": attempt.usage.output_tokens,
            "cost_usd": attempt.usage.cost_usd,
        }
        self._append("metrics/agent_stats.jsonl", json.dumps(line, ensure_ascii=False))

    def summary(self, task: Task, ending: str, note: str) -> None:
        """One line per end of a task run."""
        agents = ",".join(dict.fromkeys(a.agent for a in task.attempts))
        head = f"{stamp(self.clock.now())} {task.id} {task.repo} {ending}"
        words = f"{head} runs={len(task.attempts)} agents={agents} {note}"
        self._append("logs/queue-summary.log", " ".join(words.split()))

    def _append(self, name: str, line: str) -> None:
        """Lock, rotate when full, append in one write: no line is lost or torn between writers (defect D11)."""
        path = self.runtime / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = self.runtime / "state" / "locks" / f"{path.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_size > ROTATE_BYTES:
                path.replace(path.with_suffix(path.suffix + ".1"))
            with path.open("ab") as file:
                file.write(line.encode() + b"\n")
        finally:
            os.close(held)
