"""From Ready to pull request, without the time of agents and CI, against the bare git commands it needs.

Twenty issues in one tick of the dispatcher and one of the queue, process starts and imports included, pacing off, one
worker per core (two); beside them, before and after in the same run, a shell script with the bare git commands for as
many tasks. Three rounds; the median of the ratios decides. With two workers agents run side by side, so half of their
summed time is taken out. The figure of a single worker, where nothing overlaps, is reported beside it.
"""

from __future__ import annotations

import base64
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from tests.journeys.world import REPO, World

TASKS = 20
ROUNDS = 3
WORKERS = 2
SCRIPT = Path(__file__).resolve().parents[1] / "bare_git.sh"
IMPORTS = "import orchestrator.cli.app, orchestrator.wiring, orchestrator.pipeline.pool, github, gql"


@dataclass(frozen=True, kw_only=True)
class Round:
    """Seconds for all tasks together."""

    wall: float
    dispatch: float
    agents: float
    """Summed over all agent runs."""
    bare: float
    workers: int
    published: int
    requests: int
    writes: int

    @property
    def ours(self) -> float:
        return self.wall - self.agents / self.workers

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def prove(report: Report) -> None:
    rounds = [_round(WORKERS) for _ in range(ROUNDS)]
    single = _round(1)
    middle = sorted(rounds, key=lambda r: r.ratio)[ROUNDS // 2]

    def per_task(seconds: float) -> int:
        return round(seconds / TASKS * 1000)

    report.figures |= {
        "tasks": TASKS,
        "workers": WORKERS,
        "ratios": [round(r.ratio, 2) for r in rounds],
        "ratio_of_a_single_worker": round(single.ratio, 2),
        "wall_ms_per_task": per_task(middle.wall),
        "agent_ms_per_task": per_task(middle.agents / WORKERS),
        "ours_ms_per_task": per_task(middle.ours),
        "of_which_dispatch_ms": per_task(middle.dispatch),
        "of_which_starting_two_processes_ms": per_task(2 * _start()),
        "bare_git_ms_per_task": per_task(middle.bare),
        "github_requests_per_task": round(middle.requests / TASKS, 1),
        "github_writes_per_task": round(middle.writes / TASKS, 1),
        "paced_seconds_per_task": round(middle.writes / TASKS * 1.0, 1),
    }
    report.hold("published", min(r.published for r in (*rounds, single)), at_least=TASKS)
    report.hold("ratio", statistics.median(r.ratio for r in rounds), at_most=4)


def _round(workers: int) -> Round:
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        world = World(Path(folder), ci={}, top={"max_parallel_workers": workers})
        try:
            return _measured(world, Path(folder), workers)
        finally:
            world.close()


def _measured(world: World, folder: Path, workers: int) -> Round:
    done = {"result": {"status": "complete", "summary": "x"}}
    world.play({"steps": [{"write": {"path": "{task}.txt", "text": "x"}}, done]})
    bare = _bare(world, folder / "a")
    for n in range(TASKS):
        world.issue(f"Task {n}")
    world.services.github.login()  # the hub builds its schema at the first question: that is not ours
    # The mirror stands in both, as it does but for the first task of a repository's life.
    world.services.repository(world.settings.repos[0]).default_branch()
    world.hub.requests.reset()
    began = time.monotonic()
    _tick(world, "dispatcher")
    dispatched = time.monotonic()
    _tick(world, "queue", "--wait")
    ended = time.monotonic()
    github = dict(world.hub.requests.counters)
    bare += _bare(world, folder / "b")
    return Round(
        wall=ended - began,
        dispatch=dispatched - began,
        agents=sum(float(str(r.data["exact"])) for r in world.events(EventKind.AGENT_ENDED)),
        bare=bare / 2,
        workers=workers,
        published=len(world.services.mailbox.ids(Folder.REVIEW)),
        requests=github["requests"],
        writes=github["writes"],
    )


def _start() -> float:
    """Seconds until a process of ours has loaded what real work needs."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        times.append(time.monotonic() - began)
    return statistics.median(times)


def _tick(world: World, role: str, *more: str) -> None:
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)}
    subprocess.run(
        [sys.executable, "-m", "orchestrator", "tick", role, *more], env=env, check=True, stdout=subprocess.DEVNULL
    )


def _bare(world: World, scratch: Path) -> float:
    """Seconds of the committed shell script against the same hub, from a fresh mirror of the same repository."""
    scratch.mkdir()
    secret = base64.b64encode(f"x-access-token:{world.token}".encode()).decode()
    env = {
        **world.env,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{world.hub.url}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
    }
    url = f"{world.hub.url}/{REPO}.git"
    mirror = scratch / "mirror.git"
    subprocess.run(["git", "clone", "-q", "--bare", url, str(mirror)], env=env, check=True)
    began = time.monotonic()
    subprocess.run([str(SCRIPT), str(mirror), url, str(TASKS), str(scratch)], env=env, check=True)
    took = time.monotonic() - began
    for n in range(1, TASKS + 1):  # the branches go again, so that the second run finds the same world
        subprocess.run(["git", "-C", str(mirror), "push", "-q", url, f":refs/heads/bare/{n}"], env=env, check=True)
    return took
