"""How many workers a machine carries, and when the next may start."""

from __future__ import annotations

RUN_MB = 600
"""Memory one agent run is counted with: the common command line programs take 200 to 500 MB, their builds more."""
SMALL_MB = 2048
"""Below this much free memory one worker at a time (DECISIONS D14)."""
RESERVE_MB = 1024
"""Left to everything else on the machine."""
RUNS_PER_CORE = 4
"""An agent mostly waits for its model."""
MOST = 32
"""Nobody's default is more: a provider's limits, and a person's reading, come first. Config may say any number."""
BUSY = 0.8
"""Share of all cores in use above which no further worker is started."""
PATIENCE = 2.0
"""Seconds after which the next worker starts on a busy machine too: other programs may keep it busy for ever."""


def workers(*, total_mb: int, free_mb: int, cores: int) -> int:
    """Tasks worked on at the same time where the configuration leaves it to the machine; at least 1."""
    if free_mb < SMALL_MB:
        return 1
    return max(1, min((total_mb - RESERVE_MB) // RUN_MB, cores * RUNS_PER_CORE, MOST))


def wanted_free_mb(minimum_mb: int, *, total_mb: int) -> int:
    """Free memory a claim waits for: as configured, but a quarter of a machine too small to ever have that."""
    return min(minimum_mb, total_mb // 4)


def may_start(*, busy: float, waited: float) -> bool:
    """Whether the next of several workers may start now: `busy` is the share of all cores in use lately, `waited` the
    seconds since the last one started. Starting costs a second of CPU or so; fifty at once would starve each other."""
    return busy < BUSY or waited >= PATIENCE
