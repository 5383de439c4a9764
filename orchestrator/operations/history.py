"""What is over: the newest tasks that ended, without reading all that ever did."""

from __future__ import annotations

from heapq import nlargest

from orchestrator.mailbox.box import Unreadable
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.operations import TaskLine, line
from orchestrator.services import Services

OVER = (Folder.DONE, Folder.FAILED)
MOST = 100


def recent(services: Services, most: int = MOST) -> tuple[TaskLine, ...]:
    """Newest first, by when their files were last written; only as many files are read as are told."""
    box = services.mailbox
    found: list[tuple[float, TaskId, Folder]] = []
    for folder in OVER:
        for id in box.ids(folder):
            try:
                found.append((box.path(id, folder).stat().st_mtime, id, folder))
            except FileNotFoundError:  # moved by now
                continue
    lines = []
    for _, id, _ in nlargest(most, found):
        try:
            entry = box.find(id)
        except Unreadable:
            continue
        if entry is not None:
            lines.append(line(entry))
    return tuple(lines)
