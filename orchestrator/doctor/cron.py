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
    began = _began(given)
    late = [r for r, every in given.roles.items() if _late(every, tick[1] if (tick := ticks[r]) else began, now)]
    if len(late) == len(given.roles):
        last = max((at for tick in ticks.values() if tick for at in [tick[1]]), default=None)
        yield fail(
            "no role has ever ticked" if last is None else f"no role ticks; the last one did {_ago(now - last)} ago",
            MEND,
        )
        return
    never = [role for role in late if ticks[role] is None]
    if len(never) > 1:  # one cause, one line
        yield fail(f"{named(never, 99)} have never ticked: they are not scheduled", MEND)
    for role in late:
        tick, due = ticks[role], f"it is due at `{given.roles[role]}`"
        if tick is not None:
            yield fail(f"its last tick ended {_ago(now - tick[1])} ago; {due}", MEND, role)
        elif len(never) == 1:
            yield fail(f"it has never ticked; {due}", MEND, role)
    bad = [role for role, tick in ticks.items() if tick and tick[0] and role not in late]
    for role in bad:
        yield warn("its last tick failed", f"look into {given.root / 'runtime' / 'logs' / role}.log", role)
    if not (late or bad):
        waits = [role for role, tick in ticks.items() if tick is None]
        still = f"; not due yet since it was set up: {named(waits, 99)}" if waits else ""
        ticking = [role for role in given.roles if role not in waits]
        yield ok((f"{named(ticking, 99)} tick as they should" if ticking else "no role has ticked yet") + still)


def _began(given: Given) -> datetime:
    """What was set up a minute ago is not late with what is due each hour. Without a file: long ago."""
    with contextlib.suppress(OSError):
        return datetime.fromtimestamp((given.root / "config.yaml").stat().st_mtime, UTC)
    return datetime.fromtimestamp(0, UTC)


def _tick(file: Path) -> tuple[int, datetime] | None:
    """Exit status and end of the last tick, as bin/_role.sh wrote them."""
    with contextlib.suppress(OSError, ValueError):
        status, at = file.read_text().split()
        return int(status), parse(at)
    return None


def _late(every: str, last: datetime, now: datetime) -> bool:
    missed, minute = 0, now.replace(second=0, microsecond=0) - GRACE
    while minute > last and missed < MISSED:
        missed += schedule.due(every, minute)
        minute -= timedelta(minutes=1)
    return missed >= MISSED


def _ago(past: timedelta) -> str:
    minutes = int(past.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


CHECK = Check(name="cron", why="Nothing moves unless the roles tick; a dead cron is silent by itself.", look=look)
