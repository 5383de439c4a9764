"""A hundred SIGKILLs of workers at random moments: nothing of a killed worker lives, no task is lost or done twice.

Each round one task runs under a real worker, in bubblewrap, with an agent that leaves a mark in its workspace, starts
daemons in sessions of their own, and works on. The worker is killed at a random moment (seeded; the seed is printed),
and two seconds later nothing that it started may live. Then the next worker takes over. In the end each task has one
pull request with the marks of all its runs: what a killed run had done was found again by the one after it, in the
workspace or under refs/agent-os/kept.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.proof import Report
from orchestrator.model.confinement import Level
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from orchestrator.pipeline import pool
from tests.journeys.world import REPO, World

KILLS = 100
SEED = 20_260_301
KILLS_PER_TASK = 4
"""Below the ceiling of recoveries, which is set higher here: the proof is about killed workers, not about giving up."""
GRACE = 2.0
"""Seconds after a kill until nothing may live."""
LONGEST = 2.0
"""The latest moment of a kill, in seconds: of every fourth after the worker's start, of the others after its agent has
begun to work, which takes some 1.7 seconds. So whatever the machine's speed, most kills meet an agent."""
DAEMON_SECONDS = 600


@dataclass(kw_only=True)
class Score:
    kills: int = 0
    in_runs: int = 0
    """Kills that met an agent at work."""
    survivors: list[str] = field(default_factory=list)
    unconfined: set[str] = field(default_factory=set)
    marks: dict[str, set[str]] = field(default_factory=dict)
    """What was seen in each task's workspace when its worker was killed."""


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    with tempfile.TemporaryDirectory(prefix="survivors-") as scratch:
        world = haunted(Path(scratch))
        try:
            score = massacre(world, KILLS, random.Random(SEED))
            judge(world, score, report)
        finally:
            world.close()
        left = processes.of(Path(scratch))
    report.failures += [f"left running: {pid} {words}" for pid, words in left.items()]
    report.hold("kills", score.kills, at_least=KILLS)


def haunted(folder: Path) -> World:
    """A world whose agents start daemons. The player's `spawn_daemon` forks twice with a session of its own."""
    world = World(
        folder, agents=("anna",), ci={}, checks="none", sandbox="prefer", merge=False, max_recoveries=50,
        max_runs=60, top={"max_parallel_workers": 1, "min_free_memory_mb": 64},
    )  # fmt: skip
    steps: list[dict[str, Any]] = [
        {"run": 'echo run >> marks.txt; echo "$$ $(date +%s%N)" >> marks.txt'},
        {"run": "setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 &"},
        *({"run": f"setsid sleep {DAEMON_SECONDS} >/dev/null 2>&1 & sleep 0.5"} for _ in range(3)),
        {"write": {"path": "{task}.txt", "text": "made\n"}},
        {"result": {"status": "complete", "summary": "made it", "done": ["it"]}},
    ]
    world.play({"steps": steps})
    return world


def massacre(world: World, kills: int, dice: random.Random) -> Score:
    score = Score()
    number = 0
    while score.kills < kills:
        number += 1
        world.issue(f"Add file {number}")
        world.dispatch()
        id = f"app-{_issue_of(world, number)}"
        for _ in range(min(KILLS_PER_TASK, kills - score.kills)):
            if world.place(id) not in (Folder.INBOX.value, Folder.PROCESSING.value):
                break
            _one(world, id, dice, score)
        until(lambda id=id: _finished(world, id), 120)  # type: ignore[misc]
    return score


def _issue_of(world: World, number: int) -> int:
    """Issues and pull requests share their numbers."""
    found: dict[str, Any] = world.admin.snapshot()["repos"][REPO]["issues"]
    return next(int(n) for n, issue in found.items() if issue["title"] == f"Add file {number}")


