"""A run that only Landlock holds: the same stories, and what it cannot hold said beforehand."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from orchestrator import sandbox
from orchestrator.model.confinement import Level, Limits
from orchestrator.sandbox.inside import landlock
from tests.security import boxed, ways

pytestmark = pytest.mark.usefixtures("landlock")
HELD = Level.LANDLOCK
DOZEN = (
    *("read_user_key", "read_ledger", "write_other_workspace", "make_file_outside", "hard_link", "proc_environ"),
    *("socket_file", "tcp", "tcp_fast_open", "dns", "keyring", "set_user_id", "outlive"),
)


@pytest.fixture
def wish(tmp_path: Path) -> sandbox.Wish:
    return boxed.folders(tmp_path)


def test_none_of_a_dozen_ways_leads_out(tmp_path: Path) -> None:
    expected = [] if landlock.abi() >= 4 else ["tcp"]
    with ways.world(tmp_path) as world:
        said = world.run(HELD, *DOZEN)
        assert list(said) == list(DOZEN)
        assert world.succeeded(said) == expected, said


def test_workspace_and_home_are_writable_and_nothing_else_is(wish: sandbox.Wish) -> None:
    script = "echo x > a && echo x > $HOME/a && echo both; echo x > ../beside; ls ..; cat ../secret"
    (wish.workspace.parent / "secret").write_text("canary")
    said = boxed.run(HELD, wish, "sh", "-c", script)
    assert said.lines[0] == "both"
    assert "canary" not in said.text
    assert not (wish.workspace.parent / "beside").exists()


def test_a_reader_changes_nothing_in_its_workspace(wish: sandbox.Wish) -> None:
    reader = dataclasses.replace(wish, read_only=True)
    said = boxed.run(HELD, reader, "sh", "-c", "echo x > f; echo x > $HOME/f && echo home; cat .git/config | wc -l")
    assert (said.lines[-2:], (wish.workspace / "f").exists()) == (("home", "2"), False)


def test_it_reaches_the_ports_of_our_proxies_and_no_other(wish: sandbox.Wish) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_server(("127.0.0.1", 0)) as other:
        port, strange = (each.getsockname()[1] for each in (ours, other))
        asked = dataclasses.replace(wish, ports=(port,))
        code = f"""
import socket
for port in ({port}, {strange}):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        print("reached")
    except OSError as why:
        print(type(why).__name__)
"""
        said = boxed.python(HELD, asked, code)
    assert said.lines == ("reached", "PermissionError" if landlock.abi() >= 4 else "reached")


def test_it_has_no_capability_and_can_gain_none(wish: sandbox.Wish) -> None:
    said = boxed.run(HELD, wish, "grep", "-E", "^(Cap(Prm|Eff|Bnd)|NoNewPrivs|Seccomp):", "/proc/self/status")
    values = {line.split()[0]: line.split()[1].lstrip("0") for line in said.lines}
    bounding = values.pop("CapBnd:")  # only root may lower it; with no_new_privs nothing is gained by it either
    assert bounding == "" or os.getuid() != 0
    assert values == {"CapPrm:": "", "CapEff:": "", "NoNewPrivs:": "1", "Seccomp:": "2"}


def test_it_ends_as_its_program_did(wish: sandbox.Wish) -> None:
    assert boxed.run(HELD, wish, "sh", "-c", "exit 7").exit == 7
    assert boxed.run(HELD, wish, "sh", "-c", "kill -9 $$").exit == 128 + 9
    assert boxed.run(HELD, wish, "/nonexistent/program").exit == 127


def test_the_polite_signal_reaches_the_program(wish: sandbox.Wish) -> None:
    code = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda n, f: (print("polite"), sys.exit(7)))
print("ready", flush=True)
time.sleep(20)
"""
    ready: list[str] = []
    box = sandbox.box(HELD, wish)
    box.close()
    said = boxed.python(HELD, wish, code, on_line=ready.append, stop=lambda: "enough" if ready else "")
    assert said.killed == "enough"  # SIGTERM, which it does not take: it is dead all the same
    assert said.lines == ("ready",)


def test_nothing_lives_when_the_run_is_killed(wish: sandbox.Wish) -> None:
    began = time.monotonic()
    said = boxed.python(HELD, wish, boxed.DAEMON, stop=lambda: "stop" if boxed.beats(wish) else "")
    assert (said.killed, time.monotonic() - began < 10) == ("stop", True)
    assert not boxed.lives(wish)


def test_nothing_lives_two_seconds_after_the_worker_is_killed(wish: sandbox.Wish, tmp_path: Path) -> None:
    boxed.killed_worker(wish, tmp_path, HELD)
    assert not boxed.lives(wish)


def test_the_program_cannot_end_its_supervisor(wish: sandbox.Wish) -> None:
    if landlock.abi() < 6:
        assert any("signals" in words for words in _cannot())
        return
    code = """
import os, signal
for target in (os.getppid(), 0):
    try:
        os.kill(target, signal.SIGKILL) if target else os.kill(target, signal.SIGCONT)
        print("sent", target == 0)
    except OSError as why:
        print(type(why).__name__)
"""
    assert boxed.python(HELD, wish, code).lines == ("PermissionError", "sent True")


def _cannot() -> tuple[str, ...]:
    return next(p for p in sandbox.probe() if p.level is HELD).cannot


def test_what_it_cannot_hold_is_said_and_is_true(tmp_path: Path) -> None:
    """The two that matter most are tried, so that the sentence goes when the kernel learns it."""
    words = " ".join(_cannot())
    with ways.world(tmp_path) as world:
        got = world.succeeded(world.run(HELD, "git_config", "proc_cmdline", "mode_outside", "system_v_memory"))
    assert got == ["git_config", "proc_cmdline", "mode_outside", "system_v_memory"]
    for word in (".git/config", "arguments", "modes", "System V"):
        assert word in words


def test_a_limit_of_file_size_holds(wish: sandbox.Wish) -> None:
    asked = dataclasses.replace(wish, limits=Limits(file_mb=1))
    code = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); open('f', 'wb').truncate(3 << 20)"
    said = boxed.run(HELD, asked, sys.executable, "-I", "-c", code)
    assert "File too large" in said.text
