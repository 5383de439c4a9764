"""What this machine has to give."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def free_memory_mb() -> int:
    """Memory a new program could get, in MB: what the kernel offers, and no more than our control group has left."""
    free = [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = [int(fields["MemAvailable"].split()[0]) * 1024]
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        free.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(free)) // 2**20
