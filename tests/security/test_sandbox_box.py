"""A box of bubblewrap: what is in it, what is not, and what can be done in it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from orchestrator import sandbox
from orchestrator.model.confinement import Level, Limits
from orchestrator.sandbox.inside import __main__ as launcher
from tests.rooms.gitting import make_world
from tests.security import boxed, ways

pytestmark = pytest.mark.usefixtures("bubblewrap")
BOX = Level.BUBBLEWRAP
DOZEN = (
    *("read_user_key", "read_ledger", "write_other_workspace", "make_file_outside", "hard_link", "proc_environ"),
    *("signal_parent", "abstract_socket", "tcp", "dns", "keyring", "git_config", "git_hook", "outlive"),
)


@pytest.fixture
def wish(tmp_path: Path) -> sandbox.Wish:
    return boxed.folders(tmp_path)


def test_none_of_a_dozen_ways_leads_out_and_each_does_without_a_box(tmp_path: Path) -> None:
    for level, expected in ((BOX, []), (Level.NONE, list(DOZEN))):
        root = tmp_path / level.value
        root.mkdir()
        with ways.world(root) as world:
            said = world.run(level, *DOZEN)
            assert list(said) == list(DOZEN)
            assert world.succeeded(said) == expected, said


def test_the_root_holds_only_what_a_run_needs(wish: sandbox.Wish) -> None:
    said = boxed.python(BOX, wish, "import os; print(*sorted(os.listdir('/')))")
    known = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "tmp", "usr", "var"}
    ours = {Path(p).parts[1] for p in (sys.executable, os.path.realpath(sys.executable), str(wish.home), __file__)}
    assert set(said.text.split()) <= known | ours
    assert "home" not in said.text.split() or "home" in ours


def test_etc_holds_no_secret_and_knows_nobody(wish: sandbox.Wish) -> None:
    code = (
        "import os,pwd; print(*os.listdir('/etc')); print(pwd.getpwuid(os.getuid()).pw_dir); print(len(pwd.getpwall()))"
    )
    names, home, count = boxed.python(BOX, wish, code).lines
    present = set(names.split())
    assert {"passwd", "hosts", "ssl"} <= present
    assert not present & {
        "shadow",
        "gshadow",
        "ssh",
        "gitconfig",
        "resolv.conf",
        "sudoers",
        "machine-id",
        "environment",
    }
    assert (home, count) == (str(wish.home), "2")


def test_our_python_is_readable_and_the_home_it_may_stand_in_is_not(wish: sandbox.Wish) -> None:
    code = "import os,sys; print(os.path.exists(sys.argv[1]))"
    for path in (Path(ways.__file__), Path("/root/.bashrc"), Path.home() / ".gitconfig"):
        said = boxed.run(BOX, wish, sys.executable, "-I", "-c", code, str(path))
        assert said.lines == ("False",), said


def test_only_its_own_processes_are_there(wish: sandbox.Wish) -> None:
    said = boxed.python(BOX, wish, "import os; print(sum(n.isdigit() for n in os.listdir('/proc')), os.getpid())")
    assert [int(n) <= 3 for n in said.text.split()] == [True, True]


def test_it_has_no_network_but_its_own_loopback(wish: sandbox.Wish) -> None:
    said = boxed.python(BOX, wish, "import socket; print([n for _, n in socket.if_nameindex()], socket.gethostname())")
    assert said.lines == ("['lo'] agent",)


def test_it_has_no_capability_and_can_gain_none(wish: sandbox.Wish) -> None:
    said = boxed.run(BOX, wish, "grep", "-E", "^(Cap(Prm|Eff|Bnd)|NoNewPrivs|Seccomp):", "/proc/self/status")
    values = {line.split()[0]: line.split()[1].lstrip("0") for line in said.lines}
    assert values == {"CapPrm:": "", "CapEff:": "", "CapBnd:": "", "NoNewPrivs:": "1", "Seccomp:": "2"}


def test_kernel_settings_are_read_only(wish: sandbox.Wish) -> None:
    code = (
        "import os\nfor folder, _, files in os.walk('/proc/sys'):\n"
        "    for f in files:\n        if os.access(folder + '/' + f, os.W_OK): print(f)\nprint('walked')"
    )
    assert boxed.python(BOX, wish, code).lines == ("walked",)


def test_it_inherits_nothing_of_ours(wish: sandbox.Wish) -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right:
        said = boxed.python(BOX, wish, "import os; print(os.listdir('/proc/self/fd'))", control=right.fileno())
    assert said.lines == ("['0', '1', '2', '3']",)  # 3 is the listing's own


def test_workspace_and_home_are_writable_and_nothing_else_is(wish: sandbox.Wish) -> None:
    (wish.workspace.parent / "beside").write_text("kept")
    code = """
