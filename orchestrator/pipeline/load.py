"""What runs now, and whether the machine has room for more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from orchestrator import machine
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.policy import capacity
from orchestrator.services import Services

_SUBJECT = "memory"


@dataclass(frozen=True, kw_only=True)
class Load:
    """From processing/ and its locks: a task counts while a living worker has it."""

    orphans: tuple[Task, ...]
    """Tasks whose worker died."""
    repos: Counter[str]
    """Tasks at work by repository, in lower case."""
    agents: Counter[str]
    """Agent runs under way by agent."""


def now(services: Services) -> Load:
    box = services.mailbox
    entries = box.list(Folder.PROCESSING)
    alive = [e.task for e in entries if box.alive(e.id)]
    living = {t.id for t in alive}
    return Load(
        orphans=tuple(e.task for e in entries if e.id not in living),
        repos=Counter(t.repo.casefold() for t in alive),
        agents=Counter(t.attempts[-1].agent for t in alive if t.phase is Phase.RUNNING and t.attempts),
    )


def short_of_memory(services: Services) -> str:
    """Why no task is claimed now, in words; empty when there is memory enough."""
    wanted = capacity.wanted_free_mb(services.settings.min_free_memory_mb, total_mb=machine.total_memory_mb())
    free = machine.free_memory_mb()
    return f"{free} MB of memory are free, a claim waits for {wanted} MB" if free < wanted else ""


def note_memory(services: Services, short: str) -> None:
    """In the ledger when it begins and when it is over, not at every tick between."""
    was_short = services.signatures.seen(_SUBJECT, "short")
    if bool(short) == was_short:
        return
    services.record(EventKind.WAITING, None, what="memory", why=short or "there is enough again")
    services.signatures.remember(_SUBJECT, "short" if short else "enough")
