"""The door to programs: bounded time, bounded memory, no survivors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import machine, process
from orchestrator.output import LINE_LIMIT

ENV = process.clean_env()


def sh(script: str, timeout: float = 10, stdin: bytes = b"", limit: int = 1_000_000) -> process.Finished:
    return process.run(("/bin/sh", "-c", script), cwd="/", env=ENV, timeout=timeout, stdin=stdin, output_limit=limit)


def alive(pid: int) -> bool:
    """A zombie counts as gone: it runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(fact: Callable[[], bool], seconds: float = 3) -> bool:
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_it_returns_what_was_printed_and_the_exit_status() -> None:
    done = sh("echo out; echo err >&2; exit 3")
    assert (done.exit, done.out, done.err, done.timed_out, done.truncated) == (3, b"out\n", b"err\n", False, False)


def test_a_program_that_dies_by_a_signal_says_so() -> None:
    assert sh("kill -9 $$").exit == -9


def test_only_the_clean_environment_reaches_the_program(tmp_path: Path) -> None:
    os.environ["SOME_SECRET_OF_OURS"] = "x"
    os.environ["KEPT"] = "k"
    try:
        env = process.clean_env({"NAMED": "1"}, keep=("KEPT", "ABSENT"))
    finally:
        del os.environ["SOME_SECRET_OF_OURS"], os.environ["KEPT"]
    done = process.run(("/usr/bin/env",), cwd=tmp_path, env=env, timeout=5)
    names = {line.split(b"=")[0].decode() for line in done.out.splitlines()}
    assert names - {"PWD", "SHLVL", "_"} == {"PATH", "HOME", "LANG", "TZ", "NAMED", "KEPT"}


def test_at_the_limit_the_whole_group_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    began = time.monotonic()
    done = sh(f"sleep 60 & echo $! > {pids}; sleep 60", timeout=0.2)
    assert (done.exit, done.timed_out) == (None, True)
    assert time.monotonic() - began < 2
    assert until(lambda: not alive(int(pids.read_text())))


def test_a_program_that_ignores_the_polite_signal_is_killed_after_the_grace() -> None:
    done = sh("trap '' TERM; sleep 60", timeout=0.1)
    assert done.timed_out
    assert process.TERM_GRACE < done.seconds < process.TERM_GRACE + 2


def test_what_keeps_the_pipes_open_does_not_hold_us_up_and_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = sh(f"sleep 60 & echo $! > {pids}; echo done; exit 4")
    assert (done.exit, done.out) == (4, b"done\n")
    assert done.seconds < 2
    assert until(lambda: not alive(int(pids.read_text())))


