"""The interpreter that runs this."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok

LEAST = (3, 11)


def look(given: Given) -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < LEAST:
        yield fail(
            f"Python {version}, and {LEAST[0]}.{LEAST[1]} is the oldest that works",
            "install a newer one, then bin/setup",
        )
    else:
        yield ok(f"Python {version}")


CHECK = Check(name="python", why="Everything here runs on it.", look=look, quick=True)
