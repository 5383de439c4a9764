"""What running processes cost, read from /proc (proc(5))."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Process:
    pid: int
    parent: int
    command: str
    cpu: float
    """Seconds of CPU so far, its children's not included: exact where the kernel has schedstat. /proc/<pid>/stat only
    counts whose turn it was at each tick of a hundredth of a second, which does not tell small shares."""


def running() -> dict[int, Process]:
    """Every process that is no zombie."""
    found: dict[int, Process] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b") ")[2].split()
            command = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if fields[0] in b"ZX":
            continue
        cpu = _exact(int(name)) or (int(fields[11]) + int(fields[12])) / TICK
        found[int(name)] = Process(pid=int(name), parent=int(fields[1]), command=command, cpu=cpu)
    return found


def _exact(pid: int) -> float:
    """Of all its threads, from the first field of each one's schedstat (nanoseconds); 0 where there is none."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return total / 1e9


def tree(roots: Iterable[int], processes: dict[int, Process]) -> set[int]:
    """The roots and all that descends from them."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    todo = [pid for pid in roots if pid in processes]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional memory: a page shared by n processes counts 1/n for each of them. In MB."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def private_mb(pid: int) -> float:
    """What would be free again if this process alone ended. In MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def of(folder: Path) -> dict[int, str]:
    """Processes that belong to a scratch folder: they stand in it, or it is named in their words or environment."""
    found: dict[int, str] = {}
    wanted = str(folder).encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            where = os.readlink(f"/proc/{name}/cwd").encode()
            command = Path(f"/proc/{name}/cmdline").read_bytes()
            environment = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:  # it ended a moment ago, or is not ours to look at
            continue
        if where.startswith(wanted) or wanted in command + environment:
            found[int(name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()[:200]
    return found


BARE = """
import sys
with open(sys.argv[1], "a") as log:
    for line in sys.stdin:
        log.write(line)
        log.flush()
"""


def bare_percent(count: int, seconds: float, folder: Path) -> float:
    """CPU, in percent of one core, of `count` bare Pythons that each copy one line a second to a file: what waking that
    often costs on this machine, whatever is done then."""
    readers = [
        subprocess.Popen([sys.executable, "-I", "-S", "-c", BARE, str(folder / f"bare-{n}")], stdin=subprocess.PIPE)
        for n in range(count)
    ]
    try:
        time.sleep(2)
        before = running()
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            for reader in readers:
                assert reader.stdin is not None
                reader.stdin.write(b"at work\n")
                reader.stdin.flush()
                time.sleep(1 / count)
        passed, after = time.monotonic() - began, running()
        return sum(after[r.pid].cpu - before[r.pid].cpu for r in readers) / passed * 100
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
