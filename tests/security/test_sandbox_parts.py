"""The parts of the sandbox that need no level to hold: meter, control groups, what is remembered, what is chosen."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator import sandbox
from orchestrator.model.confinement import Level, Limits, Probe, Sandbox
from orchestrator.sandbox import cgroup, meter, procs, remembered, selftest, trees
from orchestrator.sandbox.inside import seccomp
from tests.security import boxed

HOG = "import time; x = bytearray(200 << 20); print('ready', flush=True); time.sleep(30)"


@contextlib.contextmanager
def running(code: str) -> Iterator[int]:
    """A program that says it is ready; ended with its children."""
    program = subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE)
    try:
        assert program.stdout is not None
        program.stdout.readline()
        yield program.pid
    finally:
        for pid in tuple(procs.tree(program.pid)):
            os.kill(pid, 9)
        program.communicate()


def test_memory_of_the_whole_tree_is_summed() -> None:
    code = f"import subprocess, sys, time; subprocess.run([sys.executable, '-I', '-c', {HOG!r}])"
    for limit, word in ((300, ""), (50, "memory")):
        watch = meter.Meter(limits=Limits(memory_mb=limit, disk_mb=0), paths=())
        with running(code) as pid:
            watch.begin(pid)
            time.sleep(0.2)
            assert watch.over() == word
            assert 200 << 20 < watch.memory < 260 << 20
            watch.pid = 0


def test_a_run_over_its_memory_is_ended(tmp_path: Path) -> None:
    wish = dataclasses.replace(boxed.folders(tmp_path), limits=Limits(memory_mb=50))

    def watch(box: sandbox.Box) -> Callable[[], str]:
        return box.meter.over

    assert boxed.python(Level.NONE, wish, HOG, meter=watch).killed == "memory"


def test_memory_that_processes_share_counts_once() -> None:
    code = """
import mmap, os, time
data = mmap.mmap(-1, 100 << 20)
for at in range(0, len(data), 4096): data[at] = 1
for _ in range(3):
    if os.fork() == 0:
        sum(data[at] for at in range(0, len(data), 4096))
        time.sleep(30)
time.sleep(0.5)
print("ready", flush=True)
time.sleep(30)
"""
    watch = meter.Meter(limits=Limits(memory_mb=150, disk_mb=0), paths=())
    with running(code) as pid:
        watch.begin(pid)
        assert watch.over() == ""
        assert len(watch.known) == 4
        assert watch.memory < 160 << 20
        watch.pid = 0


def test_what_a_run_adds_to_the_disk_is_seen(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x" * (5 << 20))
    watch = meter.Meter(limits=Limits(disk_mb=3, memory_mb=0), paths=(tmp_path,))
    with running("import time; print(1, flush=True); time.sleep(20)") as pid:
        watch.begin(pid)
        (tmp_path / "new").write_bytes(b"x" * (4 << 20))
        assert watch.over() == ""  # it looked a moment ago
        watch.walked_at -= meter.WALK_EVERY
        assert watch.over() == "disk"
        watch.pid = 0


def test_folders_are_walked_only_when_the_disk_filled_up(tmp_path: Path) -> None:
    watch = meter.Meter(limits=Limits(disk_mb=1000, memory_mb=0), paths=(tmp_path,))
    with running("import time; print(1, flush=True); time.sleep(20)") as pid:
        watch.begin(pid)
        watch.walked_at = before = time.monotonic() - meter.WALK_EVERY
        assert watch.over() == ""
        assert watch.walked_at == before
        watch.pid = 0


def test_sizes_follow_no_link_and_count_nested_folders_once(tmp_path: Path) -> None:
    (tmp_path / "home/ask").mkdir(parents=True)
    (tmp_path / "home/ask/f").write_bytes(b"x" * (1 << 20))
    (tmp_path / "home/link").symlink_to("/usr")
    once = meter.size((tmp_path / "home", tmp_path / "home/ask"))
    assert 1 << 20 <= once < 2 << 20


def test_a_process_that_left_the_group_is_ended_when_it_was_seen(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys, time
left = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(left.pid, flush=True)
time.sleep(1.5)
"""
    wish = boxed.folders(tmp_path)
    said = boxed.python(Level.NONE, wish, code, meter=lambda box: box.meter.over)
    deadline = time.monotonic() + 1
    while Path(f"/proc/{said.lines[0]}/cwd").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{said.lines[0]}/cwd").exists()


