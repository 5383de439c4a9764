"""Server-sent events: what the ledger holds since the watcher's position, and that a transcript grew. A page that was
away gives its last position and is told what it missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from orchestrator.operations import stream
from orchestrator.web.desk import Desk

POLL = 0.25
"""Seconds between two looks."""
BEAT = 15.0
"""Seconds of silence after which a comment is sent: whoever left is noticed by it."""
MOST = 24
"""Watchers at once."""


class Streams:
    def __init__(self) -> None:
        self.watchers = 0
        self.closing = False
        """The server ends: so does every stream."""

    def room(self) -> bool:
        return self.watchers < MOST

    async def run(self, desk: Desk, after: str, task: str) -> AsyncIterator[str]:
        """Texts of the stream until the watcher leaves or the server ends."""
        self.watchers += 1
        try:
            watch = _Watch(desk, after, task)
            yield "retry: 1000\n\n"
            silent = 0.0
            while not self.closing:
                told = await asyncio.to_thread(watch.look)
                silent = 0.0 if told else silent + POLL
                if silent >= BEAT:
                    told, silent = ": still here\n\n", 0.0
                if told:
                    yield told
                await asyncio.sleep(POLL)
        finally:
            self.watchers -= 1


class _Watch:
    """One watcher's place in the ledger and in the transcript."""

    def __init__(self, desk: Desk, after: str, task: str) -> None:
        self._desk, self._task = desk, task
        self._position = after or stream.position(desk.services)
        self._mark: object = None
        self._written = self._log()

    def look(self) -> str:
        services = self._desk.services
        told = ""
        mark = services.ledger.mark()
        if mark != self._mark:
            news = stream.since(services, self._position)
            self._mark, self._position = mark, news.position
            told = _text("again", news.position, {}) if news.missed else ""
            told += "".join(_text("ledger", e.position, asdict(e)) for e in news.events)
        if (written := self._log()) != self._written:
            self._written = written
            told += "event: log\ndata: {}\n\n"
        return told

    def _log(self) -> int:
        return stream.written(self._desk.services, self._task) if self._task else 0


def _text(event: str, position: str, data: dict[str, object]) -> str:
    return f"id: {position}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
