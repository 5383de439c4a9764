"""An idle tick with ten repositories on one board: requests counted, CPU time side by side with a bare Python."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.idle import TOO_YOUNG
from tests.journeys.world import World

ROUNDS = 15
REPOS = 10
BARE = [sys.executable, "-c", "import urllib.request, json"]
ROLES = ("dispatcher", "queue", "pr_monitor")


def prove(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="idle-") as folder:
        world = World(Path(folder), more_repos=[f"ada/r{n}" for n in range(1, REPOS)])
        try:
            for n in range(30):
                world.issue(f"Later {n}", ready=False)
            _measure(world, report)
            _dispatches(world, report)
        finally:
            world.close()


def _measure(world: World, report: Report) -> None:
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)}
    report.figures["repos"] = len(world.settings.repos)
    for role in ROLES:
        command = [sys.executable, "-m", "orchestrator", "tick", role]
        cpu(command, env)  # the first tick makes folders and byte code
        time.sleep(TOO_YOUNG + 0.2)  # cron comes a minute later: what is younger than this proves nothing yet
        cpu(command, env)
        before = world.hub.requests.counters["requests"]
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(cpu(command, env))
            bare.append(cpu(BARE, env))
        requests = (world.hub.requests.counters["requests"] - before) / ROUNDS
        report.hold(f"{role}_requests", requests, at_most=2)
        ratio = statistics.median(o / b for o, b in zip(ours, bare, strict=True))
        report.hold(f"{role}_cpu_ratio", ratio, at_most=3)
        note = world.tmp / "runtime" / "state" / "idle" / f"{role}.json"
        full = []
        for _ in range(3):  # the hourly tick that looks at everything although nothing changed
            note.unlink(missing_ok=True)
            full.append(cpu(command, env))
        report.figures[f"{role}_full_tick_cpu_ratio"] = round(statistics.median(full) / statistics.median(bare), 2)
        report.figures[f"{role}_cpu_ms"] = round(statistics.median(ours) * 1000, 1)
    report.figures["bare_cpu_ms"] = round(statistics.median(bare) * 1000, 1)


def _dispatches(world: World, report: Report) -> None:
    """In the very same set-up, what becomes Ready is dispatched by the next tick."""
    number = world.issue("Now")
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)}
    cpu([sys.executable, "-m", "orchestrator", "tick", "dispatcher"], env)
    report.hold("dispatched_by_the_next_tick", int(world.place(f"app-{number}") == "inbox"), at_least=1)


def cpu(command: list[str], env: dict[str, str]) -> float:
    """User and system seconds of one process, by the kernel's own account of it. Raises RuntimeError when it fails."""
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    words = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode:
        raise RuntimeError(f"{command} ended with {child.returncode}: {words.decode()[-500:]}")
    return usage.ru_utime + usage.ru_stime
