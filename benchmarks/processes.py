"""What running processes cost, read from /proc (proc(5))."""

from __future__ import annotations

import os
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
    """Seconds of CPU so far, its children's not included."""


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
        cpu = (int(fields[11]) + int(fields[12])) / TICK
        found[int(name)] = Process(pid=int(name), parent=int(fields[1]), command=command, cpu=cpu)
    return found


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
