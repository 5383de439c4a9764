"""Processes and their children, read from /proc (proc(5)): cheap enough to be asked every few seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator


def children(pid: int) -> list[int]:
    """What its threads started and is still its own; empty for a process that is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        text = read(f"/proc/{pid}/task/{thread}/children")
        if text:
            found += map(int, text.split())
    return found


def tree(pid: int) -> Iterator[int]:
    """The process and all below it. One that forks meanwhile may be missed until the next look."""
    waiting, seen = [pid], {pid}
    while waiting:
        each = waiting.pop()
        yield each
        fresh = [child for child in children(each) if child not in seen]
        seen.update(fresh)
        waiting += fresh


def innermost(pid: int) -> int:
    """The program below a launcher of two processes (bubblewrap's, or ours for Landlock), started as `pid`: what the
    second of them started first. `pid` where there is none (yet)."""
    for second in children(pid):
        inside = sorted((started_at(child), child) for child in children(second))
        if inside:
            return inside[0][1]
    return pid


def started_at(pid: int) -> int:
    """In clock ticks since boot; 0 for one that is gone. With the id it names a process for good."""
    fields = read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0


def read(path: str) -> bytes:
    """At most one page; empty for what went away."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
