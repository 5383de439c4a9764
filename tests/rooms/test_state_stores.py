"""The small stores: cadence, signatures, cool-downs, ETags, pacing, locks."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.model.names import RepoName
from orchestrator.model.outcome import Shipped
from orchestrator.state import locks
from orchestrator.state.cadence import Cadence
from orchestrator.state.cooldowns import Cooldowns
from orchestrator.state.etags import Etags, Kept
from orchestrator.state.grown import Grown, Growth
from orchestrator.state.memo import Memo
from orchestrator.state.outcomes import Outcomes
from orchestrator.state.pacing import Pacing
from orchestrator.state.plans import Plans
from orchestrator.state.signatures import MOST, Signatures
from orchestrator.state.store import CorruptState, Store

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HERE = Path(__file__).parents[2]

# --- cadence


def runs(cadence: Cadence, days: float, times: list[datetime]) -> list[datetime]:
    ran = []
    for now in times:
        if cadence.due("plan", "a/b", days, now):
            cadence.ran("plan", "a/b", days, now)
            ran.append(now)
    return ran


def test_a_job_that_never_ran_is_due_and_then_in_its_rhythm(tmp_path: Path) -> None:
    hours = [NOW + timedelta(hours=h) for h in range(24 * 10)]
    assert runs(Cadence(root=tmp_path), 2.5, hours) == [NOW + 2.5 * DAY * n for n in range(4)]


def test_a_late_tick_does_not_shift_the_rhythm(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    cadence.ran("plan", "a/b", 1, NOW)
    cadence.ran("plan", "a/b", 1, NOW + DAY + timedelta(minutes=7))
    assert cadence.next_due("plan", "a/b") == NOW + 2 * DAY


def test_a_run_that_came_days_late_is_not_followed_by_one_that_is_too_early(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    cadence.ran("plan", "a/b", 7, NOW)
    cadence.ran("plan", "a/b", 7, NOW + 9 * DAY)
    assert cadence.next_due("plan", "a/b") == NOW + 16 * DAY


def test_zero_days_is_dormant(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    cadence.ran("plan", "a/b", 0, NOW)
    assert not cadence.due("plan", "a/b", 0, NOW + 365 * DAY)
    assert cadence.next_due("plan", "a/b") is None


def test_after_an_outage_there_is_one_catch_up(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    back = NOW + 30 * DAY
    times = [NOW, *(back + timedelta(hours=h) for h in range(48))]
    assert runs(cadence, 1, times) == [NOW, back, back + DAY]


def test_a_clock_set_back_waits_at_most_one_period(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    cadence.ran("plan", "a/b", 1, NOW + 900 * DAY)
    times = [NOW + timedelta(hours=h) for h in range(48)]
    assert runs(cadence, 1, times) == [NOW + DAY]


def test_a_clock_jumping_about_neither_doubles_nor_skips(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    true = [NOW + timedelta(hours=h) for h in range(24 * 60)]
    jumps = [0, 0, 0, 3600, -3600, 1800, -1800]  # daylight saving and worse
    shown = [t + timedelta(seconds=jumps[n // 50 % len(jumps)]) for n, t in enumerate(true)]
    assert 59 <= len(runs(cadence, 1, shown)) <= 61


def test_subjects_and_jobs_are_apart(tmp_path: Path) -> None:
    cadence = Cadence(root=tmp_path)
    cadence.ran("plan", "a/b", 1, NOW)
    assert not cadence.due("plan", "a/b", 1, NOW)
    assert cadence.due("plan", "a/c", 1, NOW)
    assert cadence.due("groom", "a/b", 1, NOW)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plan": {"a/b": "soon"}}', '{"plan": 3}', "\xff"])
def test_a_corrupt_file_is_an_error_and_makes_nothing_due(tmp_path: Path, text: str) -> None:
    (tmp_path / "cadence.json").write_text(text, "latin-1")
    with pytest.raises(CorruptState, match=r"cadence\.json"):
        Cadence(root=tmp_path).due("plan", "a/b", 1, NOW)
    with pytest.raises(CorruptState):
        Cadence(root=tmp_path).ran("plan", "a/b", 1, NOW)
    assert (tmp_path / "cadence.json").read_text("latin-1") == text


@pytest.mark.parametrize("held", ["5", '"soon"', "[]", "{}"])
def test_a_wrong_time_is_told_with_its_job_and_subject_and_holds_up_no_other(tmp_path: Path, held: str) -> None:
    (tmp_path / "cadence.json").write_text(f'{{"plan": {{"a/c": {held}}}}}')
    cadence = Cadence(root=tmp_path)
    with pytest.raises(CorruptState, match=r"cadence\.json: plan of a/c: "):
        cadence.due("plan", "a/c", 1, NOW)
    assert cadence.due("plan", "a/b", 1, NOW)
    cadence.ran("plan", "a/b", 1, NOW)
    assert not cadence.due("plan", "a/b", 1, NOW)


# --- signatures, cool-downs


def test_only_the_last_state_of_a_subject_counts(tmp_path: Path) -> None:
    known = Signatures(root=tmp_path)
    assert not known.seen("pull:1", "red")
    for state in ("red", "green", "red"):
        assert not known.seen("pull:1", state)
        known.remember("pull:1", state)
        assert Signatures(root=tmp_path).seen("pull:1", state)


def test_long_states_are_told_apart_by_their_end(tmp_path: Path) -> None:
    known = Signatures(root=tmp_path)
    known.remember("s", "x" * 9000 + "a")
    assert known.seen("s", "x" * 9000 + "a")
    assert not known.seen("s", "x" * 9000 + "b")


def test_signatures_are_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    known = Signatures(root=tmp_path)
    with Store(path=tmp_path / "signatures.json").change() as data:
        data.update({f"s{n}": "x" for n in range(MOST)})
    known.remember("new", "x")
    assert known.seen("new", "x")
    assert not known.seen("s0", "x")
    assert known.seen("s1", "x")


def test_the_later_of_two_cool_downs_stands(tmp_path: Path) -> None:
    cool = Cooldowns(root=tmp_path)
    assert cool.until("claude") == ""
    cool.set("claude", "2026-11-21T10:00:00Z")
    cool.set("claude", "2026-11-21T10:30:00+01:00")
    assert cool.until("claude") == "2026-11-21T10:00:00Z"
    cool.clear("claude")
    assert cool.until("claude") == ""


def test_a_corrupt_cool_down_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cooldowns.json").write_text('{"claude": "later"}')
    with pytest.raises(CorruptState):
        Cooldowns(root=tmp_path).until("claude")


def test_changes_by_many_processes_are_all_kept(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestrator.state.store import Store\n"
        "for n in range(50):\n"
        "    with Store(path=Path(sys.argv[1])).change() as data: data[f'{sys.argv[2]}-{n}'] = 1\n"
    )
    path = tmp_path / "s.json"
    workers = [subprocess.Popen((sys.executable, "-c", script, path, str(n)), cwd=HERE) for n in range(3)]
    assert [w.wait(30) for w in workers] == [0, 0, 0]
    assert len(Store(path=path).read()) == 150


def test_an_error_in_a_change_leaves_the_file(tmp_path: Path) -> None:
    store = Store(path=tmp_path / "s.json")
    with store.change() as data:
        data["a"] = 1
    with pytest.raises(ZeroDivisionError), store.change() as data:
        data["a"] = 1 / 0
    assert store.read() == {"a": 1}


# --- etags


def test_an_answer_is_kept_per_address_type_and_token(tmp_path: Path) -> None:
    etags = Etags(root=tmp_path)
    kept = Kept(etag='W/"1"', body='{"ä": 1}', link="<x>; rel=next")
    etags.put("u", "json", "t1", kept)
    assert etags.get("u", "json", "t1") == kept
    assert [etags.get(*k) for k in (("u", "json", "t2"), ("u", "html", "t1"), ("v", "json", "t1"))] == [None] * 3


def test_kept_answers_are_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    etags = Etags(root=tmp_path, most_bytes=50_000)
    for n in range(10):
        etags.put(str(n), "", "", Kept(etag="e", body="x" * 9_000))
        for path in (tmp_path / "etags").glob("*.json"):
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10**9))
    assert [n for n in range(10) if etags.get(str(n), "", "")] == [5, 6, 7, 8, 9]
    etags.put("big", "", "", Kept(etag="e", body="x" * 3_000_000))
    assert etags.get("big", "", "") is None


def test_a_torn_answer_is_only_asked_for_again(tmp_path: Path) -> None:
    etags = Etags(root=tmp_path)
    etags.put("u", "", "", Kept(etag="e", body="b"))
    next((tmp_path / "etags").glob("*.json")).write_text('{"etag": ')
    assert etags.get("u", "", "") is None


# --- pacing


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """Stands in a file; a sleep of it is moved on by `paced`."""
    return Clock(file=tmp_path / "clock")


def waits(pacing: Pacing, clock: Clock, writes: int) -> list[float]:
    """Seconds each write would have to wait, the clock moved by exactly that."""
    waited = []
    for _ in range(writes):
        total = 0.0
        while (wait := pacing._take()) > 0:
            clock.advance(wait)
            total += wait
        waited.append(total)
    return waited


def test_writes_keep_their_distance(tmp_path: Path, clock: Clock) -> None:
    pacing = Pacing(root=tmp_path, clock=clock, seconds_between=5, per_minute=0, per_hour=0)
    assert [round(w) for w in waits(pacing, clock, 4)] == [0, 5, 5, 5]


def test_the_caps_of_minute_and_hour_hold(tmp_path: Path, clock: Clock) -> None:
    pacing = Pacing(root=tmp_path, clock=clock, seconds_between=0, per_minute=3, per_hour=6)
    assert [round(w) for w in waits(pacing, clock, 7)] == [0, 0, 0, 60, 0, 0, 3540]


def test_without_limits_nothing_waits(tmp_path: Path) -> None:
    pacing = Pacing(root=tmp_path, clock=Clock(), seconds_between=0, per_minute=0, per_hour=0)
    assert [pacing.wait_for_write() for _ in range(3)] == [0, 0, 0]


def test_retry_after_stops_every_process_until_it_passed(tmp_path: Path, clock: Clock) -> None:
    first = Pacing(root=tmp_path, clock=clock, seconds_between=0, per_minute=0, per_hour=0)
    second = Pacing(root=tmp_path, clock=clock, seconds_between=0, per_minute=0, per_hour=0)
    first.note_retry_after(90)
    first.note_retry_after(30)
    until = second.blocked_until()
    assert until is not None
    assert 88 < (until - clock.now()).total_seconds() <= 90
    assert [round(w) for w in waits(second, clock, 2)] == [90, 0]
    assert second.blocked_until() is None


def test_a_clock_set_back_does_not_block_writes(tmp_path: Path, clock: Clock) -> None:
    pacing = Pacing(root=tmp_path, clock=clock, seconds_between=5, per_minute=1, per_hour=1)
    waits(pacing, clock, 1)
    clock.advance(-86_400)
    assert waits(pacing, clock, 1) == [0]


def test_processes_share_one_rhythm(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestrator.clock import Clock\n"
        "from orchestrator.state.pacing import Pacing\n"
        "p = Pacing(root=Path(sys.argv[1]), clock=Clock(), seconds_between=0.05, per_minute=0, per_hour=0)\n"
        "for _ in range(3): p.wait_for_write()\n"
    )
    workers = [subprocess.Popen((sys.executable, "-c", script, tmp_path), cwd=HERE) for _ in range(2)]
    assert [w.wait(30) for w in workers] == [0, 0]
    times = sorted(datetime.fromisoformat(t) for t in Store(path=tmp_path / "pacing.json").read()["writes"])
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    assert len(gaps) == 5
    assert min(gaps) >= 0.05


# --- locks


def in_another_process(run: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if run() else 3)
        finally:
            os._exit(4)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_lock_has_one_holder_and_is_free_after(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "role.lock"

    def take() -> bool:
        with locks.hold(path) as mine:
            return mine

    with locks.hold(path) as mine:
        assert mine
        assert in_another_process(take) == 3
    assert in_another_process(take) == 0
    assert path.exists()


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    path, ready = tmp_path / "l", tmp_path / "ready"

    def hold() -> None:
        with locks.hold(path):
            ready.touch()
            time.sleep(60)

    child = os.fork()
    if child == 0:
        hold()
        os._exit(0)
    while not ready.exists():
        time.sleep(0.005)
    with locks.hold(path) as mine:
        assert not mine
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with locks.hold(path) as mine:
        assert mine


def test_a_started_program_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with locks.hold(tmp_path / "l"):
        left_behind = subprocess.Popen(("sleep", "60"), close_fds=False)
    try:
        with locks.hold(tmp_path / "l") as mine:
            assert mine
    finally:
        left_behind.kill()
        left_behind.wait()


def test_slots_are_given_out_and_counted(tmp_path: Path) -> None:
    with locks.slots(tmp_path, 2) as first, locks.slots(tmp_path, 2) as second, locks.slots(tmp_path, 2) as third:
        assert (first, second, third) == (0, 1, None)
        assert locks.slots_taken(tmp_path) == 2
    assert locks.slots_taken(tmp_path) == 0


# --- what was asked, what grew


def test_a_memo_holds_for_its_days_and_not_what_a_clock_ahead_noted(tmp_path: Path) -> None:
    memo = Memo(path=tmp_path / "memo.json")
    assert memo.get("a", NOW, days=1) is None
    memo.put("a", "said", NOW)
    told = [memo.get("a", NOW + timedelta(hours=h), days=1) for h in (-1, 0, 23, 24)]
    assert told == [None, "said", "said", None]
    memo.path.write_text('{"a": {"text": "x"}}')
    with pytest.raises(CorruptState, match=r"memo\.json: a: no text"):
        memo.get("a", NOW, days=1)


def test_a_file_that_grew_is_noted_once_until_it_is_dropped(tmp_path: Path) -> None:
    grown = Grown(root=tmp_path)
    first = Growth(path="a.py", lines=11, limit=10, sha="f" * 40, task="app-1", pull=1)
    grown.add("app", first, NOW)
    grown.add("app", replace(first, lines=12), NOW + DAY)
    grown.tried("app", "a.py", NOW + DAY)
    (entry,) = grown.of("app")
    assert entry == replace(first, at="2026-11-21T08:00:00Z", tried="2026-11-22T08:00:00Z")
    assert grown.of("lib") == ()
    grown.drop("app", "a.py")
    assert grown.of("app") == ()
    (tmp_path / "grown.json").write_text('{"app": {"a.py": 7}}')
    with pytest.raises(CorruptState, match=r"grown\.json: app:"):
        grown.of("app")


# --- outcomes


def test_a_line_with_a_bad_byte_is_passed_over_and_told(tmp_path: Path) -> None:
    outcomes = Outcomes(runtime=tmp_path)
    shipped = Shipped(
        event="merged", repo=RepoName("ada/app"), task="app-1", issue=1, pull=2, checks=(), direction="area:x",
        at="2026-11-26T07:00:00Z",
    )  # fmt: skip
    assert outcomes.ship(shipped)
    file = tmp_path / "metrics" / "outcome_attribution.jsonl"
    file.write_bytes(file.read_bytes() + file.read_bytes().replace(b"app-1", b"app-\xff"))
    assert outcomes.shipped("ada/app") == (shipped,)
    assert outcomes.damaged()


def test_a_plan_with_a_bad_byte_is_named_and_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "plans" / "app"
    folder.mkdir(parents=True)
    (folder / "app-1.json").write_bytes(b'{"id": "\xff"}')
    (plans, unreadable) = Plans(root=tmp_path).look("app")
    assert (plans, [e.path.name for e in unreadable]) == ((), ["app-1.json"])
