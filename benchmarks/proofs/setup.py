"""What an operator's set-up takes: a fresh clone and `bin/setup` on one core, its disk, download and memory.

No development part, no sentence model. Then one issue from Ready to its pull request under `agent-os up` with one
worker, all on that core: the most memory that everything it started had at once, and what stays while nothing is to be
done. It must fit a machine of 1 core, 1 GB and 10 GB; what cron takes is a figure of `bin/prove cron`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.proof import Report
from tests.journeys.world import World

ROOT = Path(__file__).resolve().parents[2]
MOST_DISK_MB = 1_000
"""Of 10 GB; workspaces and the ledger need the rest."""
MOST_DOWNLOAD_MB = 200
MOST_MEMORY_MB = 512
"""Of 1 GB; the agent's own program needs the rest."""
SECONDS = 90


def prove(report: Report) -> None:
    pinned = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    if not pinned:
        report.not_proven.append("one core: there is no taskset (Debian: apt-get install util-linux)")
    with tempfile.TemporaryDirectory(prefix="agent-os-setup-") as scratch:
        checkout = Path(scratch) / "agent-os"
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(checkout)], check=True)
        _sized(report, checkout, pinned)
        _at_work(report, checkout, Path(scratch), pinned)


def _sized(report: Report, checkout: Path, pinned: list[str]) -> None:
    report.figures["checkout_mb"] = round(megabytes(checkout))
    began = time.monotonic()
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGENT_OS")} | {"PIP_NO_CACHE_DIR": "1"}
    subprocess.run([*pinned, "bin/setup"], cwd=checkout, env=env, check=True, capture_output=True, timeout=900)
    report.figures["setup_seconds_on_one_core"] = round(time.monotonic() - began)
    report.hold("disk_mb", megabytes(checkout), at_most=MOST_DISK_MB)
    installed = _pip(checkout, "list", "--format=freeze").splitlines()
    report.figures["packages"] = len(installed)
    unwanted = [line for line in installed if line.split("==")[0] in ("pytest", "mypy", "ruff", "torch", "textual")]
    report.failures += [f"no part of an operator's set-up: {line}" for line in unwanted]
    wheels = checkout.parent / "wheels"
    _pip(checkout, "download", "--quiet", "--constraint", "constraints.txt", "--dest", str(wheels), ".")
    report.hold("download_mb", megabytes(wheels), at_most=MOST_DOWNLOAD_MB)


def _pip(checkout: Path, *words: str) -> str:
    command = [".venv/bin/python", "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", *words]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True, timeout=900).stdout


def megabytes(folder: Path) -> float:
    """What the files of a folder take on disk."""
    return sum(f.lstat().st_blocks for f in folder.rglob("*")) * 512 / 1e6


def _at_work(report: Report, checkout: Path, scratch: Path, pinned: list[str]) -> None:
    place = scratch / "here"
    place.mkdir()
    world = World(place, top={"max_parallel_workers": 1, "min_free_memory_mb": 64})
    world.issue()
    env = {**world.env, "ORCH_ROOT": str(place), "AGENT_OS_CONFIG": str(place / "config.yaml")}
    command = [*pinned, ".venv/bin/python", "-m", "orchestrator", "up", "--seconds", str(SECONDS)]
    peak = idle = 0.0
    published = False
    with open(place / "up.log", "wb") as log:
        up = subprocess.Popen(command, cwd=checkout, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while up.poll() is None:
                table = processes.running()
                idle = processes.pss_mb({up.pid} | processes.tree([up.pid], table) | set(processes.of(place))) or idle
                peak = max(peak, idle)
                published = published or bool(world.places().keys() & {"review", "done"})
                time.sleep(0.25)
        finally:
            if up.poll() is None:
                up.kill()
            up.wait(10)
            world.close()
    report.hold("issues_published_on_one_core", int(published), at_least=1)
    report.hold("peak_memory_mb", peak, at_most=MOST_MEMORY_MB)
    report.hold("idle_memory_mb", idle, at_most=MOST_MEMORY_MB)
