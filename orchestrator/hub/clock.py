"""The hub's time: real UTC plus an offset that a test may move through a text file."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

FARTHEST = 100 * 366 * 86_400
"""Seconds, either way."""


class BadClock(ValueError):
    """The clock file holds no number of seconds; the message names it and what stands in it."""


class Clock:
    """Real time plus the number of seconds found in `file` (read at each use; a missing or empty file means 0)."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._last = 0.0
        self._told = ""

    def offset(self) -> float:
        """Seconds added to real time. What is no number moves nothing: the last good one stays, and standard error
        says so once."""
        try:
            self._last = self.read()
            self._told = ""
        except BadClock as error:
            if str(error) != self._told:
                self._told = str(error)
                sys.stderr.write(f"{error}; the last good time goes on\n")
        return self._last

    def read(self) -> float:
        """What stands in the file now. Raises BadClock."""
        if self.file is None:
            return 0.0
        try:
            text = self.file.read_text(encoding="utf-8", errors="replace").strip()
            seconds = float(text or 0)
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise BadClock(f"{self.file}: {error.strerror or error}; expected a text file") from error
        except ValueError:
            seconds = math.nan
        if not abs(seconds) <= FARTHEST:
            raise BadClock(
                f"{self.file}: {text[:40]!r} is no offset of the clock; expected a number of seconds to add, like 86400"
            )
        return seconds

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def epoch(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self.now().timestamp()

    def stamp(self) -> str:
        """Now as GitHub's APIs print it: `2026-11-21T08:15:23Z`."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
