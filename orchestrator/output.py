"""What a program printed, held in bounded memory: the ends of a stream, or its lines."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.model import cutting

CHUNK = 65536
LINE_LIMIT = 1_000_000
"""Bytes of one line that are handed on; the rest of that line is dropped."""


class Kept:
    """The head and the tail of a stream, in bounded memory."""

    def __init__(self, limit: int) -> None:
        self.half = max(1, limit // 2)
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        room = self.half - len(self.head)
        self.head += data[:room] if room > 0 else b""
        self.tail += data[max(0, room) :]
        if len(self.tail) > 2 * self.half + CHUNK:
            self._trim()

    def _trim(self) -> None:
        spare = len(self.tail) - self.half
        if spare > 0:
            self.dropped += spare
            del self.tail[:spare]

    def text(self) -> bytes:
        self._trim()
        if not self.dropped:
            return bytes(self.head + self.tail)
        head, tail = cutting.ends(bytes(self.head), bytes(self.tail))
        dropped = self.dropped + len(self.head) - len(head) + len(self.tail) - len(tail)
        return head + b"\n[... %d bytes left out ...]\n" % dropped + tail


class Lines:
    """Bytes in, whole lines out."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self.on_line = on_line
        self.rest = bytearray()
        self.cut = False

    def add(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._take(piece)
            self._emit()
        self._take(rest)

    def _take(self, piece: bytes) -> None:
        room = LINE_LIMIT - len(self.rest)
        self.cut = self.cut or len(piece) > room
        self.rest += piece[: max(0, room)]

    def _emit(self) -> None:
        line = self.rest.removesuffix(b"\r").decode("utf-8", "replace") + (" [line cut]" if self.cut else "")
        self.rest.clear()
        self.cut = False
        self.on_line(line)

    def end(self) -> None:
        if self.rest:
            self._emit()