def _one(world: World, id: str, dice: random.Random, score: Score) -> None:
    """A worker, killed at a random moment; then a look at what lives."""
    before = _marks(world, id)
    early, moment = dice.random() < 0.25, dice.uniform(0.02, LONGEST)
    worker = start(world)
    if not early:
        until(lambda: _marks(world, id) != before or worker.poll() is not None, 60)
    time.sleep(moment)
    if worker.poll() is not None:  # it was faster: this counts for nothing
        worker.wait()
        return
    os.kill(worker.pid, signal.SIGKILL)
    killed = time.monotonic()
    worker.wait()
    score.kills += 1
    task = world.task(id)
    if task.phase.value == "running":
        score.in_runs += 1
        score.unconfined |= {task.attempts[-1].sandbox} - {Level.BUBBLEWRAP.value}
    seen = _marks(world, id)
    score.marks[id] = score.marks.get(id, set()) | seen
    while (left := processes.of(world.tmp)) and time.monotonic() - killed < GRACE:
        time.sleep(0.02)
    score.survivors += [f"{id} after {moment:.2f} s: {pid} {words}" for pid, words in left.items()]
    for pid in left:  # so that one survivor is counted once
        os.kill(pid, signal.SIGKILL)


def _marks(world: World, id: str) -> set[str]:
    """The unique lines that the runs so far left in the workspace."""
    file = world.settings.worktrees / "app" / id / "marks.txt"
    try:
        return {line for line in file.read_text().splitlines() if " " in line}
    except OSError:
        return set()


def start(world: World) -> subprocess.Popen[bytes]:
    config = {"AGENT_OS_CONFIG": str(world.settings.config_file), "ORCH_ROOT": str(world.tmp)}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "worker"],
        cwd=pool.CHECKOUT,
        env={**os.environ, **world.env, **config},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _finished(world: World, id: str) -> bool:
    """Lets an undisturbed worker take it to its end."""
    worker = start(world)
    worker.wait()
    return world.place(id) not in (Folder.INBOX.value, Folder.PROCESSING.value)


def judge(world: World, score: Score, report: Report) -> None:
    pulls: dict[str, int] = {}
    for pull in world.pulls():
        branch = str(pull["head"]["ref"] if isinstance(pull["head"], dict) else pull["head"])
        pulls[branch] = pulls.get(branch, 0) + 1
    ids = sorted(score.marks)
    lost = [id for id in ids if world.place(id) != "review"]
    doubled = [b for b, n in pulls.items() if n > 1]
    gone: list[str] = []
    for id in ids:
        if id not in lost and (missing := score.marks[id] - _kept(world, id)):
            gone.append(f"{id}: {sorted(missing)}")
    report.figures["tasks"] = len(ids)
    report.figures["kills_while_an_agent_ran"] = score.in_runs
    report.hold("survivors", len(score.survivors), at_most=0)
    report.hold("lost", len(lost), at_most=0)
    report.hold("doubled", len(doubled), at_most=0)
    report.hold("work_not_recovered", len(gone), at_most=0)
    report.figures["marks_seen_at_kills"] = sum(len(m) for m in score.marks.values())
    report.figures["recoveries"] = len(world.events(EventKind.HEALED))
    report.failures += [*score.survivors[:5], *lost[:5], *doubled[:5], *gone[:5], *world.crashes()[:5]]
    if score.unconfined:
        report.not_proven.append(f"runs under bubblewrap: this machine ran some under {sorted(score.unconfined)}")


def _kept(world: World, id: str) -> set[str]:
    """The marks that stand on the task's branch, or in what was kept of it."""
    repository = world.services.repository(world.services.repo(world.task(id)))
    found = set(world.shown("marks.txt", ref=f"agent/{id}").splitlines())
    kept = repository.resolve(f"refs/agent-os/kept/{id}")
    if kept is not None:
        shown = repository.git("show", f"{kept}:marks.txt", accept=(0, 128))
        found |= set(shown.out.decode().splitlines())
    return found


def until(seen: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not seen() and time.monotonic() < end:
        time.sleep(0.05)
