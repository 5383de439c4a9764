"""Retention: caps per class, oldest first, never what is needed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.settings import Retention
from orchestrator.state import retention
from orchestrator.state.retention import Item, choose, sweep

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def made(path: Path, *, days: float, size: int = 10) -> Path:
    """A file (or a folder with one) that last changed `days` ago."""
    at = (NOW - timedelta(days=days)).timestamp()
    file = path if path.suffix else path / "1.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    os.utime(file, (at, at))
    if not path.suffix:
        os.utime(path, (at, at))
    return path


def swept(tmp_path: Path, caps: Retention, needed: frozenset[str] = frozenset()) -> set[str]:
    removed = sweep(tmp_path / "runtime", tmp_path / "trees", caps, now=NOW, needed=needed.__contains__)
    assert not any(p.exists() for p in removed)
    return {str(p.relative_to(tmp_path)) for p in removed}


def test_nothing_is_removed_below_the_caps_or_from_an_empty_installation(tmp_path: Path) -> None:
    assert swept(tmp_path, Retention()) == set()
    made(tmp_path / "runtime/logs/app-1", days=1)
    made(tmp_path / "runtime/mailbox/done/app-1.md", days=400)
    assert swept(tmp_path, Retention()) == set()


def test_old_transcripts_go_but_not_those_of_a_needed_task(tmp_path: Path) -> None:
    for name, days in (("app-1", 50), ("app-2", 50), ("app-3", 5)):
        made(tmp_path / "runtime/logs" / name, days=days)
    assert swept(tmp_path, Retention(logs_days=30), frozenset({"app-2"})) == {"runtime/logs/app-1"}


def test_a_transcript_that_still_grows_is_not_old(tmp_path: Path) -> None:
    made(tmp_path / "runtime/logs/app-1", days=50)
    made(tmp_path / "runtime/logs/app-1/2.log", days=1)
    assert swept(tmp_path, Retention(logs_days=30)) == set()


def test_over_the_size_cap_the_oldest_transcripts_go_first(tmp_path: Path) -> None:
    for name, days in (("app-1", 3), ("app-2", 2), ("app-3", 1)):
        made(tmp_path / "runtime/logs" / name, days=days, size=600_000)
    assert swept(tmp_path, Retention(logs_mb=1)) == {"runtime/logs/app-1", "runtime/logs/app-2"}


def test_worktrees_over_the_cap_go_unless_needed_also_when_read_only(tmp_path: Path) -> None:
    for name, days in (("app-1", 3), ("app-2", 2), ("app-3", 1)):
        made(tmp_path / "trees/app" / name / "src.py", days=days, size=100_000)
        os.utime(tmp_path / "trees/app" / name, ((NOW - timedelta(days=days)).timestamp(),) * 2)
    (tmp_path / "trees/app/app-2").chmod(0o500)
    got = swept(tmp_path, Retention(worktrees_gb=0.00015), frozenset({"app-1"}))
    assert got == {"trees/app/app-2", "trees/app/app-3"}, "app-1 is needed and counts, so both others must go"


def test_links_are_neither_followed_nor_counted_as_what_they_point_to(tmp_path: Path) -> None:
    outside = made(tmp_path / "outside/big.bin", days=9, size=3_000_000)
    made(tmp_path / "runtime/logs/app-1", days=50)
    (tmp_path / "runtime/logs/app-1/link").symlink_to(outside.parent)
    (tmp_path / "runtime/logs/app-2").symlink_to(outside.parent)
    os.utime(tmp_path / "runtime/logs/app-1/link", (0, 0), follow_symlinks=False)
    os.utime(tmp_path / "runtime/logs/app-1", (0, 0))
    assert swept(tmp_path, Retention(logs_mb=1)) == {"runtime/logs/app-1"}
    assert outside.exists()


def test_the_ledger_stays_provable_from_its_first_event(tmp_path: Path) -> None:
    for name, days in (("vps-000001", 9), ("vps-000002", 8)):
        made(tmp_path / "runtime/ledger" / f"{name}.jsonl", days=days, size=1_500_000)
    assert swept(tmp_path, Retention(ledger_mb=1)) == set()


def test_a_finished_task_goes_with_its_journal_and_notes(tmp_path: Path) -> None:
    box = tmp_path / "runtime/mailbox"
    made(box / "done/app-1.md", days=9)
    made(box / "failed/app-2.md", days=8)
    made(box / "failed/app-2.reason", days=8)
    made(box / "done/app-3.md", days=7)
    made(box / "blocked/app-4.md", days=99)
    journal = made(tmp_path / "runtime/state/effects/app-1.jsonl", days=9)
    assert swept(tmp_path, Retention(done_tasks=1)) == {
        "runtime/mailbox/done/app-1.md",
        "runtime/mailbox/failed/app-2.md",
        "runtime/mailbox/failed/app-2.reason",
        "runtime/state/effects/app-1.jsonl",
    }
    assert not journal.exists()
    assert (box / "blocked/app-4.md").exists()


def test_a_role_log_that_grew_too_big_is_set_aside(tmp_path: Path) -> None:
    log = made(tmp_path / "runtime/logs/queue.log", days=0)
    os.truncate(log, retention.ROLE_LOG_BYTES + 1)
    assert swept(tmp_path, Retention()) == set()
    assert log.with_name("queue.log.1").stat().st_size == retention.ROLE_LOG_BYTES + 1
    assert not log.exists()


ITEMS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.booleans()), max_size=12)


@given(ITEMS, st.integers(0, 200))
def test_what_is_left_meets_the_cap_or_is_all_needed_and_the_oldest_went(
    rows: list[tuple[int, int, bool]], cap: int
) -> None:
    items = [
        Item(path=Path(f"{n}"), id=f"{'keep' if keep else 'x'}-{n}", bytes=size, at=at)
        for n, (size, at, keep) in enumerate(rows)
    ]
    chosen = choose(items, needed=lambda task: task.startswith("keep"), max_bytes=cap)
    left = [i for i in items if i not in chosen]
    free = [i for i in left if i.id.startswith("x")]
    assert not any(i.id.startswith("keep") for i in chosen)
    assert sum(i.bytes for i in left) <= cap or not free
    assert all(i.at >= c.at for i in free for c in chosen)
