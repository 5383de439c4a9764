"""What a person sees, and the orders a person may give. Command line, web page and bot all speak through here.

Status is derived on each read, never stored. Every order is one typed function, recorded with the person's name.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.mailbox.box import Claim, Entry, Unreadable
from orchestrator.model.errors import Told
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.operators import Right
from orchestrator.model.result import BlockerCode
from orchestrator.model.settings import AutomationMode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.pipeline import funds, intake, load, pool
from orchestrator.planning import planner
from orchestrator.planning.objectives import faults
from orchestrator.policy import approval, operators
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.store import CorruptState


class OrderRefused(Told):
    """The order cannot be carried out now; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class TaskLine:
    id: str
    repo: str
    issue: int | None
    title: str
    folder: str
    doing: str
    """What happens next, in words."""
    agent: str
    attempts: int
    pull_request: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    counts: dict[str, int]
    workers: int
    workers_max: int
    waits: str
    """Why nothing new is claimed though tasks wait; empty when nothing stands in the way."""
    tasks: tuple[TaskLine, ...]
    """Everything that is not done."""
    ignored: tuple[str, ...]
    """Files in the mailbox that are no task files."""
    ledger_seq: int
    plans: tuple[str, ...] = ()
    """Plans that wait for a person."""
    off: tuple[str, ...] = ()
    """What is switched off, in words."""
    objectives: tuple[str, ...] = ()
    """Faults of objectives that cannot be used, and of named ones that are not there."""


OPEN = tuple(f for f in Folder if f not in (Folder.DONE, Folder.CORRUPT))


def status(services: Services) -> Overview:
    box = services.mailbox
    counts = {f.value: len(box.ids(f)) for f in Folder}
    lines = tuple(shown(services, e) for f in OPEN for e in box.list(f))
    budgets = [over.words for over in funds.standing_now(services)]
    return Overview(
        counts=counts,
        workers=locks.slots_taken(pool.slots_dir(services)),
        workers_max=services.settings.max_parallel_workers,
        waits="\n".join(w for w in (load.short_of_memory(services), *budgets) if w),
        tasks=lines,
        ignored=box.survey(OPEN).ignored,
        ledger_seq=services.ledger.head()[0],
        plans=tuple(f"{r.name}: {held}" for r in services.settings.repos if (held := planner.waits(services, r))),
        off=tuple(s.words for s in services.switches.off()),
        objectives=tuple(line for found in faults(services.settings, os.environ) for line in found),
    )


def tasks(services: Services, folder: Folder | None = None) -> tuple[TaskLine, ...]:
    folders = [folder] if folder else [f for f in Folder if f is not Folder.CORRUPT]
    return tuple(shown(services, e) for f in folders for e in services.mailbox.list(f))


def task(services: Services, id: str) -> tuple[Folder, Task]:
    """Raises OrderRefused for an unknown id or an unreadable file."""
    try:
        entry = services.mailbox.find(TaskId(id))
    except Unreadable as why:
        raise OrderRefused(f"task {id!r} cannot be read: {why}; see corrupt/{id}.reason") from why
    if entry is None:
        raise OrderRefused(f"no task {id!r}; `agent-os task ls` lists them")
    return entry.folder, entry.task


def retry(services: Services, id: str, *, person: str) -> TaskLine:
    """The same as moving the file to inbox/: counters reset, history kept; a done task gets a new generation."""
    folder, found = task(services, id)
    repo = services.settings.repo(found.repo)
    if repo is not None and repo.automation_mode is AutomationMode.OBSERVE:
        raise OrderRefused(f"{repo.name} is in the mode observe: nothing runs there; change its automation_mode first")
    if folder is Folder.DONE:
        from orchestrator.pipeline import hand

        later = hand.later_generation(services, found)
        if later is not None and later[1] is not Folder.DONE:
            raise OrderRefused(f"task {id} has a later generation, {later[0]} in {later[1].value}/; retry that one")
        order(services, found, person, "retry")
        fresh = hand.next_generation(services, found)
        services.mailbox.put(fresh)
        return line(Entry(id=fresh.id, folder=Folder.INBOX, task=fresh))
    if folder not in (Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED, Folder.HOLD):
        raise OrderRefused(f"task {id} is in {folder.value}/; only a stopped or held task can be retried")
    with held(services, found) as claim:
        order(services, found, person, "retry")
        claim = intake.again(services, claim, f"retry ordered by {person}")
    return line(Entry(id=claim.task.id, folder=claim.folder, task=claim.task))


