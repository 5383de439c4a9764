"""Memory, against the workers that are configured."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator import machine
from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.policy import capacity


def look(given: Given) -> Iterator[Finding]:
    total, free, workers = machine.total_memory_mb(), machine.free_memory_mb(), given.settings.max_parallel_workers
    least = capacity.wanted_free_mb(given.settings.min_free_memory_mb, total_mb=total)
    words = f"{total} MB, {free} MB free, {workers} workers"
    if workers > 1 and workers * capacity.RUN_MB > total:
        fit = max(1, (total - capacity.RESERVE_MB) // capacity.RUN_MB)
        yield warn(f"{words}: a run takes about {capacity.RUN_MB} MB", f"max_parallel_workers: {fit}")
    elif free < least:
        yield warn(f"{words}: nothing is claimed below {least} MB", "end other programs, or lower min_free_memory_mb")
    else:
        yield ok(words)


CHECK = Check(
    name="memory", why="Too many runs at once end each other for lack of memory.", look=look, needs=("configuration",)
)
