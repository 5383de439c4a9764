"""Does each role really tick: when it last ended, and how, against its schedule."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, warn
from orchestrator.model.times import parse
from orchestrator.policy import schedule

MISSED = 3
"""So many slots in a row without a tick are no accident."""
GRACE = timedelta(minutes=5)
MEND = "agent-os crontab install; then `systemctl status cron`, and runtime/logs/<role>.log"


def look(given: Given) -> Iterator[Finding]:
    # Cron lives by the machine's own clock, not by ours.
    now = datetime.now(UTC)
    ticks = {role: _tick(given.root / "runtime" / "state" / "ticks" / role) for role in given.roles}
    late = [role for role, every in given.roles.items() if _late(every, ticks[role], now)]
    if len(late) == len(given.roles):
        last = max((at for tick in ticks.values() if tick for at in [tick[1]]), default=None)
        yield fail(
            "no role has ever ticked" if last is None else f"no role ticks; the last one did {_ago(now - last)} ago",
            MEND,
        )
        return
    for role in late:
        tick = ticks[role]
        words = "it has never ticked" if tick is None else f"its last tick ended {_ago(now - tick[1])} ago"
        yield fail(f"{words}; it is due at `{given.roles[role]}`", MEND, role)
    bad = [role for role, tick in ticks.items() if tick and tick[0] and role not in late]
    for role in bad:
        yield warn("its last tick failed", f"look into {given.root / 'runtime' / 'logs' / role}.log", role)
    if not (late or bad):
        yield ok(f"{named(list(given.roles), 99)} tick as they should")


def _tick(file: Path) -> tuple[int, datetime] | None:
    """Exit status and end of the last tick, as bin/_role.sh wrote them."""
    with contextlib.suppress(OSError, ValueError):
        status, at = file.read_text().split()
        return int(status), parse(at)
    return None


def _late(every: str, tick: tuple[int, datetime] | None, now: datetime) -> bool:
    if tick is None:
        return True
    missed, minute = 0, now.replace(second=0, microsecond=0) - GRACE
    while minute > tick[1] and missed < MISSED:
        missed += schedule.due(every, minute)
        minute -= timedelta(minutes=1)
    return missed >= MISSED


def _ago(past: timedelta) -> str:
    minutes = int(past.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


CHECK = Check(name="cron", why="Nothing moves unless the roles tick; a dead cron is silent by itself.", look=look)
