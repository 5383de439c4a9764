"""One segment of the ledger: whole lines from either end, a synced append, the repair of a torn end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.model.event import Actor, Record

_BLOCK = 65536


def append(segment: Path, line: bytes, *, sync: bool = True) -> None:
    """Raises OSError (a full disk); what was begun is then taken back."""
    fd = os.open(segment, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(fd).st_size
        try:
            disk.write_all(fd, line + b"\n")
            if sync:
                os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def set_torn_aside(segment: Path) -> str:
    """Moves what follows the last line's end to `<segment>.torn`; says so, or answers ""."""
    with segment.open("r+b", buffering=0) as file:
        fd = file.fileno()
        size = file.seek(0, os.SEEK_END)
        whole = _line_begin(fd, size)
        if whole == size:
            return ""
        torn = os.pread(fd, size - whole, whole)
        with segment.with_name(f"{segment.name}.torn").open("ab") as aside:
            aside.write(torn + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
        file.truncate(whole)
    return f"{len(torn)} bytes of a torn line are in {segment.name}.torn"


def last_line(segment: Path) -> bytes | None:
    """The last whole line, read from the end; None when there is none. A blank line is one: somebody put it there."""
    with segment.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail, start = b"", size
        while start > 0 and tail.count(b"\n") < 3:
            start = max(0, start - _BLOCK)
            file.seek(start)
            tail = file.read(size - start)
        whole = tail[: tail.rfind(b"\n") + 1]
        return whole[:-1].rsplit(b"\n", 1)[-1] if whole else None


def lines(segment: Path) -> Iterator[bytes]:
    """Whole lines; what a kill tore at the end is none."""
    with segment.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def lines_back(segment: Path, before: int = 0) -> Iterator[bytes]:
    """Whole lines, the newest first: what is read grows with what is taken, not with the segment. `before`: only those
    of a lower seq."""
    with segment.open("rb") as file:
        fd = file.fileno()
        at = _line_begin(fd, file.seek(0, os.SEEK_END)) - 1
        if before and at >= 0:
            at = _begin_of(fd, before, at + 1) - 1
        rest = b""
        while at >= 0:
            begin = max(0, at - _BLOCK)
            first, *whole = (os.pread(fd, at - begin, begin) + rest).split(b"\n")
            yield from reversed(whole)
            if begin == 0:
                yield first
                return
            at, rest = begin, first


def _begin_of(fd: int, seq: int, size: int) -> int:
    """Where the first line of that seq or a higher one begins; found by halving, for seqs only rise."""
    low, high = 0, size  # both begin a line; what is below `low` is lower than seq
    while low < high:
        middle = _line_begin(fd, (low + high) // 2)
        begin, line = middle, _line_at(fd, middle)
        while (found := _seq(line)) is None and begin + len(line) < high:  # a line that somebody spoiled
            begin += len(line)
            line = _line_at(fd, begin)
        if found is not None and found < seq:
            low = begin + len(line)
        else:
            high = middle
    return low


def _line_begin(fd: int, at: int) -> int:
    """Where the line begins that holds this byte; of a file's size, where its last whole line ends. Looked for
    backwards."""
    while at > 0:
        start = max(0, at - _BLOCK)
        end = os.pread(fd, at - start, start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        at = start
    return 0


def _line_at(fd: int, at: int) -> bytes:
    """The line that begins here, its end with it."""
    line = b""
    while (part := os.pread(fd, _BLOCK, at + len(line))) and b"\n" not in part:
        line += part
    return line + part[: part.find(b"\n") + 1]


def _seq(line: bytes) -> int | None:
    try:
        return int(json.loads(line)["seq"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def records(lines: Iterable[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            yield record(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue


def record(data: dict[str, Any]) -> Record:
    return Record(**{**data, "actor": Actor(**data["actor"])})
