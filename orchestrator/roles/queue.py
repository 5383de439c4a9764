"""Heal what died, carry out what was moved by hand, start workers. An idle tick asks GitHub nothing."""

from __future__ import annotations

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from orchestrator.pipeline import hand, keep, pool
from orchestrator.roles.base import fence
from orchestrator.services import Services

EVERY = "* * * * *"


def tick(services: Services, *, dry_run: bool = False, wait: bool = False, here: bool = False) -> list[str]:
    """`wait` stays until the workers are done; `here` works in this process instead of starting any."""
    did: list[str] = []
    if not dry_run:
        did += _heal(services)
        notify.flush(services)
        keep.daily(services)
    tasks = pool.waiting(services)
    if dry_run:
        return [f"{t.id}: would run" for t in tasks]
    if not tasks:
        return did
    if here:
        return [*did, f"worked on {pool.serve(services)} tasks"]
    pids = pool.start_workers(services)
    if wait:
        pool.wait_for_workers(services, timeout=24 * 3600)
    return [*did, f"{len(pids)} workers started"] if pids else did


def _heal(services: Services) -> list[str]:
    did: list[str] = []
    for healed in services.mailbox.heal():
        services.record(EventKind.QUARANTINED, task=None, id=healed.id, what=healed.what)
        did.append(f"{healed.id}: {healed.what}")
        if healed.needs_person:
            text = services.redact(f"{healed.id}: {healed.what}")
            notify.alert(
                services,
                Alert(
                    kind=AlertKind.SYSTEM,
                    subject=f"mailbox:{healed.id}",
                    state=healed.what,
                    text=text,
                    action=f"see corrupt/{healed.id}.reason",
                ),
            )
    for entry in services.mailbox.hand_moves():
        with fence(services, entry.task, "hand move"):
            hand.moved(services, entry)
            did.append(f"{entry.id}: moved by hand to {entry.folder.value}/")
    return did


FOLDERS = (Folder.INBOX, Folder.PROCESSING)
