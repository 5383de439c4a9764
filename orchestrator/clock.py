"""The clock. One concrete type: real time, shifted by what a file says.

`AGENT_OS_CLOCK` names a text file that holds an offset in seconds. Workers, roles and the hub read it freshly at each
use, so a test can let three weeks pass by writing one number. Watchdogs use `monotonic`, which the file never moves.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.model.errors import Told

CLOCK_ENV = "AGENT_OS_CLOCK"
FARTHEST = 100 * 366 * 86_400
"""Seconds, either way; beyond it dates end."""


class BadClock(Told):
    """The clock file holds no time to add; the message names it, what stands in it, and what should."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    file: Path | None = None

    def offset(self) -> float:
        """Seconds added to real time; 0 without a file or while the file is missing or empty. Raises BadClock."""
        if self.file is None:
            return 0.0
        try:
            text = self.file.read_text(encoding="utf-8", errors="replace").strip()
            seconds = float(text or 0.0)
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise BadClock(f"{self.file}: {error.strerror or error}; {CLOCK_ENV} names a text file") from error
        except ValueError:
            seconds = math.nan
        if not abs(seconds) <= FARTHEST:
            raise BadClock(
                f"{self.file}: {text[:40]!r} is no offset of the clock; expected a number of seconds to add, like 86400"
            )
        return seconds

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def monotonic(self) -> float:
        """Seconds of real running time."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Returns once this clock shows `seconds` more; a jump of the file ends it early."""
        if self.file is None:
            time.sleep(max(0.0, seconds))
            return
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            time.sleep(min(left, 0.05))

    def advance(self, seconds: float) -> None:
        """Moves the shared file clock forward; for tests and the demo.

        Raises ValueError on a clock without a file.
        """
        if self.file is None:
            raise ValueError("only a file clock can be moved")
        offset = self.offset() + seconds
        self.file.write_text(f"{offset}\n")
