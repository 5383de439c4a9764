"""A run's two logs: one to read, one line of JSON per event. Both redacted, both bounded.

A private key spans lines while redaction sees one at a time, so its lines are dropped here until the key ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from orchestrator.clock import Clock
from orchestrator.model.names import Public
from orchestrator.model.stream import Command, Denied, Edit, Error, Event, Quota, SessionStarted, Text, Thinking
from orchestrator.model.stream import Terminal as End
from orchestrator.model.stream import UsageReport as Used
from orchestrator.model.times import stamp

LIMIT = 20_000_000
"""Bytes of each of the two files."""
KEY_LINES = 400
"""A private key is never longer; after so many lines it was only a word in a text."""

_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_E = TypeVar("_E", bound=Event)


class RunLog:
    """Open while the run lasts; every line is flushed, so that a person can watch."""

    def __init__(self, path: Path, clock: Clock, redact: Callable[[str], Public]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._text = _Bounded(path)
        self._events = _Bounded(path.with_suffix(".jsonl"))
        self._clock = clock
        self._redact = redact
        self._n = 0
        self._in_key = 0

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._text.close()
        self._events.close()

    def note(self, text: str) -> None:
        """A line of ours about the run."""
        self._text.write(f"[{stamp(self._clock.now())}] {self._redact(text)}")

    def event(self, event: _E) -> _E:
        """Writes the event to both files; returns it numbered and dated."""
        self._n += 1
        numbered = replace(event, n=self._n, at=stamp(self._clock.now()))
        words = readable(event)
        if shown := self._shown(words):
            self._text.write(shown)
        known = {words: shown, numbered.at: numbered.at}  # not to be redacted again, word for word
        kept = {k: known.get(v) or self._shown(v) if isinstance(v, str) else v for k, v in asdict(numbered).items()}
        self._events.write(json.dumps({"type": type(event).__name__, **kept}, default=_plain))
        self._in_key = self._key_after(words)
        return numbered

    def _shown(self, text: str) -> str:
        if self._in_key or _KEY.search(text):
            return "[redacted:private-key]"
        return str(self._redact(text))

    def _key_after(self, text: str) -> int:
        """Lines of a private key still expected."""
        began = [m.end() for m in _KEY.finditer(text)]
        if began and "-----END" not in text[began[-1] :]:
            return KEY_LINES
        return 0 if "-----END" in text else max(0, self._in_key - 1)


class _Bounded:
    def __init__(self, path: Path) -> None:
        self._file: TextIOWrapper = path.open("a", encoding="utf-8", errors="replace")
        self._left = LIMIT - self._file.tell()

    def write(self, line: str) -> None:
        if self._left <= 0:
            return
        self._left -= len(line.encode("utf-8", "replace")) + 1
        self._file.write(line + "\n" if self._left > 0 else "[the log's limit is reached]\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else str(value)


def readable(event: Event) -> str:
    """An event as a line for people."""
    match event:
        case Text(text=text):
            return text
        case Thinking(text=text):
            return f"(thinks) {text}"
        case Edit(path=path):
            return f"(edits) {path}"
        case Command(command=command, exit=exit):
            return f"(runs) {command} -> {'?' if exit is None else exit}"
        case Used(usage=usage):
            return f"(used) {usage.input_tokens} in, {usage.output_tokens} out"
        case SessionStarted(id=id):
            return f"(session) {id}"
        case Quota(reset_at=at):
            return f"(quota) until {at or 'unknown'}"
        case Denied(what=what):
            return f"(denied) {what}"
        case Error(failure=failure, text=text):
            return f"(error) {failure.value}: {text}"
        case End(ok=ok):
            return f"(ended) {'well' if ok else 'badly'}"
