"""What a run takes up while it runs: memory of its whole process tree, and what it adds to the disk.

Cheap enough for fifty runs: processes are read without their maps, and folders are walked only when the file system
itself filled up by as much as the run may still add.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.model.confinement import Limits
from orchestrator.sandbox import procs
from orchestrator.sandbox.cgroup import Group

MB = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
WALK_EVERY = 30.0
"""Seconds between two walks through its folders, at least."""
MOST = 1_000_000
"""Files that are counted; a run that adds so many is over its limit."""
FULL_LOOK = 3
"""Of so many looks, one searches for new processes; each does once a quarter of the memory is in use."""
EXTRA = 64
"""MB: what bubblewrap, the launcher and the shared pages of one process may make the sum too large by."""


@dataclass
class Meter:
    """One run's. `over` is asked every few seconds, `end` once."""

    limits: Limits
    paths: tuple[Path, ...]
    group: Group | None = None
    pid: int = 0
    known: dict[int, int] = field(default_factory=dict)
    """Process id to when it started: what was ever seen of the run and may live on."""
    looks: int = 0
    memory: int = 0
    """Bytes, as last seen."""
    walked_at: float = 0.0
    base: int = -1
    grown: int = 0
    filled: int = 0
    """Bytes in use on its file systems when its folders were last walked."""

    def begin(self, pid: int) -> None:
        self.pid, self.walked_at = pid, time.monotonic()
        self.known = {pid: procs.started_at(pid)}
        if self.limits.disk_mb:
            self.base, self.filled = size(self.paths), self._filled()

    def over(self) -> str:
        """The limit that is passed: "memory", "processes", "disk", or nothing."""
        if not self.pid:
            return ""
        if self.group is not None and self.group.starved():
            return "memory"
        self._look()
        if self.limits.memory_mb and self.memory > (self.limits.memory_mb + EXTRA) * MB:
            return "memory"
        if self.limits.processes and len(self.known) > 2 * self.limits.processes:
            return "processes"
        return "disk" if self._too_much_written() else ""

    def end(self) -> str:
        """Ends what is still there of processes that were seen; answers "memory" where the kernel killed for it."""
        starved = self.group is not None and self.group.starved()
        for pid, began in self.known.items():
            below = tuple(procs.tree(pid)) if procs.started_at(pid) == began else ()
            for each in below:  # all are found before the first is gone: orphans would be nobody's
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(each, signal.SIGKILL)
        self.pid, self.known = 0, {}
        return "memory" if starved else ""

    def _look(self) -> None:
        self.looks += 1
        if self.looks % FULL_LOOK == 1 or self.memory > self.limits.memory_mb * MB // 4:
            for pid in [p for root in tuple(self.known) for p in procs.tree(root)]:
                if pid not in self.known:
                    self.known[pid] = procs.started_at(pid)
        self.memory, gone = _resident(self.known)
        for pid in gone:
            del self.known[pid]

    def _too_much_written(self) -> bool:
        if not self.limits.disk_mb or time.monotonic() - self.walked_at < WALK_EVERY:
            return False
        limit = self.limits.disk_mb * MB
        if self._filled() - self.filled < limit - self.grown:
            return False
        self.walked_at, self.filled = time.monotonic(), self._filled()
        self.grown = size(self.paths) - self.base
        return self.grown > limit

    def _filled(self) -> int:
        found = {}
        for path in self.paths:
            with contextlib.suppress(OSError):
                told = os.statvfs(path)
                found[os.lstat(path).st_dev] = (told.f_blocks - told.f_bfree) * told.f_frsize
        return sum(found.values())


def _resident(known: dict[int, int]) -> tuple[int, list[int]]:
    """(bytes, who is gone). What processes share (program text, shared memory) is counted once, by the largest part:
    to split it rightly costs a hundred times as much."""
    own = shared = 0
    gone = []
    for pid in known:
        fields = procs.read(f"/proc/{pid}/statm").split()
        if len(fields) < 3:
            gone.append(pid)
            continue
        own += int(fields[1]) - int(fields[2])
        shared = max(shared, int(fields[2]))
    return (own + shared) * PAGE, gone


def size(paths: tuple[Path, ...]) -> int:
    """Bytes on disk below `paths`, each file once, links not followed; endless beyond MOST files."""
    total = count = 0
    waiting = [str(p) for p in paths if not any(p != q and p.is_relative_to(q) for q in paths)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    with contextlib.suppress(OSError):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        except OSError:
            continue
        if count > MOST:
            return 1 << 62
    return total
