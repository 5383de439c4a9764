"""When each role last ticked: `ticks/<role>`, its exit status and the time. Cron's wrappers write it too, also for an
idle tick."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path

from orchestrator.model.times import parse, stamp


def note(runtime: Path, role: str, now: datetime) -> None:
    """A tick that ended well."""
    folder = runtime / "state" / "ticks"
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{role}.{os.getpid()}"
    aside.write_text(f"0 {stamp(now)}\n")
    aside.replace(folder / role)


def all(runtime: Path) -> dict[str, datetime]:
    """By role; what cannot be read is left out."""
    found: dict[str, datetime] = {}
    with contextlib.suppress(FileNotFoundError):
        for path in (runtime / "state" / "ticks").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if not path.name.startswith("."):
                    found[path.name] = parse(path.read_text("utf-8").split()[1])
    return found
