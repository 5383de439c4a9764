"""A task's runs as a person reads them, from the files that the runs write (`agents.log`)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder, Task
from orchestrator.services import Services

LOOK = 0.3
SHOWN = ("Text", "Edit", "Command", "Error", "Denied", "Quota")
"""Events of the filtered view; thinking, usage and sessions stand in the whole transcript."""
TEXT = 500
"""Characters of one line in the filtered view."""


def lines(services: Services, id: str, *, run: int | None, raw: bool, follow: bool) -> Iterator[str]:
    """Line by line. With `follow`, until the task has left inbox/ and processing/ and all was shown."""
    folder = services.settings.runtime / "logs" / id
    reading: dict[Path, int] = {}
    while True:
        # Looked at before reading: what was written by a task at rest is read whole afterwards.
        resting = services.mailbox.where(TaskId(id)) not in (Folder.INBOX, Folder.PROCESSING)
        for path in _files(folder, run, raw):
            if path not in reading:
                reading[path] = 0
                yield _banner(services, id, int(path.stem))
            for text in _fresh(path, reading):
                shown = text if raw else event(text)
                if shown:
                    yield shown
        if not follow or resting:
            yield from _end(services, id)
            return
        time.sleep(LOOK)


def event(text: str) -> str:
    """One line of a run's events as shown in the filtered view; empty for what is left out."""
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in SHOWN or data.get("noise"):
        return ""
    match kind:
        case "Text":
            words = str(data.get("text", "")).strip()
        case "Edit":
            words = f"edit     {data.get('path', '')}"
        case "Command":
            exit = data.get("exit")
            words = f"run      {data.get('command', '')}" + (f"  -> {exit}" if exit is not None else "")
        case "Denied":
            words = f"denied   {data.get('what', '')}"
        case "Quota":
            words = f"quota    until {data.get('reset_at') or 'unknown'}"
        case _:
            words = f"error    {data.get('failure', '')}: {data.get('text', '')}"
    return words if len(words) <= TEXT else words[: TEXT - 1] + "…"


def _files(folder: Path, run: int | None, raw: bool) -> list[Path]:
    suffix = ".log" if raw else ".jsonl"
    numbered = [p for p in folder.glob(f"*{suffix}") if p.stem.isdigit() and run in (None, int(p.stem))]
    return sorted(numbered, key=lambda p: int(p.stem))


def _fresh(path: Path, reading: dict[Path, int]) -> Iterator[str]:
    """Whole lines written since the last look."""
    with path.open("rb") as file:
        file.seek(reading[path])
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    reading[path] += len(whole)
    yield from whole.decode("utf-8", "replace").splitlines()


def _banner(services: Services, id: str, n: int) -> str:
    found = _task(services, id)
    attempt = next((a for a in found.attempts if a.n == n), None) if found else None
    words = f"run {n}"
    if attempt is not None:
        words += f": {attempt.agent}, {attempt.kind.value}, {attempt.started}"
        words += f", sandbox {attempt.sandbox}" if attempt.sandbox else ""
    return f"── {words} " + "─" * max(4, 72 - len(words))


def _end(services: Services, id: str) -> Iterator[str]:
    found = _task(services, id)
    if found is None:
        return
    last = found.attempts[-1] if found.attempts else None
    told = f", last run {last.status.value if last.status else 'under way'}" if last else ""
    where = services.mailbox.where(TaskId(id))
    yield f"── {where.value if where else 'gone'}/, phase {found.phase.value}{told}" + (
        f": {found.reason}" if found.reason else ""
    )


def _task(services: Services, id: str) -> Task | None:
    entry = services.mailbox.find(TaskId(id))
    return entry.task if entry else None
