"""A week of runs, read whole: over a rotation, past torn lines, each run once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.findings import Cause, Finding, FindingKind, Week
from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.times import stamp
from orchestrator.planning import score_report
from orchestrator.policy import degrade
from orchestrator.state.findings import Findings
from orchestrator.state.recent import TAIL
from orchestrator.state.store import CorruptState
from orchestrator.state.week import Told, Weeks
from tests.policy.builders import NOW, ago


def line(n: int, days: float = 1, **changes: Any) -> str:
    entry = {
        "key": f"web-{n}/1/x", "timestamp": ago(days=days), "task_id": f"web-{n}", "repo": "acme/web",
        "agent": "codex", "kind": "attempt", "status": "complete", "blocker_code": "none", "failure": "none",
        "task_type": "docs", "cost_usd": 0.5,
    }  # fmt: skip
    return json.dumps({**entry, **changes}) + "\n"


def told(runtime: Path, now: str = "", before: str | None = None) -> Told:
    (runtime / "metrics").mkdir(exist_ok=True)
    (runtime / "metrics" / "agent_stats.jsonl").write_text(now)
    if before is not None:
        (runtime / "metrics" / "agent_stats.jsonl.1").write_text(before)
    return Weeks(runtime=runtime).between(NOW - timedelta(days=7), NOW)


def test_a_busy_week_is_read_whole_and_not_only_its_end(tmp_path: Path) -> None:
    text = "".join(line(n) for n in range(3_000))
    assert len(text) > 4 * TAIL
    assert len(told(tmp_path, text).runs) == 3_000


def test_both_files_are_read_each_run_once_and_only_those_of_the_window(tmp_path: Path) -> None:
    before = line(1, 9) + line(2, 7) + line(3, 6.9)
    found = told(tmp_path, line(3, 6.8) + line(4, 0) + line(5, -1), before)
    assert [(r.task, r.at) for r in found.runs] == [
        ("web-3", NOW - timedelta(days=6.8)),
        ("web-4", NOW),
    ]
    assert found.whole
    run = found.runs[0]
    assert (run.key, run.n, run.repo, run.type, run.usd, run.refused) == (
        "web-3/1/x", 1, "acme/web", "docs", 0.5, False,
    )  # fmt: skip


def test_a_window_whose_beginning_was_rotated_away_says_so(tmp_path: Path) -> None:
    assert told(tmp_path, line(1, 1)).whole, "nothing was ever rotated"
    assert not told(tmp_path, line(1, 1), line(2, 3)).whole
    report = score_report.text(
        Week(generated_at=stamp(NOW), window_days=7, threshold=0.6, whole=False), runs=2, unread=3
    )
    assert "rotated away" in report
    assert "3 lines of the metrics could not be read." in report


def test_what_cannot_be_read_is_passed_over_and_counted(tmp_path: Path) -> None:
    bad = ["torn {\n", "[]\n", '{"key": "x"}\n', line(2, status="?"), line(3, timestamp="2026-11-20T12:00:00")]
    bad.append("[" * 100_000 + "\n")
    found = told(tmp_path, "".join(bad) + "\n" + line(4, cost_usd="NaN") + line(5, cost_usd=float("nan"), refused=True))
    assert [(r.task, r.usd, r.refused) for r in found.runs] == [("web-4", None, False), ("web-5", None, True)]
    assert found.unread == len(bad)


def test_no_metrics_are_an_empty_week(tmp_path: Path) -> None:
    assert Weeks(runtime=tmp_path).between(NOW - timedelta(days=7), NOW) == Told(runs=(), whole=True, unread=0)


def test_the_report_is_a_table_that_cat_shows(tmp_path: Path) -> None:
    text = "".join(line(n, status="blocked", blocker_code="quota_limited", cost_usd=None) for n in range(4))
    runs = told(tmp_path, text + line(9)).runs
    assert {(r.status, r.code) for r in runs[:4]} == {(Status.BLOCKED, BlockerCode.QUOTA_LIMITED)}
    scores = degrade.scores(runs, [degrade.Merged(task="web-9", repo="acme/web", type="docs")])
    found = degrade.findings(runs, scores)
    week = Week(generated_at=stamp(NOW), window_days=7, threshold=0.6, scores=scores, findings=found)
    lines = score_report.text(week, runs=len(runs), unread=0).splitlines()
    words = "codex ended 1 of 5 tasks well in acme/web (20%); 4 of 4 were stopped by quota_limited"
    assert f"- {words}. Cause: quota. `agent_remediation:codex:acme/web:quota`" in lines
    row = next(one for one in lines if one.startswith("| codex"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["codex", "20%", "5", "4", "1", "0.50+", "0.50", "quota_limited (4)"]
    assert len({len(one) for one in lines[lines.index("## All work") + 2 :][:3]}) == 1, "columns stand below each other"


def test_the_artifact_comes_back_as_it_was_written_and_a_broken_one_is_told(tmp_path: Path) -> None:
    store = Findings(runtime=tmp_path)
    assert (store.week(), store.read(NOW)) == (None, ())
    finding = Finding(id="x", kind=FindingKind.EXECUTION_DEGRADED, cause=Cause.QUOTA, repo="acme/web", summary="s")
    week = Week(generated_at=ago(days=8), window_days=7, threshold=0.6, findings=(finding,))
    store.write(week, "report\n")
    assert store.week() == week
    assert store.read(NOW) == (finding,)
    assert store.read(NOW + timedelta(seconds=1)) == ()
    assert store.report.read_text() == "report\n"
    for broken in ("{", '{"generated_at": 1}', week_without_time()):
        store.path.write_text(broken)
        with pytest.raises(CorruptState):
            store.read(NOW)


def week_without_time() -> str:
    return json.dumps({"generated_at": "monday", "window_days": 7, "threshold": 0.6})