@contextlib.contextmanager
def held(services: Services, found: Task) -> Iterator[Claim]:
    """The task's claim, or a clear refusal while a worker has it."""
    with services.mailbox.claim(found.id) as claim:
        if claim is None:
            raise OrderRefused(f"task {found.id} is being worked on right now; try again when its run has ended")
        yield claim


def allow(services: Services, person: str, right: Right) -> None:
    """Whatever the surface: raises OrderRefused, naming who may. Every order comes by here before it is recorded."""
    listed = services.settings.operators
    if not operators.may(listed, person, right):
        able = ", ".join(o.github for o in listed if right in o.may) or "nobody"
        raise OrderRefused(f"{person} may not {right.value} here; who may: {able} (`operators` in config.yaml)")


def order(services: Services, found: Task, person: str, what: str, **more: str) -> None:
    """In the ledger: who ordered what. Raises OrderRefused for who may not."""
    allow(services, person, Right.APPROVE if what in ("approve", "reject") else Right.ORDER)
    services.ledger.write(
        Event(
            kind=EventKind.ORDER,
            actor=Actor(kind="person", id=person),
            repo=found.repo,
            task=found.id,
            data={"order": what, **more},
        )
    )


DOING = {
    Phase.QUEUED: "waits for a worker",
    Phase.RUNNING: "an agent works on it",
    Phase.RAN: "the gate looks at it",
    Phase.JUDGED: "judged, not yet acted on",
    Phase.PUBLISHED: "its pull request waits to land",
    Phase.MERGED: "merged, books are being closed",
    Phase.CLOSING: "is being stopped",
}


def shown(services: Services, entry: Entry) -> TaskLine:
    """As `line`; where a published head waits for a person or was refused by one, that is what it waits for."""
    found, seen = entry.task, line(entry)
    repo = services.settings.repo(found.repo)
    passed = found.verdict is not None and found.verdict.passed and found.verdict.head_sha == found.pushed_sha
    if entry.folder is not Folder.REVIEW or found.phase is not Phase.PUBLISHED or repo is None or not passed:
        return seen
    try:
        words = [w for w in services.approvals.of(found.id) if w.head_sha == found.pushed_sha]
    except CorruptState as why:
        return replace(seen, doing=f"approvals cannot be read: {why}")
    newest = max(words, key=lambda w: (w.at, not w.approve), default=None)
    told = approval.shown(found, repo, newest, loopback=services.settings.github.loopback)
    return seen if told is None or told.state == "success" else replace(seen, doing=told.text)


def line(entry: Entry) -> TaskLine:
    found = entry.task
    return TaskLine(
        id=found.id,
        repo=found.repo,
        issue=found.issue,
        title=found.title,
        folder=entry.folder.value,
        doing=_doing(entry.folder, found),
        agent=found.attempts[-1].agent if found.attempts else found.agent,
        attempts=len(found.attempts),
        pull_request=found.pull_request,
        reason=found.reason,
    )


def _doing(folder: Folder, found: Task) -> str:
    if folder in (Folder.BLOCKED, Folder.ESCALATED):
        return "waits for a person"
    if folder is Folder.HOLD:
        return "on hold"
    if folder in (Folder.DONE, Folder.FAILED):
        return found.reason.removeprefix(f"{BlockerCode.NONE.value}: ") or "over"
    if found.not_before and found.phase is Phase.QUEUED:
        return f"waits until {found.not_before}"
    return DOING[found.phase]
