"""Running roles: one tick under its overlap lock, or all of them on their schedule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import idle
from orchestrator.cli import listening
from orchestrator.policy import schedule
from orchestrator.roles import ROLES
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services
from orchestrator.state import locks, ticks

if TYPE_CHECKING:
    from orchestrator.web.desk import Desk

BUSY = "another tick of this role is still running; skipped"


def once(services: Services, role: str, *, dry_run: bool = False, wait: bool = False) -> list[str]:
    """One tick. A role that is still ticking elsewhere is left alone (DECISIONS D10)."""
    state = services.settings.runtime / "state"
    with locks.hold(state / "locks" / f"role-{role}.lock") as mine:
        if not mine:
            return [BUSY]
        note = idle_note(services.settings.root, role)
        # What is watched is looked at before the tick: a change during it must be seen by the next.
        watched = idle.stats([*_always(services), *ROLES[role].watched(services)])
        services.github.questions.clear()
        if (off := services.switches.of(role=role)) is not None:
            ticked = Ticked(did=(off.words,), settled=True)
        elif role == "queue":
            from orchestrator.roles import queue

            ticked = queue.tick(services, dry_run=dry_run, wait=wait)
        else:
            ticked = ROLES[role].tick(services, dry_run=dry_run)
        if not dry_run:
            _note(services, ticked, note, watched)
            ticks.note(services.settings.runtime, role, services.now())
        return list(ticked.did)


def idle_note(root: Path, role: str) -> Path:
    """Always under the root, so that it is found before any configuration is read."""
    return root / "runtime" / "state" / "idle" / f"{role}.json"


def _always(services: Services) -> list[Path]:
    """A changed configuration, clock or switch ends every idleness."""
    clock = [services.clock.file] if services.clock.file else []
    return [services.settings.config_file, *clock, services.switches.folder]


def _note(services: Services, ticked: Ticked, note: Path, watched: idle.Watched) -> None:
    said = services.settings.github
    questions = [
        {"url": q.url, "body": q.body, "answer": q.answer, "token_env": said.token_env}
        for q in services.github.questions
    ]
    # Only a token of the environment can be had without the program; all others mean a full tick.
    if ticked.settled and (not questions or not (said.app_id or said.token_file)):
        idle.remember(note, watched, questions=questions)
    else:
        idle.forget(note)


def up(
    build: Callable[[str], Services],
    *,
    seconds: float | None,
    say: Callable[[str], object],
    stop: Callable[[], bool] = bool,
) -> None:
    """Every role whenever its cron line is due, until interrupted. The first pass runs all of them. As under cron, a
    changed configuration holds from the next tick on; one that cannot be used is told, and the last good one holds."""
    from orchestrator.web.desk import Desk  # heavy for a tick, which needs none of it

    desks = {role: Desk(partial(build, role)) for role in ROLES}
    try:
        _up(desks, seconds, say, stop)
    finally:
        for desk in desks.values():
            desk.close()


def _up(desks: dict[str, Desk], seconds: float | None, say: Callable[[str], object], stop: Callable[[], bool]) -> None:
    clock = next(iter(desks.values())).services.clock
    problem = ""
    until = time.monotonic() + seconds if seconds is not None else None
    with listening.beside(desks[listening.ROLE], say) as aside:
        mine = {role: module for role, module in ROLES.items() if not (aside and role == listening.ROLE)}
        last: datetime | None = None
        try:
            while until is None or time.monotonic() < until:
                minute = clock.now().replace(second=0, microsecond=0)
                for role, module in mine.items():
                    if last is None or _came_due(module.EVERY, last, minute):
                        services = desks[role].services
                        if desks[role].problem not in ("", problem):
                            problem = desks[role].problem
                            say(f"{clock.now():%H:%M:%S} the last good configuration holds: {problem}")
                        for line in _guarded(services, role):
                            say(f"{clock.now():%H:%M:%S} {role}: {line}")
                last = minute
                if stop():
                    return
                time.sleep(0.5)
        except KeyboardInterrupt:
            say("stopped; running workers end their tasks by themselves")


def _guarded(services: Services, role: str) -> list[str]:
    """Under cron a role that fails is started again by its next minute; so it is here."""
    lines: list[str] = []
    with fence(services, None, f"role {role}") as failed:
        lines += once(services, role)
    return [*lines, *(f"failed, {words}" for words in failed)]


def _came_due(every: str, last: datetime, now: datetime) -> bool:
    """Did the line fall due in a minute after `last`, up to `now`? One catch-up, never two; bounded to a day."""
    minute = max(last, now - timedelta(days=1)) + timedelta(minutes=1)
    while minute <= now:
        if schedule.due(every, minute):
            return True
        minute += timedelta(minutes=1)
    return False
