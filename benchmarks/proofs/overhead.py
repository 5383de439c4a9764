"""From Ready to pull request, without the time of agents and CI, against the bare git commands it needs."""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from tests.journeys.world import REPO, World

TASKS = 20
SCRIPT = Path(__file__).resolve().parents[1] / "bare_git.sh"


def prove(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        world = World(Path(folder), ci={}, top={"max_parallel_workers": 1})
        try:
            _prove(world, Path(folder), report)
        finally:
            world.close()


def _prove(world: World, folder: Path, report: Report) -> None:
    world.play(
        {"steps": [{"write": {"path": "{task}.txt", "text": "x"}}, {"result": {"status": "complete", "summary": "x"}}]}
    )
    bare = [_bare(world, folder / "a")]
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
    total = time.monotonic() - began
    github = dict(world.hub.requests.counters)
    bare.append(_bare(world, folder / "b"))
    published = len(world.services.mailbox.ids(Folder.REVIEW))
    agents = sum(float(str(r.data["exact"])) for r in world.events(EventKind.AGENT_ENDED))
    ours = total - agents
    reference = sum(bare) / len(bare)
    report.figures |= {
        "tasks": TASKS,
        "published": published,
        "wall_ms_per_task": round(total / TASKS * 1000),
        "agent_ms_per_task": round(agents / TASKS * 1000),
        "ours_ms_per_task": round(ours / TASKS * 1000),
        "bare_git_ms_per_task": round(reference / TASKS * 1000),
        "dispatch_ms_per_task": round((dispatched - began) / TASKS * 1000),
        "github": github,
        "paced_seconds_per_task": round(github["writes"] / TASKS, 1),
    }
    report.hold("published_share", published / TASKS, at_least=1)
    report.hold("ratio", ours / reference, at_most=4)


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
