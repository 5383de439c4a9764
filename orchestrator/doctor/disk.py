"""Room where we write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, warn

LOW, FULL = 2 * 1024**3, 300 * 1024**2
INODES_LOW, INODES_FULL = 50_000, 5_000
MEND = "make room there; `retention` in config.yaml says how much agent-os keeps"


def look(given: Given) -> Iterator[Finding]:
    places = [given.runtime, given.loaded.worktrees] if given.loaded is not None else [given.runtime]
    done: set[int] = set()
    for place in map(_standing, places):
        device = place.stat().st_dev
        if device not in done:
            done.add(device)
            yield _one(place, given.machine.room(place))


def _standing(place: Path) -> Path:
    """The folder, or the nearest above it that is there already."""
    return next(p for p in (place.absolute(), *place.absolute().parents) if p.is_dir())


def _one(place: Path, told: os.statvfs_result) -> Finding:
    free = told.f_bavail * told.f_frsize
    # Some file systems have no fixed number of inodes and say 0.
    inodes = told.f_favail if told.f_files else INODES_LOW
    words = f"{free / 1024**3:.1f} GB" + (f" and {told.f_favail} inodes" if told.f_files else "") + f" free at {place}"
    if free < FULL or inodes < INODES_FULL:
        return fail(words, MEND)
    if free < LOW or inodes < INODES_LOW:
        return warn(words, MEND)
    return ok(words)


CHECK = Check(name="disk", why="On a full disk no task is claimed, and nothing can be recorded.", look=look)
