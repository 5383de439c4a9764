"""Workers as processes: how many, for whom, when they are killed, when they hang; and a host that misbehaves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import processes
from orchestrator import machine, operations, process
from orchestrator.disk import is_locked
from orchestrator.mailbox.text import dump
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from orchestrator.pipeline import load, pool, reap
from orchestrator.roles import queue
from orchestrator.services import Services
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import World, works

pytestmark = pytest.mark.timeout(180)


def until(seen: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def start(world: World, *words: str) -> subprocess.Popen[bytes]:
    config = {"AGENT_OS_CONFIG": str(world.settings.config_file), "ORCH_ROOT": str(world.tmp)}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *(words or ("worker",))],
        cwd=pool.CHECKOUT,
        env={**os.environ, **world.env, **config},
    )


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[World], tuple[str, ...]]]:
    """The queue's tick as cron runs it, in the world's environment; what it starts is ended with the story."""

    def tick(world: World) -> tuple[str, ...]:
        for name, value in world.env.items():
            monkeypatch.setenv(name, value)
        return queue.tick(world.services).did

    yield tick
    process.end_detached()


def says_ready(world: World, *ids: str) -> bool:
    logs = world.settings.runtime / "logs"
    return all((logs / id / "1.log").exists() and "ready" in (logs / id / "1.log").read_text() for id in ids)


SLOW: list[dict[str, Any]] = [{"say": "ready"}, {"sleep": 4}, *works("{task}.txt")]


def test_one_tick_starts_workers_for_all_that_waits_and_they_end(make: MakeWorld, ticking: Any) -> None:
    world = make(agents=("anna",), top={"max_parallel_workers": 3})
    world.play({"steps": SLOW})
    for n in range(3):
        world.issue(f"Add {n}")
    world.dispatch()
    assert ticking(world) == ("3 workers started",)
    until(lambda: load.now(world.services).agents == {"anna": 3})
    until(lambda: pool.workers(world.services) == 3)  # the spawner itself counts while it starts them
    assert load.now(world.services).repos == {"ada/app": 3}
    until(lambda: not pool.workers(world.services))
    assert world.places() == {"review": 3}
    assert world.runs() == 3


def test_a_repository_never_has_more_workers_than_its_cap(make: MakeWorld, ticking: Any) -> None:
    world = make(agents=("anna",), more_repos=("ada/two",), top={"max_parallel_workers": 4}, max_parallel=1)
    world.play({"steps": SLOW})
    for name in ("ada/app", "ada/app", "ada/two"):
        world.issue("Add", repo=name)
    world.dispatch()
    assert ticking(world) == ("2 workers started",)
    seen: list[int] = []

    def over() -> bool:
        seen.append(max(load.now(world.services).repos.values(), default=0))
        return not pool.workers(world.services) and bool(world.places().get("review"))

    until(over)
    assert max(seen) == 1
    world.work()
    assert world.places() == {"review": 3}


def test_two_workers_that_saw_the_same_last_place_do_not_both_take_it(make: MakeWorld) -> None:
    world = make(agents=("anna",), max_parallel=1)
    world.play({"steps": SLOW})
    world.issue("one")
    world.issue("two")
    world.dispatch()
    other = start(world)
    until(lambda: says_ready(world, "app-1"))
    assert pool.one(world.services, world.task("app-2")) is False
    assert world.place("app-2") == "inbox"
    other.wait()
    assert world.places() == {"review": 2}, "the worker that had the place took the second after the first"


def test_a_claim_waits_for_memory_and_the_ledger_says_so_once(make: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make()
    world.issue()
    world.dispatch()
    free = [10]
    monkeypatch.setattr(machine, "free_memory_mb", lambda: free[0])
    monkeypatch.setattr(pool, "MEMORY_SECONDS", 0.0)
    for _ in range(3):
        assert queue.tick(world.services).did == ()
    world.work()
    assert world.place() == "inbox"
    assert "10 MB of memory are free" in operations.status(world.services).waits
    assert len(world.events(EventKind.WAITING)) == 1
    free[0] = 100_000
    world.work()
    assert world.place() == "review"
    assert operations.status(world.services).waits == ""
    pool.start_workers(world.services)
    load.note_memory(world.services, "")
    assert [e.data["why"] for e in world.events(EventKind.WAITING)][1:] == ["there is enough again"]


def test_a_worker_killed_in_mid_run_is_followed_by_one_that_finishes(make: MakeWorld) -> None:
    world = make(agents=("anna",), sandbox="prefer")
    world.play({"steps": [{"write": {"path": "part.txt", "text": "x\n"}}, {"say": "ready"}, {"sleep": 60}]})
    world.issue()
    world.dispatch()
    worker = start(world)
    until(lambda: says_ready(world, "app-1"))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert not is_locked(world.services.mailbox.lock_path(world.task().id))
    if world.task().attempts[-1].sandbox == "bubblewrap":
        time.sleep(2)
        assert processes.of(world.tmp) == {}, "an agent outlived its worker"
    world.play({"steps": [{"run": "test -e part.txt"}, *works()]})
    world.work()
    task = world.task()
    assert (world.place(), task.recoveries, len(task.attempts)) == ("review", 1, 1)
    assert "(runs) test -e part.txt -> 0" in (world.services.log_dir(task) / "1.log").read_text(), (
        "the second run found what the first had done"
    )
    assert world.shown("part.txt", ref="agent/app-1") == "x\n"


def test_a_worker_past_its_time_is_ended_and_its_task_goes_on(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.play({"steps": [{"say": "ready"}, {"sleep": 60}]})
    world.issue()
    world.dispatch()
    worker = start(world)
    until(lambda: says_ready(world, "app-1"))
    os.kill(worker.pid, signal.SIGSTOP)
    (session,) = world.services.sessions.all()
    assert (session.pid, session.task) == (worker.pid, "app-1")
    assert reap.overdue(world.services) == []
    changed(world.services, until=machine.uptime() - 1)
    world.play({"steps": works()})
    did = world.work()
    assert did[0] == f"app-1: its worker {worker.pid} was past its time and was ended"
    assert worker.wait() == -signal.SIGKILL
    assert world.place() == "review"
    assert [e.data["pid"] for e in world.events(EventKind.REAPED)] == [worker.pid]
    assert world.services.sessions.all() == ()


@pytest.mark.parametrize("spoil", [{"started": "1"}, {"boot": "another"}])
def test_a_process_that_only_has_the_number_is_left_alone(make: MakeWorld, spoil: dict[str, str]) -> None:
    world = make()
    world.issue()
    world.dispatch()
    with world.services.mailbox.claim(world.task().id) as claim:
        assert claim is not None
        world.services.sessions.note("app-1", seconds=-1)
        changed(world.services, **spoil)
        assert reap.overdue(world.services) == []


def test_a_process_that_does_not_hold_the_lock_is_left_alone(make: MakeWorld) -> None:
    world = make()
    world.issue()
    world.dispatch()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        with world.services.mailbox.claim(world.task().id) as claim:
            assert claim is not None
            world.services.sessions.note("app-1", seconds=-1)
            changed(world.services, pid=bystander.pid, started=machine.started(bystander.pid))
            assert reap.overdue(world.services) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def changed(services: Services, **values: Any) -> None:
    path = services.settings.runtime / "state" / "sessions" / "app-1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_clock_that_jumps_back_a_day_delays_nothing_that_was_not_waiting(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.play({"when": {"title": "later"}, "steps": [{"quota": {"reset_in": 1800}}]}, {"steps": works("{task}.txt")})
    world.issue("now")
    world.issue("later")
    world.dispatch()
    assert world.clock.file is not None
    world.clock.file.write_text("-86400\n")
    world.work()
    assert world.place("app-1") == "review"
    assert world.services.sessions.all() == (), "no session depends on the wall clock"
    waits = world.task("app-2").not_before
    assert world.place("app-2") == "inbox"
    assert waits
    world.play({"steps": works("{task}.txt")})
    world.clock.file.write_text(f"{2 * 3600}\n")
    world.work()
    assert world.place("app-2") == "review"


def test_a_full_disk_at_the_mailbox_loses_nothing_and_the_next_tick_goes_on(make: MakeWorld, tmp_path: Path) -> None:
    world = make(agents=("anna",))
    world.issue()
    world.dispatch()
    disk = FullDisk((tmp_path / "runtime" / "mailbox").resolve())
    try:
        fill = disk.mount()
    except CannotMount as why:
        pytest.skip(f"a file system cannot be mounted here: {why}")
    with contextlib.closing(disk):
        fill()
        world.work()
        assert world.place() in ("inbox", "processing")
        assert dump(world.task())
        assert world.crashes()
        assert all("No space left" in c for c in world.crashes())
        fill(0)
        for _ in range(3):
            world.work()
        assert world.place() == "review"
        assert len(world.pulls()) == 1


class CannotMount(Exception):
    """Only root may."""


class FullDisk:
    """The mailbox on a file system of its own that can be filled to the last block."""

    def __init__(self, mailbox: Path) -> None:
        self.mailbox = mailbox

    def mount(self) -> Callable[..., None]:
        aside = self.mailbox.with_name("aside")
        self.mailbox.rename(aside)
        self.mailbox.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(self.mailbox)], capture_output=True, text=True
        )
        if done.returncode:
            self.mailbox.rmdir()
            aside.rename(self.mailbox)
            raise CannotMount(done.stderr)
        subprocess.run(["cp", "-a", f"{aside}/.", str(self.mailbox)], check=True)

        def fill(share: int = 1) -> None:
            ballast = self.mailbox / "ballast"
            if not share:
                ballast.unlink()
                return
            with ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"\0" * 4096)
                except OSError:
                    return

        return fill

    def close(self) -> None:
        subprocess.run(["umount", str(self.mailbox)], check=True)


def test_ending_what_was_started_ends_the_spawners_workers_too(make: MakeWorld, ticking: Any) -> None:
    world = make(agents=("anna",), top={"max_parallel_workers": 2})
    world.play({"steps": [{"say": "ready"}, {"sleep": 60}]})
    world.issue("a")
    world.issue("b")
    world.dispatch()
    ticking(world)
    until(lambda: says_ready(world, "app-1", "app-2"))
    process.end_detached()
    until(lambda: not pool.workers(world.services), 5)
    assert {world.place("app-1"), world.place("app-2")} == {Folder.PROCESSING.value}
