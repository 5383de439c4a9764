"""Listens to one answer as it passes and keeps numbers and codes of it; its text is forgotten at once."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime

from orchestrator.sandbox.egress import resets
from orchestrator.sandbox.egress.usage import Told
from orchestrator.sandbox.egress.wire import Head

ERROR_BYTES = 65536
BODY_BYTES = 4_000_000
"""Of a good answer in one piece, and of one line of a stream (a Responses stream ends with the whole answer in one)."""
TELLING = (b'"usage"', b'"usageMetadata"', b'"error"')
"""Lines of a stream without any of these are not parsed: nearly all of them are text."""
REFUSED_FOR_NOW = frozenset({402, 429, 503, 529})


class Tap:
    """Fed with the body's pieces, in order."""

    def __init__(self, head: Head, now: datetime) -> None:
        self.head, self.now = head, now
        self.stream = head.first("content-type").lower().startswith("text/event-stream")
        self.most = BODY_BYTES if self.stream or head.status < 400 else ERROR_BYTES
        self.kept = bytearray()
        self.lost = False
        self.told = Told()

    def feed(self, piece: bytes) -> None:
        if not self.stream:
            self._keep(piece)
            return
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._keep(line)
            self._line()
        self._keep(rest)

    def end(self) -> None:
        if self.stream:
            self._line()
        elif not self.lost:
            self._parse(bytes(self.kept))
        self.kept.clear()

    @property
    def retry_after(self) -> float | None:
        return resets.retry_after(self.head, self.now)

    @property
    def reset_at(self) -> str:
        """Only of a refusal that will pass: a good answer's headers tell of limits too."""
        if self.head.status not in REFUSED_FOR_NOW and not (self.head.status < 400 and self.told.error):
            return ""
        return resets.reset_at(self.head, self.told.error, self.now)

    def _keep(self, data: bytes) -> None:
        if len(self.kept) + len(data) > self.most:
            self.lost = True
            self.kept.clear()
        elif not self.lost:
            self.kept += data

    def _line(self) -> None:
        line, lost = bytes(self.kept), self.lost
        self.kept.clear()
        self.lost = False
        if not lost and line.startswith(b"data:") and any(word in line for word in TELLING):
            self._parse(line[5:])

    def _parse(self, data: bytes) -> None:
        with suppress(ValueError, RecursionError):
            self.told.take(json.loads(data))
