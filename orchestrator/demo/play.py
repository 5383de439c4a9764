"""The organization at work: the ticks that cron would run, on real worker processes, and what people do in between.

Each round is what a few minutes of cron do: the dispatcher, the queue, then, once its workers and the hub's CI are at
rest, the pull request monitor. So the two issues that touch one line always start from the same commit, and the second
always conflicts; everything else may happen in any order.
"""

from __future__ import annotations

import time

from orchestrator import process
from orchestrator.cli import ticking
from orchestrator.demo.scenario import Outcome, order
from orchestrator.demo.watch import Watch
from orchestrator.demo.world import World
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder

LOOK = 0.05
QUIET_ROUNDS = 8
"""So many rounds in which nothing happens although something is still under way: it never will."""
TOO_MANY = 20
"""Crashes of single steps after which the rest would only repeat them."""
ACTIVE = (Folder.INBOX, Folder.PROCESSING, Folder.REVIEW)


def play(world: World, watch: Watch, *, limit: float) -> None:
    """Files the issues and lets the organization work until it rests, or for `limit` seconds."""
    until = time.monotonic() + limit
    for story in order(world.scenario.stories):
        watch.note(world.file(story), f"filed by {story.author}: {story.title}")
    for filed in world.filed:
        world.set_ready(filed)
        watch.note(filed, "set Ready")
    quiet = 0
    while time.monotonic() < until and _crashes(world) < TOO_MANY:
        happened = _round(world, watch, until)
        quiet = 0 if happened else quiet + 1
        if quiet and (_at_rest(world) or (quiet >= QUIET_ROUNDS and not _waits(world))):
            return
        if quiet:
            time.sleep(4 * LOOK)


def _round(world: World, watch: Watch, until: float) -> bool:
    """Every role once. True when anything was recorded."""
    before = _head(world)
    ticking.once(world.services("dispatcher"), "dispatcher")
    ticking.once(world.services("queue"), "queue")
    while process.detached() and time.monotonic() < until:
        time.sleep(LOOK)
    world.hub.ci_idle(max(0.0, until - time.monotonic()))
    ticking.once(world.services("pr_monitor"), "pr_monitor")
    return _people(world, watch) or _head(world) > before


def _head(world: World) -> int:
    return world.services("queue").ledger.head()[0]


def _crashes(world: World) -> int:
    return sum(r.kind == EventKind.CRASH.value for r in world.services("queue").ledger.tail(200))


def _people(world: World, watch: Watch) -> bool:
    """Whoever has to mend or approve something does it, once, when the task waits for that."""
    moved = False
    for filed in world.filed:
        person = filed.story.person
        if person is None or filed in world.mended:
            continue
        if person.approves and (number := world.waits_for_approval(filed)):
            world.approve(filed, number)
            watch.note(filed, f"a person reads and approves pull request #{number}")
            moved = True
        elif not person.approves and world.outcome(filed) is Outcome.ESCALATED:
            world.mend(filed)
            watch.note(filed, "a person mends it and moves the file from escalated/ to inbox/")
            moved = True
    return moved


def _at_rest(world: World) -> bool:
    """Nothing is under way, and what was merged is remembered."""
    services = world.services("queue")
    return not any(services.mailbox.ids(f) for f in ACTIVE) and not any(
        services.memory.pending(r.key) for r in services.settings.repos
    )


def _waits(world: World) -> bool:
    """Something waits for a time that was set: an engineer out of quota."""
    now = world.services("queue").now().isoformat()
    return any(e.task.not_before > now[:19] for e in world.services("queue").mailbox.list(Folder.INBOX))
