"""Workers: how many, which task next, and the processes they are.

A queue tick starts detached worker processes up to the free slots and returns. Each worker holds one slot lock for
its life and takes tasks, one after another, until none waits: so imports and connections are paid once for many tasks,
and a dead worker gives its slot back by dying.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from orchestrator import process
from orchestrator.clock import CLOCK_ENV
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import attempt, crash
from orchestrator.policy import order
from orchestrator.services import Services
from orchestrator.state import locks

CHECKOUT = Path(__file__).resolve().parents[2]
"""Where a worker is started: `-m orchestrator` finds this very program there, whatever folder it works for."""


def waiting(services: Services) -> tuple[Task, ...]:
    """Tasks that could run now, in the order to try them: those of dead workers first, then the inbox by policy."""
    box = services.mailbox
    processing = box.list(Folder.PROCESSING)
    busy = {e.id: box.alive(e.id) for e in processing}
    orphans = [e.task for e in processing if not busy[e.id]]
    running = Counter(e.task.repo.casefold() for e in processing if busy[e.id])
    repos = {r.name.casefold(): r for r in services.settings.repos}
    fresh = [e.task for e in box.list(Folder.INBOX) if not e.hand_move]
    return (*orphans, *order.queue(fresh, repos, running=running, now=services.now(), served=services.served.all()))


def slots_dir(services: Services) -> Path:
    return services.settings.runtime / "state" / "slots"


def start_workers(services: Services, *, spare: int = 0) -> list[int]:
    """Starts as many workers as there are free slots and tasks for them, less `spare`. Returns their process ids."""
    limit = services.settings.max_parallel_workers
    free = limit - locks.slots_taken(slots_dir(services), limit)
    wanted = min(free, len(waiting(services))) - spare
    env = process.clean_env(_environment(services))
    return [
        process.spawn_detached(
            (sys.executable, "-m", "orchestrator", "worker"),
            cwd=CHECKOUT,
            env=env,
            log=services.settings.runtime / "logs" / "workers.log",
        )
        for _ in range(wanted)
    ]


def wait_for_workers(services: Services, pids: list[int]) -> None:
    """Until the workers that were started here, and any others that hold a slot, have ended."""
    for pid in pids:
        process.wait_detached(pid)
    while locks.slots_taken(slots_dir(services), services.settings.max_parallel_workers):
        time.sleep(0.05)


def serve(services: Services) -> int:
    """One worker's life: tasks one after another until none is left. Returns how many it worked on."""
    worked = 0
    with locks.slots(slots_dir(services), services.settings.max_parallel_workers) as slot:
        if slot is None:
            return 0
        tried: set[str] = set()
        while True:
            candidates = [t for t in waiting(services) if not tried & {t.id, f"{t.id}:{t.rev}"}]
            if not candidates:
                return worked
            task = candidates[0]
            tried.add(f"{task.id}:{task.rev}")
            if one(services, task):
                worked += 1
            else:  # somebody else has it, or it failed: at once is no better time for another try
                tried.add(task.id)


def one(services: Services, task: Task) -> bool:
    """The fence round one task: whatever goes wrong in it is recorded, and the next task is not stopped by it."""
    try:
        return attempt.work(services, task.id)
    except Exception as error:  # noqa: BLE001 - the fence: the task stays in processing/, the next tick takes it up
        crash.worker(services, task, error)
        return False


def _environment(services: Services) -> dict[str, str]:
    """What a worker needs of ours: where the config is, the clock, and the names of its secrets."""
    import os

    settings = services.settings
    names = {settings.github.token_env, settings.telegram.token_env, CLOCK_ENV, "AGENT_OS_CONFIG", "ORCH_ROOT"}
    names |= {name for agent in settings.agents for name in agent.env}
    return {name: os.environ[name] for name in names if name in os.environ} | {
        "AGENT_OS_CONFIG": str(settings.config_file),
        "ORCH_ROOT": str(settings.root),
    }