def test_a_daemon_that_left_the_group_does_not_hold_us_up(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = sh(f"setsid sh -c 'echo $$ > {pids}; exec sleep 60' & sleep 0.2; echo done")
    assert (done.out, done.timed_out) == (b"done\n", False)
    os.kill(int(pids.read_text()), signal.SIGKILL)


def test_much_output_on_both_streams_is_bounded_and_never_a_deadlock() -> None:
    done = sh("yes out | head -c 9000000; yes err | head -c 9000000 >&2; echo end", limit=10_000)
    assert (done.exit, done.truncated) == (0, True)
    assert len(done.out) < 10_100
    assert done.out.startswith(b"out\nout\n")
    assert done.out.endswith(b"end\n")
    assert b"bytes left out" in done.err


def test_output_up_to_the_limit_is_whole() -> None:
    done = sh("head -c 10000 /dev/zero", limit=10_000)
    assert (len(done.out), done.truncated) == (10_000, False)


def test_much_input_is_fed_while_output_is_read() -> None:
    data = os.urandom(3_000_000)
    done = process.run(("cat",), cwd="/", env=ENV, timeout=20, stdin=data, output_limit=10_000_000)
    assert done.out == data


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert sh("exit 0", stdin=b"x" * 1_000_000).exit == 0


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(process.CannotStart, match="no-such-program"):
        process.run(("no-such-program",), cwd="/", env=ENV, timeout=1)
    with pytest.raises(process.CannotStart):
        process.run(("true",), cwd=tmp_path / "absent", env=ENV, timeout=1)


def test_a_program_dies_with_the_worker_that_started_it(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "from orchestrator import process\n"
        f"process.run(('/bin/sh', '-c', 'echo $$ > {pids}; exec sleep 60'), cwd='/', env={{}}, timeout=60)\n"
    )
    worker = subprocess.Popen((sys.executable, "-c", script), cwd=Path(__file__).parents[2])
    assert until(lambda: pids.exists() and pids.read_text().endswith("\n"))
    worker.kill()
    worker.wait()
    assert until(lambda: not alive(int(pids.read_text())))


def test_nothing_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        sh("echo x; sleep 1 &", stdin=b"y")
    assert len(os.listdir("/proc/self/fd")) == before


# --- stream


def stream(script: str, **limits: float) -> tuple[process.Streamed, list[str]]:
    lines: list[str] = []
    wall, silence = limits.get("wall", 10), limits.get("silence", 10)
    done = process.stream(
        ("/bin/sh", "-c", script), cwd="/", env=ENV, on_line=lines.append, wall_seconds=wall, silence_seconds=silence
    )
    return done, lines


def test_lines_come_as_they_are_printed() -> None:
    times: list[tuple[str, float]] = []
    process.stream(
        ("/bin/sh", "-c", "echo a; sleep 0.3; echo b >&2; printf c"),
        cwd="/", env=ENV, on_line=lambda line: times.append((line, time.monotonic())),
        wall_seconds=9, silence_seconds=9,
    )  # fmt: skip
    assert [line for line, _ in times] == ["a", "b", "c"]
    assert times[1][1] - times[0][1] > 0.2


def test_the_watchdogs_say_why() -> None:
    assert stream("while :; do echo x; sleep 0.05; done", wall=0.3)[0].why_killed == "wall"
    assert stream("echo x; sleep 60", silence=0.2)[0].why_killed == "silence"
    done, lines = stream("echo x; exit 5")
    assert (done.exit, done.why_killed, lines) == (5, "", ["x"])


def test_any_output_keeps_the_silence_watchdog_quiet() -> None:
    done, _ = stream("for i in 1 2 3 4 5 6; do printf .; sleep 0.1; done", silence=0.4)
    assert (done.exit, done.why_killed) == (0, "")


def test_a_stop_word_ends_it(tmp_path: Path) -> None:
    done = process.stream(
        ("sleep", "60"), cwd="/", env=ENV, on_line=print, wall_seconds=9, silence_seconds=9, stop=lambda: "held"
    )
    assert (done.exit, done.why_killed) == (None, "held")


def test_a_line_without_end_is_cut_and_bad_bytes_are_replaced() -> None:
    done, lines = stream("head -c 3000000 /dev/zero | tr '\\0' a; echo; printf '\\377ok\\n'")
    assert done.exit == 0
    assert [len(lines[0]), lines[1]] == [LINE_LIMIT + len(" [line cut]"), "�ok"]


def test_when_the_listener_fails_the_program_is_killed_first(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def fail(line: str) -> None:
        raise ValueError(line)

    with pytest.raises(ValueError, match="boom"):
        process.stream(
            ("/bin/sh", "-c", f"echo $$ > {pids}; echo boom; sleep 60"),
            cwd="/", env=ENV, on_line=fail, wall_seconds=9, silence_seconds=9,
        )  # fmt: skip
    assert not alive(int(pids.read_text()))


# --- the rest


def test_a_detached_program_outlives_the_call_and_writes_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    pid = process.spawn_detached(("/bin/sh", "-c", "echo hello; echo err >&2"), cwd=tmp_path, env=ENV, log=log)
    process.wait_detached(pid)
    assert log.read_text() == "hello\nerr\n"


def test_a_detached_program_inherits_no_descriptor_of_ours(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        pid = process.spawn_detached(("ls", "/proc/self/fd"), cwd="/", env=ENV, log=tmp_path / "log")
        process.wait_detached(pid)
    finally:
        os.close(held)
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2", "3"]


def test_free_memory_is_told() -> None:
    assert 0 < machine.free_memory_mb() < 2**24


COSTS = """
import resource, subprocess
from orchestrator import process
def cost(call):
    best = 9.0
    for _ in range(8):
        began = used()
        for _ in range(5):
            call()
        best = min(best, used() - began)
    return best
def used():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(r.ru_utime + r.ru_stime for r in both)
env = process.clean_env()
print(cost(lambda: subprocess.run(("git", "--version"), capture_output=True, check=True)))
print(cost(lambda: process.run(("git", "--version"), cwd="/", env=env, timeout=5)))
"""


def test_a_run_costs_little_more_than_the_program() -> None:
    """Processor seconds, ours and the children's, in a process of a worker's size: a fork costs by what is loaded."""
    done = subprocess.run((sys.executable, "-c", COSTS), capture_output=True, text=True, check=True)
    plain, ours = (float(line) for line in done.stdout.split())
    assert ours < 10 * plain + 0.03, (plain, ours)