def test_fifty_runs_cost_well_under_a_hundredth_of_a_core() -> None:
    """Five processes of twenty threads each, as a large CLI has them; one look every two seconds."""
    thread = "t.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    child = f"import threading as t, time\nfor _ in range(19): {thread}\n"
    code = (
        f"import subprocess, sys, time\nc = {child + 'time.sleep(60)'!r}\n"
        "ps = [subprocess.Popen([sys.executable, '-I', '-c', c]) for _ in range(4)]\n"
        + child
        + "time.sleep(1.5); print(1, flush=True); time.sleep(60)"
    )
    watch = meter.Meter(limits=Limits(), paths=())
    with running(code) as pid:
        watch.begin(pid)
        began = time.process_time()
        for _ in range(300):
            assert watch.over() == ""
        one = (time.process_time() - began) / 300
        assert len(watch.known) == 5
        watch.pid = 0
    assert one * 50 / 2 < 0.01, one


def test_a_control_group_of_version_two(tmp_path: Path) -> None:
    """A stand-in for the kernel's folder: a fresh folder there has these files."""
    parent = tmp_path / "user/app.slice"
    (parent / "ours.scope").mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("memory pids")
    own = "0::/user/app.slice/ours.scope\n"
    assert cgroup.make(Limits(), own=own, root=tmp_path) is None  # the kernel made no memory.max: it may not
    assert list(parent.iterdir()) == [parent / "ours.scope"]


def test_a_control_group_is_really_left_and_removed() -> None:
    held = cgroup.make(Limits(memory_mb=300, processes=40))
    if held is None:
        assert os.getuid() != 0 or not Path("/sys/fs/cgroup/memory").exists()
        return
    doors = held.doors()
    code = f"import os, time\nfor d in {doors!r}: os.write(d, b'0')\nprint(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=doors, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        for door in doors:
            os.close(door)
        inside = (held.folders[0] / "cgroup.procs").read_text().split()
        held.close()
        assert inside == [str(program.pid)]
        assert program.wait(5) == -9
    assert not any(folder.exists() for folder in held.folders)


def test_probes_are_remembered_for_this_boot_and_asked_again_after_it(tmp_path: Path) -> None:
    kept = tmp_path / "state/sandbox.json"
    first = sandbox.probe(kept)
    data = json.loads(kept.read_text())
    data["levels"][0] = {"level": "bubblewrap", "holds": True, "why": "", "cannot": ["told by the file"]}
    for level in data["levels"]:
        level["holds"] = True
    kept.write_text(json.dumps(data))
    assert sandbox.probe(kept)[0].cannot == ("told by the file",)
    data["for"]["boot"] = "another"
    kept.write_text(json.dumps(data))
    assert sandbox.probe(kept) == first


def test_a_bad_answer_is_asked_again_after_a_while(tmp_path: Path) -> None:
    kept = tmp_path / "sandbox.json"
    first = sandbox.probe(kept)
    data = json.loads(kept.read_text())
    data["levels"][0] |= {"holds": False, "why": "denied"}
    for age, expected in ((0, "denied"), (remembered.BAD_FOR + 1, first[0].why)):
        kept.write_text(json.dumps(data | {"at": time.time() - age}))
        assert sandbox.probe(kept)[0].why == expected


