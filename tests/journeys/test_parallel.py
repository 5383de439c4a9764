"""The short forms of `bin/prove parallel` and `bin/prove survivors`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.proof import Report
from benchmarks.proofs import parallel, survivors
from orchestrator import process

pytestmark = pytest.mark.timeout(400)

COUNT = 6
KILLS = 5


def test_six_agents_at_once_end_right_cost_little_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = parallel.crowd(tmp_path, COUNT)
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    report = Report()
    try:
        cost = parallel.at_once(world, COUNT, 4.0, report)
    finally:
        process.end_detached()
        world.close()
    assert report.failures == []
    assert cost is not None
    assert cost.workers == COUNT
    # One loaded program for all of them, and little for each: fifty stay below the bound of the proof.
    assert cost.private_mb < 16
    assert cost.pss_mb < parallel.MOST_MB / 3
    assert cost.percent < parallel.MOST_PERCENT
    assert processes.of(tmp_path) == {}


def test_five_killed_workers_leave_no_process_and_lose_no_work(tmp_path: Path) -> None:
    world = survivors.haunted(tmp_path)
    report = Report()
    try:
        score = survivors.massacre(world, KILLS, random.Random(7))
        survivors.judge(world, score, report)
    finally:
        world.close()
    confined = not score.unconfined
    assert score.kills == KILLS
    if not confined:
        report.failures = [f for f in report.failures if not f.startswith(("survivors", "app-"))]
    assert report.failures == []
    assert score.in_runs >= 1
    assert score.marks
    assert processes.of(tmp_path) == {} or not confined
