"""The door, second half: input that stays open, a polite end of the caller's choice, forked children."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator import process

ECHO = "import sys\nfor line in sys.stdin:\n    print('heard', line.strip(), flush=True)\nprint('over', flush=True)\n"


def stream(script: str, tmp: Path, **more: Any) -> tuple[process.Streamed, list[str]]:
    lines: list[str] = []
    more.setdefault("on_line", lines.append)
    ended = process.stream(
        (sys.executable, "-c", script), cwd=tmp, env=process.clean_env(), wall_seconds=20, silence_seconds=20, **more
    )
    return ended, lines


def test_a_channel_is_written_to_while_the_program_runs_and_closed_when_nothing_more_comes(tmp_path: Path) -> None:
    channel = process.Channel(b"one\n")
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if line == "heard one":
            channel.send(b"two\n")
        if line == "heard two":
            channel.send(b"three\n")
            channel.close()

    ended, _ = stream(ECHO, tmp_path, stdin=channel, on_line=hear)
    assert lines == ["heard one", "heard two", "heard three", "over"]
    assert ended.exit == 0


def test_what_comes_after_the_close_is_not_sent(tmp_path: Path) -> None:
    channel = process.Channel(b"one\n")
    channel.close()
    channel.send(b"two\n")
    _, lines = stream(ECHO, tmp_path, stdin=channel)
    assert lines == ["heard one", "over"]


def test_a_message_sent_from_the_stop_question_arrives(tmp_path: Path) -> None:
    channel = process.Channel()
    asked: list[float] = []

    def stop() -> str:
        asked.append(time.monotonic())
        if len(asked) == 2:
            channel.send(b"late\n")
            channel.close()
        return ""

    _, lines = stream(ECHO, tmp_path, stdin=channel, stop=stop)
    assert lines == ["heard late", "over"]


def test_a_program_that_does_not_read_cannot_stop_us(tmp_path: Path) -> None:
    channel = process.Channel(b"x" * 3_000_000)
    ended, lines = stream("print('not listening')", tmp_path, stdin=channel)
    assert (ended.exit, lines) == (0, ["not listening"])


def test_descriptors_that_are_passed_are_there_and_no_others(tmp_path: Path) -> None:
    mine, theirs = os.pipe()
    other, another = os.pipe()
    try:
        os.set_inheritable(other, True)  # passed only by name, whatever its flag says
        ended, _ = stream(f"import os; os.write({theirs}, b'through')", tmp_path, pass_fds=(theirs,))
        assert ended.exit == 0
        assert os.read(mine, 20) == b"through"
        ended, lines = stream(f"import os\ntry: os.fstat({other})\nexcept OSError: print('closed')", tmp_path)
        assert lines == ["closed"]
    finally:
        for fd in (mine, theirs, other, another):
            os.close(fd)


def test_the_caller_chooses_how_a_program_is_told_to_end(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *a: (os.write(1, b'last words\\n'), sys.exit(7)))\n"
        "print('ready', flush=True)\ntime.sleep(30)\n"
    )
    lines: list[str] = []
    ended, _ = stream(
        script, tmp_path, on_line=lines.append, stop=lambda: "enough" if lines else "",
        interrupt=lambda pid: os.kill(pid, signal.SIGINT),
    )  # fmt: skip
    assert (lines, ended.why_killed) == (["ready", "last words"], "enough")
    assert ended.seconds < 5


def test_the_process_id_is_told_before_anything_else(tmp_path: Path) -> None:
    told: list[int] = []
    ended, lines = stream("import os; print(os.getpid())", tmp_path, started=told.append)
    assert lines == [str(told[0])]
    assert ended.exit == 0


def test_an_error_in_started_ends_the_program(tmp_path: Path) -> None:
    told: list[int] = []

    def refuse(pid: int) -> None:
        told.append(pid)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        stream("import time; time.sleep(30)", tmp_path, started=refuse)
    with pytest.raises(ProcessLookupError):
        os.kill(told[0], 0)


FORKING = """
import os, sys, time
from orchestrator import process
keep_read, keep_write = os.pipe()
lost = os.open("/dev/null", os.O_RDONLY)
def body():
    def closed(fd):
        try: os.fstat(fd)
        except OSError: return True
        return False
    os.write(keep_write, f"{closed(lost)} {os.getsid(0) == os.getpid()}".encode())
    if len(sys.argv) > 1: time.sleep(30)
    if "raise" in sys.argv: raise SystemError("inside")
pid = process.fork(body, keep=(keep_write,), tied="untied" not in sys.argv)
print(os.read(keep_read, 50).decode(), pid, flush=True)
if len(sys.argv) == 1: print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
else: time.sleep(30)
"""


def forking(*args: str) -> tuple[str, ...]:
    return (sys.executable, "-c", FORKING, *args)


def test_a_forked_child_has_only_what_it_was_given(tmp_path: Path) -> None:
    done = process.run(forking(), cwd=Path.cwd(), env=process.clean_env(), timeout=20)
    words = done.out.decode().split()
    assert words[:2] == ["True", "True"], done.err
    assert words[3] == "0"


@pytest.mark.parametrize("tied", [True, False])
def test_a_tied_child_dies_with_its_parent_and_an_untied_one_goes_on(tied: bool) -> None:
    lines: list[str] = []

    def stop() -> str:
        return "seen" if lines else ""

    process.stream(
        forking("wait", *([] if tied else ["untied"])), cwd=Path.cwd(), env=process.clean_env(),
        on_line=lines.append, wall_seconds=20, silence_seconds=20, stop=stop,
    )  # fmt: skip
    child = int(lines[0].split()[2])
    try:
        deadline = time.monotonic() + (2 if tied else 0.3)
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive(child) is not tied
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
