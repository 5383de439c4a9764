"""Where one open item stands: what `policy.liveness` is told, gathered once for all of them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.mailbox.box import Entry
from orchestrator.model.standing import Standing
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import parse
from orchestrator.operations import DOING, shown
from orchestrator.pipeline import funds, load, pool
from orchestrator.policy import liveness, merge
from orchestrator.services import Services
from orchestrator.state import locks, ticks
from orchestrator.state.store import CorruptState

_WHY = re.compile(r"why=(['\"])(.*?)\1", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is the same for all open items of one look."""

    held: str = ""
    """What keeps what waits from being taken up."""
    over: Mapping[str, str] = field(default_factory=dict)
    """Repository's key to the words of a budget that is reached there."""
    ticks: Mapping[str, datetime] = field(default_factory=dict)
    decided: Mapping[str, str] = field(default_factory=dict)
    """Subject of a signature to its state: the newest decision about each pull request among them."""


def told(services: Services) -> Told:
    most = services.settings.max_parallel_workers
    busy = most and locks.slots_taken(pool.slots_dir(services)) >= most
    held = load.short_of_memory(services) or (f"all {most} workers are busy" if busy else "")
    spent = {r.key: over.words for r in services.settings.repos if (over := funds.repo(services, r)) is not None}
    return Told(held=held, over=spent, ticks=ticks.all(services.settings.runtime), decided=services.signatures.all())


def of(services: Services, entry: Entry, known: Told) -> Standing:
    """Of one task that is not over."""
    found = entry.task
    repo = services.settings.repo(found.repo)
    held = known.over.get(repo.key, known.held) if repo is not None else known.held
    longest = max((a.timeout_minutes for a in services.settings.agents), default=0.0)
    queue = services.switches.of(role="queue")
    off = services.stopped(repo) or (queue.words if queue and entry.folder is not Folder.REVIEW else "")
    return liveness.of_task(
        liveness.Seen(
            task=found,
            folder=entry.folder,
            now=services.now(),
            alive=entry.folder is Folder.PROCESSING and services.mailbox.alive(entry.id),
            managed=repo is not None,
            off=off,
            held=held,
            decided="" if _said_since(services, entry, known) else _decided(known, found),
            approval=_approval(services, entry),
            run_minutes=max(found.max_runtime_minutes, longest) + (repo.verify_minutes if repo else 0),
            ticks=known.ticks,
        )
    )


def _decided(known: Told, found: Task) -> str:
    """Why its pull request waits; empty where it does not, or nobody has looked."""
    state = known.decided.get(f"pull:{found.id}", "")
    match = _WHY.search(state) if state.startswith("Wait(") else None
    return match[2] if match else ""


def _said_since(services: Services, entry: Entry, known: Told) -> bool:
    """A person approved the published head after the pull request monitor looked: it no longer waits for them."""
    looked = known.ticks.get("pr_monitor")
    if entry.folder is not Folder.REVIEW or merge.APPROVAL not in _decided(known, entry.task):
        return False
    with contextlib.suppress(CorruptState):
        words = [w for w in services.approvals.of(entry.id) if w.head_sha == entry.task.pushed_sha]
        newest = max(words, key=lambda w: (w.at, not w.approve), default=None)
        return newest is not None and newest.approve and (looked is None or parse(newest.at) >= looked)
    return False


def _approval(services: Services, entry: Entry) -> str:
    """What its published head still wants of a person."""
    if entry.folder is not Folder.REVIEW or entry.task.phase is not Phase.PUBLISHED:
        return ""
    doing = shown(services, entry).doing
    return "" if doing == DOING[Phase.PUBLISHED] else doing
