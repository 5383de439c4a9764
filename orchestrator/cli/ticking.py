"""Running roles: one tick under its overlap lock, or all of them on their schedule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from orchestrator.policy import schedule
from orchestrator.roles import ROLES
from orchestrator.services import Services
from orchestrator.state import locks

BUSY = "another tick of this role is still running; skipped"


def once(services: Services, role: str, *, dry_run: bool = False, wait: bool = False) -> list[str]:
    """One tick. A role that is still ticking elsewhere is left alone (DECISIONS D10)."""
    path = services.settings.runtime / "state" / "locks" / f"role-{role}.lock"
    with locks.hold(path) as mine:
        if not mine:
            return [BUSY]
        if role == "queue":
            from orchestrator.roles import queue

            return queue.tick(services, dry_run=dry_run, wait=wait)
        return ROLES[role].tick(services, dry_run=dry_run)


def up(
    build: Callable[[str], Services],
    *,
    seconds: float | None,
    say: Callable[[str], object],
    stop: Callable[[], bool] = bool,
) -> None:
    """Every role whenever its cron line is due, until interrupted. The first pass runs all of them."""
    services = {role: build(role) for role in ROLES}
    clock = next(iter(services.values())).clock
    until = time.monotonic() + seconds if seconds is not None else None
    last: datetime | None = None
    try:
        while until is None or time.monotonic() < until:
            minute = clock.now().replace(second=0, microsecond=0)
            for role, module in ROLES.items():
                if last is None or _came_due(module.EVERY, last, minute):
                    for line in once(services[role], role):
                        say(f"{clock.now():%H:%M:%S} {role}: {line}")
            last = minute
            if stop():
                return
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("stopped; running workers end their tasks by themselves")


def _came_due(every: str, last: datetime, now: datetime) -> bool:
    """Did the line fall due in a minute after `last`, up to `now`? One catch-up, never two; bounded to a day."""
    minute = max(last, now - timedelta(days=1)) + timedelta(minutes=1)
    while minute <= now:
        if schedule.due(every, minute):
            return True
        minute += timedelta(minutes=1)
    return False
