"""The demo, as a user starts it: once as it stands, once with a scenario that expects the wrong thing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.demo import scenario

pytestmark = pytest.mark.timeout(300)  # half a minute on two free cores; a busy machine takes its time

CHECKOUT = Path(__file__).resolve().parents[2]


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "orchestrator", "demo", *map(str, args)]


def environment(tmp: Path) -> dict[str, str]:
    """What a user's machine has, a token for github.com among it, and the mark by which the test run finds what is left
    running."""
    (tmp / "tmp").mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith("AGENT_OS_TEST")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp),
        "TMPDIR": str(tmp / "tmp"),
        "GITHUB_TOKEN": "ghp_theirs",
        **kept,
    }


def run(tmp: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), cwd=CHECKOUT, env=environment(tmp), capture_output=True, text=True, timeout=280, check=False
    )


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_demo_ends_as_its_scenario_says_and_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = run(tmp_path, "--json", "--keep", kept)
    assert done.returncode == 0, done.stderr[-3000:]
    told = last(done)
    expected = {s.title: s.expect.outcome.value for s in scenario.load().stories}
    assert sorted(i["outcome"] for i in told["issues"]) == sorted(expected.values())
    assert all(set(i) >= {"number", "outcome", "attempts", "pull_request", "merge_sha"} for i in told["issues"])
    merged = [i for i in told["issues"] if i["outcome"] == "merged"]
    assert len({i["merge_sha"] for i in merged}) == len(merged) >= 8
    assert told["ledger"]["verified"] is True
    assert told["ledger"]["events"] > 100
    assert min(told["github"][name] for name in ("requests", "graphql_points", "writes")) > 0
    assert list((tmp_path / "tmp").iterdir()) == []
    status = subprocess.run(
        [sys.executable, "-m", "orchestrator", "status", "--json"],
        cwd=CHECKOUT, env={**environment(tmp_path), "ORCH_ROOT": str(kept)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(status.stdout)["counts"]["done"] == len(merged)


def test_a_story_that_ends_differently_is_named_and_the_exit_status_says_so(tmp_path: Path) -> None:
    data = yaml.safe_load((scenario.HERE / "scenario.yaml").read_text())
    [story] = [s for s in data["stories"] if s["repo"] == "acme/handbook"]
    story["expect"] |= {"files": {"pages/leave.md": "two weeks before"}, "runs": ["noah attempt", "iris attempt"]}
    spoiled = tmp_path / "scenario.yaml"
    spoiled.write_text(yaml.safe_dump({**data, "stories": [story]}))
    done = run(tmp_path, "--json", "--scenario", spoiled)
    assert done.returncode == 1, done.stderr[-3000:]
    told = last(done)["differences"]
    assert any("acme/handbook#1" in line and "two weeks before" in line for line in told), told
    assert any("agent runs" in line for line in told), told
    assert "NOT AS EXPECTED: acme/handbook#1" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_ends_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        command("--json"), cwd=CHECKOUT, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stderr is not None
        told = iter(demo.stderr.readline, "")
        assert any("starts (run" in line for line in told), "no agent was started"
        demo.send_signal(number)
        demo.stderr.read()
        assert demo.wait(20) == 130
    time.sleep(0.1)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_unknown_agent_is_refused_with_the_names_that_are_there(tmp_path: Path) -> None:
    done = run(tmp_path, "--agent", "nobody")
    assert done.returncode == 1
    assert "'nobody': not an agent here. There are: scripted" in done.stderr
    assert "Traceback" not in done.stderr
