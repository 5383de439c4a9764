"""The test run's own rules can fail: each is broken here once, in a run of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import guards

ROOT = Path(__file__).parents[2]


SPOILED = """
import subprocess
import pytest

def test_good():
    assert True

def test_skips():
    pytest.skip("no tool")

def test_listed():
    pytest.skip("no tool")

@pytest.mark.xfail(reason="later")
def test_expected():
    assert False

def test_child():
    assert subprocess.Popen(["sleep", "61"])

def test_daemon():
    assert subprocess.Popen(["setsid", "-f", "sleep", "62"])

def test_daemon_in_disguise(tmp_path):
    assert subprocess.Popen(["setsid", "-f", "sleep", "63"], env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path)
"""
WHOLE = "import pytest\npytest.skip('all of it', allow_module_level=True)\n"
LISTED = "tests/test_it.py::test_listed | needs the tool\n"


def run(folder: Path, *arguments: str, **modules: str) -> subprocess.CompletedProcess[str]:
    """A pytest of its own on a project that has our conftest and these modules."""
    tests = folder / "tests"
    tests.mkdir()
    for name in ("conftest.py", "guards.py", "__init__.py"):
        shutil.copy(ROOT / "tests" / name, tests / name)
    (tests / "skips.txt").write_text(LISTED)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -W ignore\n")
    for name, text in modules.items():
        (tests / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", f"--basetemp={folder / 'tmp'}", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_skips_and_processes_left_behind_fail_the_run_by_name(tmp_path: Path, workers: str) -> None:
    done = run(tmp_path, workers, test_it=SPOILED, test_whole=WHOLE)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "not proven: tests/test_it.py::test_listed: needs the tool (no tool)" in lines
    forbidden = sorted(line for line in lines if line.startswith("skipped, and not in tests/skips.txt"))
    assert [line.split(": ", 1)[1] for line in forbidden] == [
        "tests/test_it.py::test_expected (expected failure: later)",
        "tests/test_it.py::test_skips (no tool)",
        "tests/test_whole.py (all of it)",
    ]
    left = [line.split() for line in lines if line.startswith("left running by the tests: ")]
    assert sorted(words[-1] for words in left) == ["61", "62", "63"]
    deadline = time.monotonic() + 5
    while any(_alive(int(words[5])) for words in left) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_alive(int(words[5])) for words in left), "named, but not ended"


def test_a_listed_skip_alone_passes_and_is_told_as_not_proven(tmp_path: Path) -> None:
    done = run(tmp_path, "-n0", "-k", "good or listed", test_it=SPOILED)
    assert done.returncode == 0
    assert "not proven: tests/test_it.py::test_listed: needs the tool (no tool)" in done.stdout


def test_a_line_of_the_skip_list_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"skips.txt:2: expected"):
        guards.allowed_skips("# a comment\ntests/x.py::test_y |\n")


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(") ")[2][0] not in "ZX"


@pytest.mark.parametrize("host", ["203.0.113.7", "10.0.0.1", "169.254.169.254", "::ffff:203.0.113.7", "2001:db8::1"])
def test_connecting_to_another_machine_is_refused_by_name(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(0.1)
        with pytest.raises(guards.OutgoingConnection, match=host):
            s.connect((host, 80))
        with pytest.raises(guards.OutgoingConnection):
            s.connect_ex((host, 80))


def test_looking_up_a_foreign_name_is_refused_and_a_name_that_cannot_exist_is_answered_here() -> None:
    with pytest.raises(guards.OutgoingConnection, match="github"):
        socket.create_connection(("api.github.com", 443), timeout=0.1)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


def test_loopback_and_unix_sockets_stay_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
        assert client.getpeername() == str(tmp_path / "s")


def test_the_guard_gives_the_sockets_back() -> None:
    before = socket.socket.connect
    with guards.only_loopback():
        assert socket.socket.connect is not before
    assert socket.socket.connect is before


def test_the_developers_git_configuration_and_credentials_do_not_reach_tests(tmp_path: Path) -> None:
    theirs = {
        "PATH": "/bin",
        "HOME": "/elsewhere",
        "GIT_DIR": "/elsewhere/.git",
        "GITHUB_TOKEN": "t",
        "XDG_CONFIG_HOME": "/elsewhere/c",
        "SOME_API_KEY": "k",
        "https_proxy": "http://proxy",
    }
    seen = guards.clean_environment(theirs, tmp_path)
    assert seen["PATH"] == "/bin"
    assert seen["HOME"] == str(tmp_path)
    assert seen["XDG_CONFIG_HOME"].startswith(str(tmp_path))
    assert not {"GIT_DIR", "GITHUB_TOKEN", "SOME_API_KEY", "https_proxy"} & set(seen)


def test_this_very_run_has_a_home_and_a_git_identity_of_its_own() -> None:
    told = subprocess.run(["git", "var", "GIT_AUTHOR_IDENT"], capture_output=True, text=True, check=True).stdout
    assert told.startswith("Test Author <author@example.invalid>")
    assert "agent-os-tests-" in os.environ["HOME"]
    listed = subprocess.run(["git", "config", "--list", "--show-origin"], capture_output=True, text=True, cwd="/")
    assert {line.split()[0] for line in listed.stdout.splitlines()} == {f"file:{os.environ['GIT_CONFIG_GLOBAL']}"}