import os, sys
for path in sys.argv[1:]:
    try:
        open(path, "w").close()
        print("wrote", path)
    except OSError as why:
        print(type(why).__name__, path)
"""
    paths = [str(wish.workspace / "a"), str(wish.home / "a"), "/usr/a", "/etc/passwd", "/a", "/dev/a", "/proc/a"]
    said = boxed.run(BOX, wish, sys.executable, "-I", "-c", code, *paths, str(wish.workspace.parent / "beside"))
    assert [line.split()[1] for line in said.lines if line.startswith("wrote")][:2] == paths[:2]
    assert not any(line.split()[1] in paths[2:] for line in said.lines if line.startswith("wrote"))
    assert (wish.workspace / "a").exists()
    assert (wish.home / "a").exists()
    assert (wish.workspace.parent / "beside").read_text() == "kept"


def test_a_reader_changes_nothing_in_its_workspace(wish: sandbox.Wish) -> None:
    reader = dataclasses.replace(wish, read_only=True)
    said = boxed.run(BOX, reader, "sh", "-c", "echo x > f; echo x > $HOME/f && echo home; cat .git/config | wc -l")
    assert (said.lines[-2:], (wish.workspace / "f").exists()) == (("home", "2"), False)


def test_a_reader_in_a_folder_of_its_home(tmp_path: Path) -> None:
    """A question runs so: its empty folder stands in the HOME it may write."""
    (tmp_path / "home/ask").mkdir(parents=True)
    asked = sandbox.Wish(workspace=tmp_path / "home/ask", home=tmp_path / "home", program="sh", read_only=True)
    said = boxed.run(BOX, asked, "sh", "-c", "echo x > $HOME/f && echo home; echo x > f || echo not here")
    assert [line for line in said.lines if "sh:" not in line] == ["home", "not here"]


def test_git_works_in_a_workspace_that_borrows_its_objects(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    workspace = world.opened()
    home = tmp_path / "home"
    home.mkdir()
    objects = tmp_path / "mirrors/web.git/objects"
    objects = next(p for p in tmp_path.rglob("objects") if (workspace / ".git/objects") != p and "web.git" in str(p))
    asked = sandbox.Wish(workspace=workspace, home=home, program="git", readable=(objects,))
    script = (
        "echo new > new.txt && git add -A && git commit -q -m work && git log --oneline | wc -l && git status --short"
    )
    said = boxed.run(BOX, asked, "sh", "-c", script)
    assert (said.exit, int(said.lines[0]) >= 2) == (0, True), said
    refused = boxed.run(
        BOX, asked, "sh", "-c", "git config core.fsmonitor x; echo '#' > .git/hooks/pre-commit; mv .git g"
    )
    assert refused.text.count("usy") + refused.text.count("Read-only") >= 3, refused
    assert "fsmonitor" not in (workspace / ".git/config").read_text()


def test_a_link_in_the_place_of_git_is_not_followed(wish: sandbox.Wish) -> None:
    outside = wish.workspace.parent / "outside"
    outside.mkdir()
    (outside / "config").write_text("mine")
    for name in (".git/config", ".git"):
        (wish.workspace / name).unlink() if name == ".git/config" else (wish.workspace / name).rmdir()
    (wish.workspace / ".git").symlink_to(outside)
    said = boxed.run(BOX, wish, "sh", "-c", "echo x > .git/config; echo here")
    assert said.lines[-1] == "here"
    assert [p.name for p in outside.iterdir()] == ["config"]
    assert (outside / "config").read_text() == "mine"


@pytest.mark.parametrize("plant", ["link", "pipe", "missing"])
def test_what_stands_in_the_place_of_settings_and_hooks_is_replaced(wish: sandbox.Wish, plant: str) -> None:
    config, hooks = wish.workspace / ".git/config", wish.workspace / ".git/hooks"
    secret = wish.workspace.parent / "secret"
    secret.write_text("secret")
    config.unlink()
    if plant == "link":
        config.symlink_to(secret)
        hooks.symlink_to(wish.workspace.parent)
    elif plant == "pipe":
        os.mkfifo(config)
        hooks.write_text("x")
    said = boxed.run(BOX, wish, "sh", "-c", "cat .git/config; echo x >> .git/config; echo x > .git/hooks/a; echo here")
    assert "bare = false" in said.text
    assert said.text.count("Read-only") == 2
    assert (secret.read_text(), hooks.is_dir(), hooks.is_symlink()) == ("secret", True, False)
    assert not (wish.workspace.parent / "a").exists()


def test_the_listeners_are_handed_out_and_reach_us(wish: sandbox.Wish) -> None:
    """The run connects to its own loopback; whoever holds the listener outside answers."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    answered: list[bytes] = []
    held: list[socket.socket] = []

    def answer() -> str:
        if not held:
            with contextlib.suppress(BlockingIOError):
                message, descriptors, _, _ = socket.recv_fds(ours, 64, 2)
                assert message == b"gateway proxy"
                held.extend(socket.socket(fileno=d) for d in descriptors)
                for each in held:
                    each.settimeout(0)
        for listener in held:
            with contextlib.suppress(BlockingIOError):
                connection, _ = listener.accept()
                connection.settimeout(5)
                answered.append(connection.recv(10))
                connection.sendall(b"from outside")
                connection.close()
        return ""

    code = """
import socket
for port in (3129, 3128):
    s = socket.create_connection(("127.0.0.1", port), 10)
    s.sendall(str(port).encode())
    print(s.recv(20).decode())
"""
    with ours, theirs:
        ours.settimeout(0)
        said = boxed.python(BOX, wish, code, control=theirs.fileno(), stop=answer)
        ports = [each.getsockname()[1] for each in held]
        for each in held:
            each.close()
    assert said.lines == ("from outside",) * 2, said
    assert (answered, ports) == ([b"3129", b"3128"], [3129, 3128])


