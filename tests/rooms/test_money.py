"""What was spent, kept so that it is counted once: by many writers, through kills, over midnight and month's end."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.clock import Clock
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import stamp
from orchestrator.policy import health
from orchestrator.state.finished import Ended, Finished
from orchestrator.state.metrics import Metrics
from orchestrator.state.recent import TAIL, Recent
from orchestrator.state.spend import Spend
from orchestrator.state.store import CorruptState

TASK = Task(id=TaskId("app-1"), repo=RepoName("ada/app"), issue=1, title="t")


class At:
    """A clock that stands where a test puts it."""

    def __init__(self, tmp: Path) -> None:
        self.clock = Clock(file=tmp / "clock")

    def set(self, text: str) -> datetime:
        wanted = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert self.clock.file is not None
        self.clock.file.write_text(f"{(wanted - datetime.now(UTC)).total_seconds() + 0.5}\n")
        return wanted


@pytest.fixture
def at(tmp_path: Path) -> At:
    made = At(tmp_path)
    made.set("2026-11-20T12:00:00")
    return made


@pytest.fixture
def spend(tmp_path: Path, at: At) -> Spend:
    return Spend(root=tmp_path / "spend", clock=at.clock)


def run(n: int = 1, agent: str = "codex", started: str = "2026-11-20T12:00:00Z") -> Attempt:
    return Attempt(n=n, agent=agent, started=started)


def usage(usd: float | None, tokens: int = 0) -> Usage:
    return Usage(input_tokens=tokens, cost_usd=usd, source="provider")


def test_of_one_run_the_newest_line_counts_however_often_it_is_recorded(spend: Spend) -> None:
    spend.note(TASK, run(), usage(0.0))
    for usd in (0.5, 1.0, 1.0, 1.0):
        spend.note(TASK, run(), usage(usd, int(usd * 100)), end=usd == 1.0)
    assert spend.repo("ADA/app") == (1.0, 100)
    assert spend.agent("codex", month=True) == (1.0, 100)
    assert spend.agent("claude") == (0.0, 0)
    assert spend.task("app-1", 0) == {1: (1.0, 100)}


def test_every_reader_sees_what_another_process_spends_meanwhile(spend: Spend, at: At, tmp_path: Path) -> None:
    other = Spend(root=tmp_path / "spend", clock=at.clock)
    for usd in (0.1, 0.7, 0.4):  # also a sum that is corrected downwards
        other.note(TASK, run(), usage(usd))
        assert spend.repo("ada/app")[0] == usd


def test_many_writers_lose_no_line(spend: Spend, at: At, tmp_path: Path) -> None:
    def write(n: int) -> None:
        mine = Spend(root=tmp_path / "spend", clock=at.clock)
        for _ in range(20):
            mine.note(TASK, run(n), usage(float(n), n))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 9)))
    assert spend.repo("ada/app") == (36.0, 36)
    assert len((tmp_path / "spend" / "2026-11.jsonl").read_text().splitlines()) == 160


def test_a_writer_killed_at_any_moment_spoils_nothing(spend: Spend, at: At, tmp_path: Path) -> None:
    for n in range(1, 6):
        child = os.fork()
        if not child:
            while True:
                Spend(root=tmp_path / "spend", clock=at.clock).note(TASK, run(n), usage(1.0, 10))
        time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        spend.note(TASK, run(n), usage(1.0, 10), end=True)
    assert spend.repo("ada/app") == (5.0, 50)


def test_a_torn_line_counts_for_nobody_and_is_cut_off_by_the_next_one(spend: Spend, tmp_path: Path) -> None:
    spend.note(TASK, run(), usage(1.0))
    file = tmp_path / "spend" / "2026-11.jsonl"
    whole = file.read_text()
    file.write_text(whole + whole[:40])
    assert spend.repo("ada/app")[0] == 1.0
    spend.note(TASK, run(2), usage(2.0))
    assert spend.repo("ada/app")[0] == 3.0
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_a_spoiled_file_is_an_error_and_not_an_empty_purse(spend: Spend, tmp_path: Path) -> None:
    spend.note(TASK, run(), usage(1.0))
    file = tmp_path / "spend" / "2026-11.jsonl"
    whole = file.read_text()
    file.write_text(whole + '{"key": 3}\n')
    for _ in range(2):
        with pytest.raises(CorruptState, match=r"2026-11\.jsonl: line 2"):
            spend.repo("ada/app")
    file.write_text(whole)
    assert spend.repo("ada/app")[0] == 1.0, "mended by hand, it is read anew"
    file.unlink()
    assert spend.repo("ada/app") == (0.0, 0)


def test_what_a_run_spends_after_midnight_is_the_next_days(spend: Spend, at: At) -> None:
    at.set("2026-11-20T23:50:00")
    night = run(started="2026-11-20T23:50:00Z")
    spend.note(TASK, night, usage(2.0, 20))
    at.set("2026-11-21T00:20:00")
    spend.note(TASK, night, usage(3.0, 30), end=True)
    assert spend.repo("ada/app") == (1.0, 10)
    assert spend.repo("ada/app", month=True) == (3.0, 30)
    days = {share.day: (share.usd, share.tokens) for share in spend.since(date(2026, 11, 20))}
    assert days == {date(2026, 11, 20): (2.0, 20), date(2026, 11, 21): (1.0, 10)}


def test_and_over_the_end_of_a_month_it_is_the_next_months(spend: Spend, at: At, tmp_path: Path) -> None:
    at.set("2026-11-30T23:50:00")
    night = run(started="2026-11-30T23:50:00Z")
    spend.note(TASK, night, usage(2.0))
    at.set("2026-12-01T00:20:00")
    spend.note(TASK, night, usage(5.0), end=True)
    assert spend.repo("ada/app", month=True) == (3.0, 0)
    assert [file.name for file in (tmp_path / "spend").glob("*")] == ["2026-11.jsonl"]
    at.set("2026-12-20T12:00:00")
    assert spend.repo("ada/app", month=True) == (0.0, 0), "later in the month the old file is not read any more"
    assert sum(share.usd for share in spend.since(date(2026, 12, 1))) == 3.0


def test_a_window_holds_the_last_hours_and_says_when_it_lessens(spend: Spend, at: At) -> None:
    spend.note(TASK, run(1), usage(None, 100))
    now = at.set("2026-11-20T15:00:00")
    spend.note(TASK, run(2), usage(None, 10))
    tokens, until = spend.window("codex", 5)
    assert tokens == 110
    left = datetime.fromisoformat(until) - now
    assert timedelta(hours=2) <= left <= timedelta(hours=2, minutes=11)
    at.set("2026-11-20T17:15:00")
    assert spend.window("codex", 5)[0] == 10
    at.set("2026-11-21T12:00:00")
    assert spend.window("codex", 5) == (0, "")


def test_a_lost_run_that_is_repeated_costs_both_times(spend: Spend) -> None:
    spend.note(TASK, run(1), usage(0.5, 5))
    spend.note(TASK, run(1, started="2026-11-20T12:10:00Z"), usage(0.7, 7), end=True)
    spend.note(TASK, run(2), usage(9.0), end=True)
    assert spend.task("app-1", 0) == {1: (1.2, 12), 2: (9.0, 0)}
    assert spend.task("app-1", 1) == {2: (9.0, 0)}
    assert spend.task("app-1", 0, without="app-1/1/2026-11-20T12:10:00Z")[1] == (0.5, 5)


def test_running_are_those_that_did_not_end_and_whose_task_is_alive_each_task_once(spend: Spend, at: At) -> None:
    def other(id: str) -> Task:
        return Task(id=TaskId(id), repo=RepoName("ada/app"), title="t")

    spend.note(other("a"), run(1), Usage())
    spend.note(other("a"), run(1, started="2026-11-20T12:10:00Z"), Usage())  # repeated after its worker died
    spend.note(other("b"), run(1, "claude"), Usage())
    spend.note(other("c"), run(1), Usage())
    spend.note(other("c"), run(1), Usage(), end=True)
    spend.note(other("dead"), run(1), Usage())
    assert spend.open(lambda id: id != "dead") == {"codex": ("a",), "claude": ("b",)}


def test_ten_thousand_lines_are_read_once_and_then_only_what_is_new(spend: Spend, at: At, tmp_path: Path) -> None:
    spend.note(TASK, run(), usage(1.0))
    file = tmp_path / "spend" / "2026-11.jsonl"
    file.write_text(file.read_text() * 10_000)
    fresh = Spend(root=tmp_path / "spend", clock=at.clock)
    fresh.repo("ada/app")
    started = time.process_time()
    for _ in range(20):
        fresh.repo("ada/app")
        fresh.agent("codex", month=True)
    assert (time.process_time() - started) / 20 < 0.005


# --- finished tasks -----------------------------------------------------------------------------------------------


def ended(task: str = "app-1", **changes: Any) -> Ended:
    good: dict[str, Any] = {
        "task": task, "at": "2026-11-20T12:00:00Z", "repo": "ada/app", "issue": 1, "type": "docs", "ending": "merged",
        "usd": 1.0, "tokens": 10, "runs": 1,
    }  # fmt: skip
    return Ended(**(good | changes))


def test_of_a_finished_task_the_last_line_counts_and_a_torn_one_harms_no_other(tmp_path: Path) -> None:
    finished = Finished(root=tmp_path / "spend")
    assert (finished.all(), finished.recent()) == ((), ())
    finished.note(ended(ending="escalated"))
    with (tmp_path / "spend" / "finished.jsonl").open("a") as file:
        file.write('{"task": "app-9", "at')
    finished.note(ended("app-2", usd=None))
    finished.note(ended())
    assert [(e.task, e.ending) for e in finished.all()] == [("app-2", "merged"), ("app-1", "merged")]
    assert [(p.usd, p.tokens) for p in finished.recent()] == [(None, 10), (1.0, 10)]


def test_a_task_that_never_ran_says_nothing_of_costs(tmp_path: Path) -> None:
    finished = Finished(root=tmp_path / "spend")
    finished.note(ended(runs=0, tokens=0, usd=None))
    assert finished.recent() == ()
    assert len(finished.all()) == 1


# --- recent runs --------------------------------------------------------------------------------------------------


def test_recent_runs_come_from_the_metrics_each_once_and_only_of_the_last_week(tmp_path: Path, at: At) -> None:
    metrics = Metrics(runtime=tmp_path, clock=at.clock)
    old = run(1, started="2026-11-01T10:00:00Z")
    at.set("2026-11-01T12:00:00")
    metrics.attempt(TASK, old)
    at.set("2026-11-20T12:00:00")
    failed = Attempt(
        n=2, agent="codex", started="2026-11-20T11:00:00Z", ended=stamp(at.clock.now()), failure=FailureClass.SERVER,
        spent=False,
    )  # fmt: skip
    metrics.attempt(TASK, failed)
    metrics.attempt(TASK, failed)
    with (tmp_path / "metrics" / "agent_stats.jsonl").open("a") as file:
        file.write("no json\n" + '{"agent": "codex"}\n')
    later = at.clock.now() + timedelta(seconds=2)
    runs = Recent(runtime=tmp_path).runs(later)
    assert [(r.failure, r.agent) for r in runs["codex"]] == [(FailureClass.SERVER, "codex")]
    assert health.record(runs["codex"], later).runs == pytest.approx(1, abs=0.01)
    assert Recent(runtime=tmp_path / "nowhere").runs(later) == {}


def test_ten_thousand_lines_cost_a_choice_less_than_five_milliseconds(tmp_path: Path, at: At) -> None:
    metrics = Metrics(runtime=tmp_path, clock=at.clock)
    metrics.attempt(TASK, Attempt(n=1, agent="codex", started="2026-11-20T11:00:00Z", ended="2026-11-20T11:30:00Z"))
    file = tmp_path / "metrics" / "agent_stats.jsonl"
    line = file.read_text()
    file.write_text("".join(line.replace("app-1/1", f"app-{n}/1") for n in range(10_000)))
    assert file.stat().st_size > 10 * TAIL
    recent, now = Recent(runtime=tmp_path), at.clock.now() + timedelta(seconds=2)
    seen = recent.runs(now)
    assert len(seen["codex"]) > 200
    spent = []
    for _ in range(15):
        started = time.process_time()
        health.record(recent.runs(now)["codex"], now)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.005
