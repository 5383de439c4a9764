"""What is over: the newest tasks that ended, without reading all that ever did."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest

from orchestrator.mailbox.box import Entry, Unreadable
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, TaskLine, line
from orchestrator.services import Services

OVER = (Folder.DONE, Folder.FAILED)
MOST = 100
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Over:
    """One task that ended."""

    task: TaskLine
    at: str
    """When it ended; of a file that does not tell, when it was last written."""
    merged: bool
    usd: float | None
    """None: no run of it told what it cost."""


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    lines: tuple[Over, ...]
    """Newest first."""
    count: int
    """All that ended."""
    older: str
    """What to give as `before` for those that ended earlier; empty: none did."""


def recent(services: Services, most: int = MOST) -> tuple[TaskLine, ...]:
    """Newest first, by when their files were last written; only as many files are read as are told."""
    return tuple(line(entry) for _, entry in _read(services, nlargest(most, _files(services))))


def page(services: Services, *, before: str = "", most: int = PAGE) -> HistoryPage:
    """Those that come after `before` of the page above. Raises OrderRefused for a `before` that is none."""
    files = list(_files(services))
    place = _place(before)
    wanted = nlargest(most + 1, [f for f in files if place is None or f[:2] < place])
    shown, rest = wanted[:most], wanted[most:]
    older = f"{shown[-1][0]}-{shown[-1][1]}" if rest else ""
    lines = tuple(_over(written, entry) for written, entry in _read(services, shown))
    return HistoryPage(lines=lines, count=len(files), older=older)


def _files(services: Services) -> Iterator[tuple[int, TaskId, str]]:
    """(nanosecond of its last write, id, folder) of each."""
    for folder in OVER:
        for id in services.mailbox.ids(folder):
            try:
                yield os.stat(services.mailbox.path(id, folder)).st_mtime_ns, id, folder.value
            except FileNotFoundError:  # moved by now
                continue


def _read(services: Services, found: list[tuple[int, TaskId, str]]) -> Iterator[tuple[int, Entry]]:
    for written, id, _ in found:
        try:
            entry = services.mailbox.find(id)
        except Unreadable:
            continue
        if entry is not None:
            yield written, entry


def _over(written: int, entry: Entry) -> Over:
    told = [a.usage.cost_usd for a in entry.task.attempts if a.usage.cost_usd is not None]
    return Over(
        task=line(entry),
        at=entry.task.ended or stamp(datetime.fromtimestamp(written / 1e9, UTC)),
        merged=entry.task.merge_sha is not None,
        usd=round(sum(told), 6) if told else None,
    )


def _place(before: str) -> tuple[int, TaskId] | None:
    if not before:
        return None
    written, _, id = before.partition("-")
    if not (written.isascii() and written.isdigit() and len(written) < 25 and id):
        raise OrderRefused("no such place in the history; begin with its newest")
    return int(written), TaskId(id)
