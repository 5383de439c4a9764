"""Workers: how many, which task next, and the processes they are.

A queue tick starts detached worker processes up to the free slots and returns. Each worker holds one slot lock for
its life and takes tasks, one after another, until none waits: so imports and connections are paid once for many tasks,
and a dead worker gives its slot back by dying. One worker is a program of its own; several are children of one
`spawner`, so that they share the memory of what all of them load.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator import agents, disk, process
from orchestrator.clock import CLOCK_ENV
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import attempt, crash, funds, load
from orchestrator.policy import order
from orchestrator.services import Services
from orchestrator.state import locks

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where a worker is started: `-m orchestrator` finds this very program there, whatever folder it works for."""


QUEUE = "queue"
"""The role that claims."""


def waiting(services: Services) -> tuple[Task, ...]:
    """Tasks that could run now, in the order to try them: those of dead workers first, then the inbox by policy. None
    that a person has switched off."""
    if services.switches.of(role=QUEUE):
        return ()
    busy = load.now(services)
    off = {r.name.casefold() for r in services.settings.repos if services.stopped(r)}
    orphans = (t for t in busy.orphans if t.repo.casefold() not in off)
    repos = {r.name.casefold(): r for r in services.settings.repos}
    inbox = [e.task for e in services.mailbox.list(Folder.INBOX) if not e.hand_move]
    inbox = [t for t in inbox if t.repo.casefold() not in off]
    fresh = funds.affordable(services, inbox)
    served = services.served.all()
    return (*orphans, *order.queue(fresh, repos, running=busy.repos, now=services.now(), served=served))


def slots_dir(services: Services) -> Path:
    return services.settings.runtime / "state" / "slots"


def spawner_lock(services: Services) -> Path:
    """Held by the spawner while it starts workers: nobody starts more meanwhile, and no new version moves in."""
    return slots_dir(services) / "spawner.lock"


def workers(services: Services) -> int:
    """How many workers run, or are being started."""
    return locks.slots_taken(slots_dir(services)) + disk.is_locked(spawner_lock(services))


@dataclass(frozen=True, kw_only=True)
class Started:
    workers: int = 0
    pid: int = 0
    """The worker's, or that of the spawner of several."""


def start_workers(services: Services, *, spare: int = 0) -> Started:
    """Starts as many workers as there are free slots and tasks for them, less `spare`; none while memory is short."""
    if disk.is_locked(spawner_lock(services)):
        return Started()
    free = services.settings.max_parallel_workers - locks.slots_taken(slots_dir(services))
    wanted = min(free, len(waiting(services))) - spare
    if wanted < 1:
        return Started()
    if short := load.short_of_memory(services):
        load.note_memory(services, short)
        return Started()
    load.note_memory(services, "")
    words = ("worker",) if wanted == 1 else ("workers", "--count", str(wanted))
    env = process.clean_env(_environment(services))
    log = services.settings.runtime / "logs" / "workers.log"
    pid = process.spawn_detached((sys.executable, "-m", "orchestrator", *words), cwd=CHECKOUT, env=env, log=log)
    return Started(workers=wanted, pid=pid)


def wait_for_workers(services: Services, started: Started) -> None:
    """Until the workers that were started here, and any others that hold a slot, have ended."""
    process.wait_detached(started.pid)
    while workers(services):
        time.sleep(0.05)


MEMORY_LOOKS = 15
MEMORY_SECONDS = 2.0
"""A worker that finds memory short looks again so often, so far apart; then it ends, which gives its own back."""


def serve(services: Services) -> int:
    """One worker's life: tasks one after another until none is left. Returns how many it worked on."""
    worked = 0
    with locks.slots(slots_dir(services), services.settings.max_parallel_workers) as slot:
        if slot is None:
            return 0
        tried: set[str] = set()
        while True:
            candidates = [t for t in waiting(services) if not tried & {t.id, f"{t.id}:{t.rev}"}]
            if not candidates or not _memory(services):
                return worked
            task = candidates[0]
            tried.add(f"{task.id}:{task.rev}")
            if one(services, task):
                worked += 1
            else:  # somebody else has it, or it failed: at once is no better time for another try
                tried.add(task.id)


def _memory(services: Services) -> bool:
    """Waits for it a while; False when it did not come."""
    for left in range(MEMORY_LOOKS, -1, -1):
        if not (short := load.short_of_memory(services)):
            return True
        load.note_memory(services, short)
        if left:
            time.sleep(MEMORY_SECONDS)
    return False


def one(services: Services, task: Task) -> bool:
    """The fence round one task: whatever goes wrong in it is recorded, and the next task is not stopped by it."""
    try:
        with _room(services, task) as free:
            return free and attempt.work(services, task.id)
    except Exception as error:  # noqa: BLE001 - the fence: the task stays in processing/, the next tick takes it up
        crash.worker(services, task, error)
        return False


@contextlib.contextmanager
def _room(services: Services, task: Task) -> Iterator[bool]:
    """One of the repository's own places, where it has a number of them: held by the kernel's word, as the slots are,
    so that two workers that saw the same last place do not both take it."""
    repo = services.settings.repo(task.repo)
    if repo is None or not repo.max_parallel:
        yield True
        return
    with locks.slots(slots_dir(services) / "repos" / repo.key, repo.max_parallel) as place:
        yield place is not None


def _environment(services: Services) -> dict[str, str]:
    """What a worker needs of ours: where the config is, the clock, and the names of its secrets."""
    import os

    settings = services.settings
    names = {settings.github.token_env, settings.telegram.token_env, CLOCK_ENV, "AGENT_OS_CONFIG", "ORCH_ROOT"}
    names |= {name for agent in settings.agents for name in (*agent.env, *agents.variables(agent))}
    return {name: os.environ[name] for name in names if name in os.environ} | {
        "AGENT_OS_CONFIG": str(settings.config_file),
        "ORCH_ROOT": str(settings.root),
    }
