"""`task log` in a terminal: the lines of `operations.transcript`, banners as wide as the window."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator

from orchestrator.operations.transcript import Kind, Line, Reader
from orchestrator.services import Services

LOOK = 0.3
WIDTH = 76
"""Columns of a banner where nobody looks."""


def lines(services: Services, id: str, *, run: int | None, raw: bool, follow: bool) -> Iterator[str]:
    """Line by line. With `follow`, until the task has left inbox/ and processing/ and all was shown."""
    for line in events(services, id, run=run, raw=raw, follow=follow):
        yield banner(line.text) if line.kind is Kind.BANNER else line.text
    if end := Reader(services, id).end():
        yield f"── {end}"


def events(services: Services, id: str, *, run: int | None, raw: bool, follow: bool) -> Iterator[Line]:
    reader = Reader(services, id, run=run, raw=raw)
    while True:
        # Looked at before reading: what was written by a task at rest is read whole afterwards.
        resting = reader.resting()
        yield from reader.fresh()
        if not follow or resting:
            return
        time.sleep(LOOK)


def banner(words: str) -> str:
    width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
    return f"── {words} " + "─" * max(4, width - len(words) - 4)