def test_the_launcher_listens_where_the_proxies_are_told_to_be() -> None:
    from orchestrator.sandbox import egress

    assert (launcher.GATEWAY_PORT, launcher.PROXY_PORT) == (egress.GATEWAY_PORT, egress.PROXY_PORT)


def test_limits_of_files_and_cores(wish: sandbox.Wish) -> None:
    asked = dataclasses.replace(wish, limits=Limits(file_mb=3, cpu_minutes=2, memory_mb=0, processes=0))
    code = "import resource as r; print([r.getrlimit(w)[1] for w in (r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_CPU)])"
    assert boxed.python(BOX, asked, code).lines == ("[3145728, 0, 120]",)


def test_a_program_that_is_a_link_to_a_script_in_a_package(wish: sandbox.Wish) -> None:
    """As npm installs below a home: a link in bin, the script and what it loads in node_modules; all else is absent."""
    package = Path.home() / "lib/node_modules/@maker/tool"
    package.mkdir(parents=True, exist_ok=True)
    (Path.home() / "bin").mkdir(exist_ok=True)
    (package.parents[1] / "helper.txt").write_text("helped")
    script = package / "cli.py"
    script.write_text(
        f"#!{sys.executable}\nimport os, pathlib\n"
        "here = pathlib.Path(os.path.realpath(__file__)).parents[2]\n"
        "print((here / 'helper.txt').read_text(), sorted(os.listdir(here.parents[1])))\n"
    )
    script.chmod(0o755)
    link = Path.home() / "bin/tool"
    link.symlink_to("../lib/node_modules/@maker/tool/cli.py")
    said = boxed.run(BOX, dataclasses.replace(wish, program=str(link)), str(link))
    assert said.lines == ("helped ['bin', 'lib']",)
    assert ".gitconfig" in os.listdir(Path.home())


def test_a_program_that_is_one_file_brings_nothing_along(wish: sandbox.Wish, tmp_path: Path) -> None:
    folder = tmp_path / "dotlocal"
    folder.mkdir()
    (folder / "token").write_text("secret")
    tool = folder / "tool"
    tool.write_text('#!/bin/sh\nls "$(dirname "$0")"\n')
    tool.chmod(0o755)
    assert boxed.run(BOX, dataclasses.replace(wish, program=str(tool)), str(tool)).lines == ("tool",)


def test_the_polite_signal_reaches_the_program_and_not_the_box(wish: sandbox.Wish) -> None:
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda n, f: (print("polite"), sys.exit(7)))
print("ready", flush=True)
time.sleep(20)
"""
    ready: list[str] = []
    said = boxed.python(BOX, wish, code, on_line=ready.append, stop=lambda: "enough" if ready else "")
    assert (said.lines, said.killed) == (("ready", "polite"), "enough")


def test_nothing_lives_when_the_run_is_killed(wish: sandbox.Wish) -> None:
    ready: list[str] = []
    began = time.monotonic()
    said = boxed.python(BOX, wish, boxed.DAEMON, on_line=ready.append, stop=lambda: "stop" if boxed.beats(wish) else "")
    assert (said.killed, time.monotonic() - began < 10) == ("stop", True)
    assert not boxed.lives(wish)


def test_nothing_lives_two_seconds_after_the_worker_is_killed(wish: sandbox.Wish, tmp_path: Path) -> None:
    boxed.killed_worker(wish, tmp_path, BOX)
    assert not boxed.lives(wish)
