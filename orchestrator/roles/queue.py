"""Heal what died, carry out what was moved by hand, start workers. An idle tick asks GitHub nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from orchestrator import idle, notify
from orchestrator.mailbox.box import Healed, Healing
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from orchestrator.pipeline import funds, hand, keep, pool, reap
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "* * * * *"

READ = tuple(f for f in Folder if f not in (Folder.DONE, Folder.CORRUPT))
"""Folders whose files are read whole when something changed; of the thousands in done/ only `place` is looked at."""

SUBJECT = "mailbox"


def watched(services: Services) -> list[Path]:
    return [*(services.mailbox.root / f.value for f in Folder), services.outbox.root / "pending"]


def tick(services: Services, *, dry_run: bool = False, wait: bool = False, here: bool = False) -> Ticked:
    """`wait` stays until the workers are done; `here` works in this process instead of starting any."""
    if dry_run:
        return Ticked(did=tuple(f"{t.id}: would run" for t in pool.waiting(services)))
    did: list[str] = []
    listing = _listing(services)
    with fence(services, None, "healing"):
        if not services.signatures.seen(SUBJECT, listing):
            healed, moves = _heal(services)
            did += healed
            # A move that could not be carried out (its worker still runs, GitHub is away) is looked at again.
            if not (moves and services.mailbox.moved()):
                services.signatures.remember(SUBJECT, _listing(services))
    with fence(services, None, "overdue workers"):
        did += reap.overdue(services)
    with fence(services, None, "what is finished"):
        keep.finished(services)
    with fence(services, None, "alerts"):
        notify.flush(services)
    with fence(services, None, "budgets"):
        funds.tell(services)
    with fence(services, None, "daily"):
        keep.daily(services)
    tasks = pool.waiting(services)
    if not tasks:
        busy = (
            services.mailbox.ids(Folder.INBOX) or services.mailbox.ids(Folder.PROCESSING) or services.outbox.pending()
        )
        return Ticked(did=tuple(did), settled=not did and not busy)
    if here:
        return Ticked(did=(*did, f"worked on {pool.serve(services)} tasks"))
    if wait:
        # Who waits anyway takes one of the slots itself: a process less to start.
        started = pool.start_workers(services, spare=1)
        pool.serve(services)
        pool.wait_for_workers(services, started)
        return Ticked(did=(*did, f"{started.workers + 1} workers, until all was done"))
    started = pool.start_workers(services)
    return Ticked(
        did=(*did, f"{started.workers} worker{'s' * (started.workers != 1)} started") if started.workers else tuple(did)
    )


def _listing(services: Services) -> str:
    """A digest of which names stand where, and when each folder last changed: the same as last time means that nobody
    moved anything, us included; a file that went and came back shows in the folder's time."""
    root = services.mailbox.root
    names = [f"{f.value}/{id}" for f in Folder for id in services.mailbox.ids(f)]
    times = idle.stats(root / f.value for f in Folder)
    return hashlib.sha256(repr((names, times)).encode()).hexdigest()


def _heal(services: Services) -> tuple[list[str], bool]:
    """What was done, and whether there were hand moves."""
    did: list[str] = []
    for healed in services.mailbox.heal(services.mailbox.survey(READ)):
        did.append(f"{healed.id}: {healed.what.value} ({healed.detail})")
        _tell(services, healed)
    moves = services.mailbox.moved()
    for entry in moves:
        with fence(services, entry.task, "hand move"):
            hand.moved(services, entry)
            did.append(f"{entry.id}: moved by hand to {entry.folder.value}/")
    return did, bool(moves)


def _tell(services: Services, healed: Healed) -> None:
    services.record(EventKind.QUARANTINED, None, id=healed.id, what=healed.what.value, detail=healed.detail)
    if healed.what in (Healing.QUARANTINED, Healing.UNREADABLE):
        text = services.redact(f"{healed.id}: {healed.what.value}. {healed.detail}")
        action = f"see corrupt/{healed.id}.reason"
        services_alert = Alert(
            kind=AlertKind.SYSTEM, subject=f"mailbox:{healed.id}", state=healed.detail, text=text, action=action
        )
        notify.alert(services, services_alert)
