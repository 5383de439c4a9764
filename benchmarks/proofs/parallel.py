"""Fifty agents at once: every task ends right, what our own processes cost, and nothing is left running.

One world with the embedded GitHub and real worker processes, started by one tick of the queue as cron would. Scripted
agents tell one event a second from their start until a file appears in their HOME; they are let go when all are at
work and our own processes were measured. Ours are the spawner, the workers and the proxies that are their children;
the agents and the boxes they run in are not, and are reported beside.

Then real programs: ten of codex and ten of claude at once, each with the model stub on loopback as its provider.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.proof import Report
from orchestrator import process
from orchestrator.clock import CLOCK_ENV
from orchestrator.model.confinement import Level
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import load, pool
from orchestrator.roles import queue
from tests.contract.agents import install
from tests.journeys.world import World, works
from tests.stubs import models

AGENTS = 50
SECONDS = 20.0
"""How long our processes are measured."""
MOST_MB = 1024
MOST_PERCENT = 10.0
"""Of one core."""
START_SECONDS = 400.0
END_SECONDS = 400.0
REAL = 20
DELAY = 15
"""Seconds until the stub's first byte, so that the real programs are at work at the same time."""
KEYS = {"claude": ("ANTHROPIC_API_KEY", ""), "codex": ("OPENAI_API_KEY", "/v1")}
"""The variable of each program's key, and what follows the provider's address."""
REPOS = ("ada/two", "ada/three", "ada/four", "ada/five")
UNTIL_LET_GO = 'n=0; while [ ! -e "$HOME/go" ]; do n=$((n+1)); echo "at work, $n"; sleep 1; done'


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of our processes while all agents were at work."""

    workers: int
    proxies: int
    pss_mb: float
    percent: float
    """CPU, of one core."""
    private_mb: float
    """Of the median worker."""
    agents_pss_mb: float
    started_seconds: float


def prove(report: Report) -> None:
    cost = scripted(report)
    if cost is not None:
        told(report, cost)
    real(report)


def scripted(report: Report) -> Cost | None:
    with tempfile.TemporaryDirectory(prefix="parallel-") as scratch:
        world = crowd(Path(scratch), AGENTS)
        try:
            with environment(world):
                cost = at_once(world, AGENTS, SECONDS, report)
        finally:
            process.end_detached()
            world.close()
        left = processes.of(Path(scratch))
    report.failures += [f"left running: {pid} {words}" for pid, words in left.items()]
    return cost


def real(report: Report) -> None:
    """As many real programs at once as `REAL` says, half of each kind; every task must end with its file in review."""
    missing = [name for name in KEYS if not install.installed(name)]
    if missing:
        report.not_proven.append(f"real programs: {', '.join(missing)} not installed (bin/setup-agents)")
        return
    with tempfile.TemporaryDirectory(prefix="parallel-") as scratch, models.running() as stub:
        world = hired(Path(scratch), stub)
        try:
            with environment(world):
                queue.tick(world.services)
                until(lambda: pool.workers(world.services) > 0, 30)
                at_once = 0
                end = time.monotonic() + END_SECONDS
                while pool.workers(world.services) and time.monotonic() < end:
                    at_once = max(at_once, sum(load.now(world.services).agents.values()))
                    time.sleep(0.2)
            ended = [(t, world.place(t.id)) for t in _tasks(world)]
        finally:
            process.end_detached()
            world.close()
        left = processes.of(Path(scratch))
    right = [t for t, place in ended if place == "review" and all(a.failure.value == "none" for a in t.attempts)]
    report.figures["real_at_once"] = at_once
    report.figures["real_by_agent"] = {n: sum(t.attempts[-1].agent == n for t in right) for n in KEYS}
    report.hold("real_that_ended_right", len(right), at_least=REAL)
    report.figures["real_keys_seen_by_the_provider"] = len({a.key for a in stub.asked})
    report.failures += [f"left running: {pid} {words}" for pid, words in left.items()]
    report.failures += [
        f"{t.id} stands in {place}/: {t.reason or [a.failure.value for a in t.attempts]}"
        for t, place in ended if t not in right
    ][:5]  # fmt: skip


def hired(folder: Path, stub: models.Stub) -> World:
    """Issues that name their engineer by label; the engineers' provider is the stub."""
    world = World(
        folder, agents=tuple(KEYS), ci={}, checks="none", sandbox="prefer", merge=False, verify="none",
        top={"max_parallel_workers": REAL, "min_free_memory_mb": 256},
    )  # fmt: skip
    world.config["agents"] = {
        name: {
            "command": list(install.command(name)),
            "base_url": stub.base("ok", delay=DELAY) + version,
            "key_env": key,
            "model": "stub-model",
        }
        for name, (key, version) in KEYS.items()
    }
    world.build()
    for n in range(REAL):
        world.issue(f"Make hello.txt, {n}", labels=[list(KEYS)[n % len(KEYS)]])
    world.dispatch()
    return world


