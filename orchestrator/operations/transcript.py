"""A task's runs as a person reads them, from the files that the runs write (`agents.log`).

The filtered view shows what happened: text, edits, commands, refusals, errors. Thinking, usage and sessions stand in
the whole transcript, `runtime/logs/<task>/<n>.log`. Every line is redacted again (a secret may have become known since)
and holds no character that moves a cursor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator.mailbox.box import Unreadable
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder, Task
from orchestrator.operations import DOING
from orchestrator.policy.visible import visible
from orchestrator.services import Services

SHOWN = ("Text", "Edit", "Command", "Error", "Denied", "Quota")
TEXT = 500
"""Characters of one line in the filtered view."""
LAST = 256_000
"""Bytes from the end of a run's file that a page or a screen begins with."""


class Kind(Enum):
    BANNER = "banner"
    """A run begins, or the task came to another phase."""
    TEXT = "text"
    EDIT = "edit"
    COMMAND = "command"
    TROUBLE = "trouble"
    """Refused, out of quota, an error."""
    RAW = "raw"
    """A line of the whole transcript."""


@dataclass(frozen=True, kw_only=True)
class Line:
    kind: Kind
    text: str
    run: int = 0
    at: str = ""
    """UTC, where the run told it."""


class Reader:
    """Reads on from where it last stopped; one per watcher. Files only, no network."""

    def __init__(
        self, services: Services, id: str, *, run: int | None = None, raw: bool = False, last: int | None = None
    ) -> None:
        """`run`: only this one. `last`: of a run that stands already only so many bytes from its end; None: all."""
        self._services, self.id, self._run, self._raw, self._last = services, id, run, raw, last
        self._folder = services.settings.runtime / "logs" / id
        self._at: dict[Path, int] = {}
        self._stands: tuple[Folder | None, str] | None = None

    def fresh(self) -> list[Line]:
        """What was written since the last call: lines of the runs, and a banner for each run and change of phase."""
        found: list[Line] = []
        folder, task = _find(self._services, self.id)
        stands = (folder, DOING[task.phase] if task else "")
        for path in _files(self._folder, self._run, self._raw):
            n = int(path.stem)
            new = path not in self._at
            if new:
                self._at[path] = self._start(path)
                found.append(Line(kind=Kind.BANNER, text=run_words(task, n), run=n))
            found += self._lines(path, n)
        if self._stands is not None and stands != self._stands and task is not None and folder is not None:
            found.append(Line(kind=Kind.BANNER, text=f"{folder.value}/: {stands[1]}"))
        self._stands = stands
        return found

    def resting(self) -> bool:
        """Nobody works on it: it has left inbox/ and processing/."""
        return self._services.mailbox.where(TaskId(self.id)) not in (Folder.INBOX, Folder.PROCESSING)

    def end(self) -> str:
        """Where the task stands, in one line; empty for one that is gone."""
        return end_words(self._services, self.id)

    def _start(self, path: Path) -> int:
        size = path.stat().st_size
        if self._last is None or size <= self._last:
            return 0
        with path.open("rb") as file:
            file.seek(size - self._last)
            file.readline()
            return file.tell()

    def _lines(self, path: Path, n: int) -> list[Line]:
        """Whole lines written since the last look."""
        with path.open("rb") as file:
            file.seek(self._at[path])
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._at[path] += len(whole)
        texts = whole.decode("utf-8", "replace").split("\n")[:-1]
        if self._raw:
            return [Line(kind=Kind.RAW, text=self._clean(t), run=n) for t in texts]
        told = (event(t) for t in texts)
        return [Line(kind=x.kind, text=_cut(self._clean(x.text)), run=n, at=x.at) for x in told if x is not None]

    def _clean(self, text: str) -> str:
        return visible(self._services.redact(text))


def event(text: str) -> Line | None:
    """One line of a run's events as shown in the filtered view, of any length; None for what is left out. Neither
    redacted nor made visible: it is cut after that, or the beginning of a secret would stay."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    name = data.get("type") if isinstance(data, dict) else None
    if name not in SHOWN or data.get("noise"):
        return None
    kind, words = _words(str(name), data)
    if not words:
        return None
    return Line(kind=kind, text=words, at=str(data.get("at", "")))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _words(name: str, data: dict[str, Any]) -> tuple[Kind, str]:
    match name:
        case "Text":
            return Kind.TEXT, str(data.get("text", "")).strip()
        case "Edit":
            return Kind.EDIT, f"edit     {data.get('path', '')}"
        case "Command":
            exit = data.get("exit")
            return Kind.COMMAND, f"run      {data.get('command', '')}" + (f"  -> {exit}" if exit is not None else "")
        case "Denied":
            return Kind.TROUBLE, f"denied   {data.get('what', '')}"
        case "Quota":
            return Kind.TROUBLE, f"quota    until {data.get('reset_at') or 'unknown'}"
        case _:
            return Kind.TROUBLE, f"error    {data.get('failure', '')}: {data.get('text', '')}"


def run_words(task: Task | None, n: int) -> str:
    """`run 2: codex, correction, 2026-11-26T10:00:00Z, sandbox bubblewrap`."""
    attempt = next((a for a in task.attempts if a.n == n), None) if task else None
    if attempt is None:
        return f"run {n}"
    sandbox = f", sandbox {attempt.sandbox}" if attempt.sandbox else ""
    return f"run {n}: {attempt.agent}, {attempt.kind.value}, {attempt.started}{sandbox}"


def end_words(services: Services, id: str) -> str:
    folder, task = _find(services, id)
    if task is None:
        return ""
    last = task.attempts[-1] if task.attempts else None
    told = f", last run {last.status.value if last.status else 'under way'}" if last else ""
    why = f": {task.reason}" if task.reason else ""
    return visible(f"{folder.value if folder else 'gone'}/, phase {task.phase.value}{told}{why}", lines=False)


def runs(services: Services, id: str) -> tuple[int, ...]:
    """Numbers of the runs that left a transcript."""
    return tuple(int(p.stem) for p in _files(services.settings.runtime / "logs" / id, None, False))


def _files(folder: Path, run: int | None, raw: bool) -> list[Path]:
    suffix = ".log" if raw else ".jsonl"
    numbered = [p for p in folder.glob(f"*{suffix}") if p.stem.isdigit() and run in (None, int(p.stem))]
    return sorted(numbered, key=lambda p: int(p.stem))


def _find(services: Services, id: str) -> tuple[Folder | None, Task | None]:
    """Where it lies and what it holds; a file that cannot be read just now is one that tells nothing."""
    try:
        entry = services.mailbox.find(TaskId(id))
    except Unreadable:
        return None, None
    return (entry.folder, entry.task) if entry else (None, None)
