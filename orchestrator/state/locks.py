"""Named locks between processes: one holder (a role's overlap lock), or one of n (worker slots). See `disk`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator import disk


@contextlib.contextmanager
def hold(path: Path, wait: float = 0) -> Iterator[bool]:
    """Holds the lock for the block; yields whether it was had within `wait` seconds."""
    with disk.locked(path, max(wait, 0.03)) as mine:
        yield mine


@contextlib.contextmanager
def slots(folder: Path, n: int) -> Iterator[int | None]:
    """The first free of n slots for the block, None when all are taken."""
    for number in range(n):
        held = disk.lock(_slot(folder, number))
        if held is not None:
            try:
                yield number
            finally:
                os.close(held)
            return
    yield None


def slots_taken(folder: Path) -> int:
    """All of them, also slots beyond today's number: that may have been larger a minute ago."""
    return sum(disk.is_locked(path) for path in folder.glob("slot-*.lock"))


def _slot(folder: Path, number: int) -> Path:
    return folder / f"slot-{number}.lock"
