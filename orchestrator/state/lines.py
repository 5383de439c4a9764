"""Files of lines that are only ever added to, one per task. What follows the last line's end was torn by a kill and
acknowledged to nobody: it is not read, and cut off by the next write.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from orchestrator import disk
from orchestrator.state.store import Busy

_WAIT = 10.0
"""Seconds to wait for another process's write, which takes milliseconds."""


def path_of(folder: Path, task: str) -> Path:
    """Raises ValueError for a task id that is no file name."""
    if not task or task.startswith(".") or "/" in task or "\0" in task:
        raise ValueError(f"{task!r} is no task id")
    return folder / f"{task}.jsonl"


def read(path: Path) -> list[bytes]:
    """Every whole line, without its end."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def append(path: Path, line: str, *, sync: bool) -> None:
    """One line more. `sync`: on the disk when this returns. Raises Busy, OSError."""
    fd = disk.lock(path, wait=_WAIT)
    if fd is None:
        raise Busy(str(path))
    with contextlib.closing(os.fdopen(fd, "r+b", buffering=0)) as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        os.lseek(fd, whole, os.SEEK_SET)
        disk.write_all(fd, line.encode("utf-8", "replace") + b"\n")
        if sync:
            os.fsync(fd)
    if whole == 0:
        disk.sync_dir(path.parent)