@contextlib.contextmanager
def environment(world: World) -> Iterator[None]:
    """What cron gives the queue's tick; workers get from it what they need."""
    before = dict(os.environ)
    os.environ.update(world.env)
    os.environ.update({key: f"sk-the-users-own-key-{key.lower()}" for key, _ in KEYS.values()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def told(report: Report, cost: Cost) -> None:
    report.figures["workers"] = cost.workers
    report.figures["proxies"] = cost.proxies
    report.figures["started_in_seconds"] = round(cost.started_seconds, 1)
    report.hold("pss_mb", cost.pss_mb, at_most=MOST_MB)
    report.hold("percent_of_a_core", cost.percent, at_most=MOST_PERCENT)
    with tempfile.TemporaryDirectory(prefix="bare-") as scratch:
        bare = processes.bare_percent(max(1, cost.workers), 10, Path(scratch))
    report.figures["percent_of_as_many_bare_readers"] = round(bare, 2)
    report.figures["times_bare_readers"] = round(cost.percent / bare, 2) if bare else 0
    report.figures["pss_mb_per_worker"] = round(cost.pss_mb / max(1, cost.workers), 2)
    report.figures["percent_per_worker"] = round(cost.percent / max(1, cost.workers), 3)
    report.figures["private_mb_of_a_worker"] = round(cost.private_mb, 2)
    report.figures["agents_and_boxes_pss_mb"] = round(cost.agents_pss_mb)


def crowd(folder: Path, count: int) -> World:
    """A world with as many Ready issues as agents, spread over five repositories."""
    world = World(
        folder, agents=("anna",), more_repos=REPOS, ci={}, checks="none", sandbox="prefer", merge=False,
        top={"max_parallel_workers": count, "min_free_memory_mb": 64},
    )  # fmt: skip
    world.env.pop(CLOCK_ENV)  # no installation has a clock that a file sets: each look at it would be counted here
    world.play({"steps": [{"run": UNTIL_LET_GO}, *works("{task}.txt", done=["it"])]})
    names = ("ada/app", *REPOS)
    for n in range(count):
        world.issue(f"Add file {n}", repo=names[n % len(names)])
    world.dispatch()
    return world


def at_once(world: World, count: int, seconds: float, report: Report) -> Cost | None:
    """All agents at work at the same time, measured, let go, and every task brought to its end."""
    inbox = world.places()
    if inbox != {"inbox": count}:
        report.failures.append(f"dispatched {inbox}, wanted {count} in the inbox")
        return None
    began = time.monotonic()
    started = _started(world)
    if not until(lambda: len(at_work(world)) == count, START_SECONDS):
        report.failures.append(f"only {len(at_work(world))} of {count} agents came to work: {world.places()}")
        let_go(world)
        return None
    took = time.monotonic() - began
    time.sleep(2)
    levels = {t.attempts[-1].sandbox for t in _tasks(world)}
    report.figures["sandbox"] = sorted(levels)
    if levels != {Level.BUBBLEWRAP.value}:
        report.not_proven.append(f"agents under bubblewrap: this machine runs them under {sorted(levels)}")
    cost = measure(started, seconds, took)
    let_go(world)
    if not until(lambda: not pool.workers(world.services), END_SECONDS):
        report.failures.append(f"{pool.workers(world.services)} workers did not end")
    ended = {t.id: world.place(t.id) for t in _tasks(world)}
    right = sum(place in ("review", "done") for place in ended.values())
    report.hold("tasks_that_ended_right", right, at_least=count)
    report.failures += [f"{id} stands in {place}/" for id, place in ended.items() if place not in ("review", "done")]
    report.failures += world.crashes()
    return cost


def _started(world: World) -> int:
    """One tick of the queue, as cron starts it; the process id of what it started."""
    before = set(processes.running())
    queue.tick(world.services)
    fresh = [p.pid for p in processes.running().values() if p.pid not in before and "orchestrator worker" in p.command]
    return fresh[0] if fresh else 0


def measure(root: int, seconds: float, took: float) -> Cost:
    """Our processes under `root`, the spawner, over some seconds."""
    before = processes.running()
    ours = {pid for pid in processes.tree([root], before) if before[pid].command == before[root].command}
    workers = {pid for pid in ours if before[pid].parent == root}
    began = time.monotonic()
    time.sleep(seconds)
    after = processes.running()
    spent = sum(after[pid].cpu - before[pid].cpu for pid in ours if pid in after)
    passed = time.monotonic() - began
    private = sorted(processes.private_mb(pid) for pid in workers)
    return Cost(
        workers=len(workers),
        proxies=len(ours) - len(workers) - 1,
        pss_mb=processes.pss_mb(ours),
        percent=100 * spent / passed,
        private_mb=private[len(private) // 2] if private else 0.0,
        agents_pss_mb=processes.pss_mb(processes.tree([root], after) - ours),
        started_seconds=took,
    )


def at_work(world: World) -> list[str]:
    """Tasks whose agent has said something."""
    logs = world.settings.runtime / "logs"
    return [p.parent.name for p in logs.glob("*/1.jsonl") if b"at work" in p.read_bytes()]


def let_go(world: World) -> None:
    for home in (world.settings.runtime / "state" / "homes").glob("*/*"):
        (home / "go").touch()


def until(seen: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _tasks(world: World) -> list[Task]:
    return [e.task for f in Folder for e in world.services.mailbox.list(f)]