@pytest.mark.parametrize("text", ["", "{", "[]", '{"for": 1}', '{"for": {}, "levels": 3}'])
def test_a_broken_memory_is_no_answer(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "sandbox.json"
    kept.write_text(text)
    assert [p.level for p in sandbox.probe(kept)] == list(remembered.LEVELS)


@pytest.mark.parametrize(
    ("wanted", "holds", "level"),
    [
        (Sandbox.REQUIRED, (True, True), Level.BUBBLEWRAP),
        (Sandbox.REQUIRED, (False, True), Level.LANDLOCK),
        (Sandbox.REQUIRED, (False, False), None),
        (Sandbox.PREFER, (False, False), Level.NONE),
        (Sandbox.PREFER, (False, True), Level.LANDLOCK),
        (Sandbox.OFF, (True, True), Level.NONE),
    ],
)
def test_what_is_chosen(wanted: Sandbox, holds: tuple[bool, bool], level: Level | None) -> None:
    probes = (
        Probe(level=Level.BUBBLEWRAP, holds=holds[0]),
        Probe(level=Level.LANDLOCK, holds=holds[1]),
        Probe(level=Level.NONE, holds=True),
    )
    assert sandbox.choose(wanted, probes) is level


@pytest.mark.parametrize(
    ("file", "value", "words"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "/etc/apparmor.d/bwrap"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces"),
        ("user/max_user_namespaces", "9", "container"),
    ],
)
def test_what_mends_denied_user_namespaces_is_said(tmp_path: Path, file: str, value: str, words: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(value + "\n")
    assert words in selftest.denied(1000, tmp_path)
    assert selftest.denied(0, tmp_path) == ""
    assert ("userns," in selftest.denied(1000, tmp_path)) == ("apparmor" in file)


def test_the_command_says_what_holds_and_exits_by_it() -> None:
    words = [sys.executable, "-m", "orchestrator", "sandbox", "test", "--json"]
    done = subprocess.run(words, capture_output=True, cwd=Path(__file__).parents[2], check=False)
    said = json.loads(done.stdout)
    assert [level["level"] for level in said["levels"]] == ["bubblewrap", "landlock", "none"]
    assert done.returncode == (1 if said["best"] == "none" else 0)


def test_without_bubblewrap_the_command_says_how_to_get_it() -> None:
    words = [sys.executable, "-m", "orchestrator", "sandbox", "test"]
    env = {**os.environ, "PATH": "/nonexistent"}
    done = subprocess.run(words, capture_output=True, env=env, text=True, cwd=Path(__file__).parents[2], check=False)
    assert "apt-get install bubblewrap" in done.stdout
    assert done.stdout.splitlines()[-1] in ("Agents run under: landlock", "Agents run under: none")


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("machine", sorted(seccomp.MACHINES))
def test_the_filter_is_well_formed(machine: str, alone: bool) -> None:
    """Every jump stays inside, every end is a return, and the kernel's limit of 4096 lines is far."""
    lines = list(struct.iter_unpack("=HBBI", seccomp.program(alone=alone, machine=machine)))
    assert 50 < len(lines) < 500
    for at, (code, yes, no, _) in enumerate(lines):
        if code in (seccomp.EQUAL, seccomp.SET, seccomp.AT_LEAST):
            assert max(yes, no) + at + 1 < len(lines)
    assert lines[-1][0] == seccomp.RETURN


def test_an_unknown_machine_has_no_filter() -> None:
    assert seccomp.program(alone=True, machine="riscv64") == b""


def test_a_virtual_environment_brings_its_interpreter(tmp_path: Path) -> None:
    tree = trees.Tree()
    trees.program(sys.executable, tree)
    names = [str(p) for p in tree.paths]
    assert sys.prefix in names
    assert any(os.path.realpath(sys.executable).startswith(n) for n in names) or sys.base_prefix.startswith("/usr")
    assert str(Path.home()) not in names


def test_a_program_that_is_not_there_brings_nothing() -> None:
    tree = trees.Tree()
    trees.program("no-such-program-here", tree)
    trees.program("sh", tree)
    assert (tree.paths, tree.links) == ({}, {})
