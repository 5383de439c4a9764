"""This machine's time against GitHub's."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, unknown, warn
from orchestrator.github import health
from orchestrator.github.errors import Unavailable

OFF, FAR = 30.0, 120.0
"""Seconds. An App's token is refused from about a minute on; cool-downs and deadlines bear more."""
MEND = "let the system keep the time (`timedatectl set-ntp true`)"


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    before = services.now()
    try:
        theirs = health.date(given.settings.github, timeout=5)
    except Unavailable as why:
        yield unknown(f"GitHub cannot be reached: {why}", mend="is the network there?")
        return
    middle = before + (services.now() - before) / 2
    off = (middle - theirs).total_seconds()
    words = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} GitHub"
    if abs(off) > FAR:
        yield fail(words, MEND)
    elif abs(off) > OFF:
        yield warn(words, MEND)
    else:
        yield ok(f"within {max(1, round(abs(off)))} s of GitHub's")


CHECK = Check(
    name="clock",
    why="Deadlines, cool-downs and an App's token rest on the time.",
    look=look,
    needs=("configuration",),
    seconds=7,
)
