"""What this machine has to give."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def free_memory_mb() -> int:
    """Memory a new program could get, in MB: what the kernel offers, and no more than our control group has left."""
    free = [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError, IndexError, KeyError):
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = [int(fields["MemAvailable"].split()[0]) * 1024]
    with contextlib.suppress(OSError, ValueError):
        free.append(int((_GROUP / "memory.max").read_text()) - int((_GROUP / "memory.current").read_text()))
    return max(0, min(free)) // 2**20


def total_memory_mb() -> int:
    """All memory of the machine or of our control group, whichever is less, in MB."""
    total = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError):
        total.append(int((_GROUP / "memory.max").read_text()))
    return min(total) // 2**20


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Busy:
    """The share of all processors in use since the last question, 0 to 1.

    From the first line of /proc/stat (proc(5): jiffies of user, nice, system, idle, iowait, ...); elsewhere from the
    load average of the last minute.
    """

    def __init__(self) -> None:
        self._seen = _jiffies()

    def share(self) -> float:
        now = _jiffies()
        if now is None or self._seen is None:
            return min(1.0, os.getloadavg()[0] / cores())
        idle, total = now[0] - self._seen[0], now[1] - self._seen[1]
        self._seen = now
        return 1.0 - idle / total if total > 0 else 1.0


def _jiffies() -> tuple[int, int] | None:
    """(idle, all) since the boot."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            numbers = [int(n) for n in file.readline().split()[1:9]]
        return numbers[3] + numbers[4], sum(numbers)
    except (OSError, ValueError, IndexError):
        return None


def uptime() -> float:
    """Seconds since the boot, also those asleep: what no change of the wall clock moves."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def boot_id() -> str:
    """This boot's own id; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def started(pid: int) -> str:
    """When the process started, in ticks since the boot: with its id, it names a process. Empty when there is none.

    Field 22 of /proc/<pid>/stat (proc(5)).
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]
    except (OSError, IndexError):
        return ""


def holds_lock(pid: int, path: Path) -> bool:
    """Does that process hold a `flock` on the file? From /proc/locks, which names the holder's id and the inode."""
    try:
        inode = path.stat().st_ino
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return False
    return any(
        row[1] == "FLOCK" and row[4] == str(pid) and row[5].rpartition(":")[2] == str(inode)
        for row in rows
        if len(row) > 5 and row[1] != "->"
    )
