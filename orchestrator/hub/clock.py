"""The hub's time: real UTC plus an offset that a test may move through a text file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Real time plus the number of seconds found in `file` (read at each use; a missing file means 0)."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file

    def offset(self) -> float:
        """Seconds added to real time. A file caught half-written (empty, no number) counts as 0."""
        if self.file is None:
            return 0.0
        try:
            return float(self.file.read_text(encoding="utf-8").strip() or 0)
        except (FileNotFoundError, ValueError):
            return 0.0

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def epoch(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self.now().timestamp()

    def stamp(self) -> str:
        """Now as GitHub's APIs print it: `2026-11-21T08:15:23Z`."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
