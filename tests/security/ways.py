"""The world that `hostile` tries to reach out into, and the judgement of each way: by what is seen from outside.

One world is used for one run: what the agent may reach is made anew each time.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import process, sandbox
from orchestrator.model.confinement import Level, Limits
from tests.security import hostile

DONE = "hostile-done"
LIMITS = Limits(memory_mb=256, processes=64, file_mb=8)
MORE_THAN_LIMITS = {"forks": 100, "huge": 64 * 2**20, "memory": 384 * 2**20}
OUTLIVE = 1.0
SCRIPT = Path(hostile.__file__)
VICTIM = """
import ctypes, os, resource, signal, sys, time
from pathlib import Path
folder, secret = Path(sys.argv[1]), sys.argv[2]
buffer = ctypes.create_string_buffer(os.environ["VICTIM_SECRET"].encode(), 64)
def told(name): return lambda number, frame: (folder / name).write_text("x")
signal.signal(signal.SIGUSR1, told("usr1"))
signal.signal(signal.SIGUSR2, told("usr2"))
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
shmid = libc.shmget(0, 4096, 0o1600)
place = libc.shmat(shmid, None, 0)
ctypes.memmove(place, os.environ["VICTIM_SECRET"].encode(), len(os.environ["VICTIM_SECRET"]))
opened = os.open("secret", os.O_RDONLY)
print(ctypes.addressof(buffer), shmid, opened, flush=True)
sys.stdin.read()
libc.shmctl(shmid, 0, None)
"""
"""A process beside the run, as the worker is: a secret in its environment, memory, arguments and open files."""


@dataclass
class World:
    root: Path
    secret: str
    victim: subprocess.Popen[bytes]
    listeners: dict[str, socket.socket]
    targets: dict[str, Any]
    key: int

    @property
    def workspace(self) -> Path:
        return self.root / "worktrees/web/web-1"

    @property
    def home(self) -> Path:
        return self.root / "runtime/homes/web-1"

    def wish(self, **more: Any) -> sandbox.Wish:
        mirror = self.root / "runtime/repos/web.git/objects"
        asked = {"workspace": self.workspace, "home": self.home, "program": sys.executable, "readable": (mirror,)}
        return sandbox.Wish(**{**asked, "limits": LIMITS, **more})

    def run(self, level: Level, *ways: str, wish: sandbox.Wish | None = None) -> dict[str, str]:
        """What the agent says of each way. The box is closed, and what the agent left behind has had its time."""
        targets = self.workspace / "targets.json"
        targets.write_text(json.dumps(self.targets))
        shutil.copy(SCRIPT, self.workspace / "hostile.py")
        lines: list[str] = []
        box = sandbox.box(level, wish or self.wish())
        with contextlib.closing(box):
            process.stream(
                box.wrap((sys.executable, "-I", "hostile.py", str(targets), *ways)),
                cwd=self.workspace,
                env=process.clean_env({"HOME": str(self.home)}),
                on_line=lines.append,
                wall_seconds=60,
                silence_seconds=60,
                pass_fds=box.pass_fds,
                started=box.meter.begin,
                interrupt=box.interrupt,
            )
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return dict(found[0]) if found else {"": "\n".join(lines)}

    def succeeded(self, said: dict[str, str]) -> list[str]:
        """The ways on which it got out."""
        time.sleep(OUTLIVE + 0.3 if "outlive" in said else 0.05)
        return [name for name, words in said.items() if self._succeeded(name, words)]

    def _succeeded(self, name: str, words: str) -> bool:
        seen = self.seen().get(name)
        if seen is not None:
            return seen()
        return words.startswith("got ") and any(t in words for t in (self.secret, DONE, "web-2"))

    def seen(self) -> dict[str, Callable[[], bool]]:
        """Effects outside. A write inside of a private /tmp is none."""
        files, git = self.targets["files"], self.workspace / ".git"
        runtime = self.root / "runtime"
        checks: dict[str, Callable[[], bool]] = {
            f"write_{name}": lambda name=name: "#hostile" in Path(files[name]).read_text()  # type: ignore[misc]
            for name in ("ledger", "other_workspace", "user_gitconfig", "authorized_keys", "user_profile")
        }
        checks["write_mirror_config"] = lambda: "#hostile" in Path(files["mirror_config"]).read_text()
        return checks | {
            "make_file_outside": (runtime / "made").exists,
            "delete_file_outside": lambda: not Path(files["victim_delete"]).exists(),
            "rename_file_outside": lambda: not Path(files["victim_rename"]).exists(),
            "mode_outside": lambda: bool(Path(files["victim_mode"]).stat().st_mode & 0o022),
            "program_on_our_path": (self.root / "bin/git").exists,
            "symlink_write": lambda: "#hostile" in Path(files["victim_link"]).read_text(),
            "fifo_outside": lambda: self._heard("fifo"),
            "signal_parent": (self.root / "vault/usr1").exists,
            "signal_by_pidfd": (self.root / "vault/usr2").exists,
            "priority_of_parent": lambda: os.getpriority(os.PRIO_PROCESS, self.victim.pid) == 7,
            "limits_of_parent": lambda: f" {self.targets['nofile']} " in _limits(self.victim.pid),
            "abstract_socket": lambda: self._heard("abstract"),
            "socket_file": lambda: self._heard("file"),
            "tcp": lambda: self._heard("tcp"),
            "tcp_fast_open": lambda: self._heard("fast"),
            "cloud_metadata": lambda: self._heard("metadata"),
            "dns": lambda: self._heard("dns"),
            "set_user_id": lambda: _set_id(self.workspace / "su"),
            "set_user_id_at_birth": lambda: _set_id(self.workspace / "su-born"),
            "core_dump": lambda: any(p.stat().st_size for p in self.workspace.glob("core-here/core*")),
            "huge_file": lambda: _size(self.workspace / "huge") > LIMITS.file_mb * 2**20,
            "outlive": (self.workspace / "outlived").exists,
            "git_config": lambda: "hostile" in (_first(git, self.workspace / ".git-old") / "config").read_text(),
            "git_hook": lambda: (_first(git, self.workspace / ".git-old") / "hooks/post-checkout").exists(),
            "git_replaced": (self.workspace / ".git-old").exists,
            "program_settings": (runtime / "by-settings").exists,
        }

    def _heard(self, name: str) -> bool:
        return bool(select.select([self.listeners[name]], [], [], 0)[0])


def _first(git: Path, old: Path) -> Path:
    """The `.git` that was there first."""
    return old if old.exists() else git


def _set_id(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _limits(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


FILES = {
    "user_key": "user/.ssh/id_ed25519",
    "authorized_keys": "user/.ssh/authorized_keys",
    "user_gitconfig": "user/.gitconfig",
    "user_profile": "user/.profile",
    "config": "config.yaml",
    "ledger": "runtime/ledger/000001.jsonl",
    "other_workspace": "worktrees/web/web-2/app.py",
    "other_home": "runtime/homes/web-2/.bash_history",
    "login": "user/.claude/.credentials.json",
    "mirror_config": "runtime/repos/web.git/config",
    "victim_delete": "runtime/state/delete",
    "victim_rename": "runtime/state/rename",
    "victim_mode": "runtime/state/mode",
    "victim_link": "runtime/state/link",
}


@contextlib.contextmanager
def world(root: Path) -> Iterator[World]:
    """`root`: an empty folder of the host, whose name holds nothing secret."""
    secret = f"canary-{secrets.token_hex(12)}"
    for name in FILES.values():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{secret}\n")
    for folder in (
        "worktrees/web/web-1/.git/hooks",
        "runtime/homes/web-1",
        "runtime/repos/web.git/objects",
        "bin",
        "vault",
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "worktrees/web/web-1/.git/config").write_text("[core]\n\tbare = false\n")
    (root / "vault/secret").write_text(secret)
    (root / "vault/secret").chmod(0o600)
    temporary = Path("/tmp", f"agent-os-canary-{os.getpid()}-{secrets.token_hex(4)}")
    shm = Path("/dev/shm", temporary.name)
    for path in (temporary, shm):
        path.write_text(secret)
    with contextlib.ExitStack() as stack:
        for path in (temporary, shm):
            stack.callback(path.unlink, missing_ok=True)
        listeners = _listeners(root, stack)
        victim = _victim(root, secret, stack)
        assert victim.stdout is not None
        address, shmid, opened = map(int, victim.stdout.readline().split())
        label = f"agent-os-{secrets.token_hex(6)}"
        key = _key(label, secret)
        stack.callback(_forget, key)
        targets = {
            "files": {n: str(root / p) for n, p in FILES.items()} | {"temporary": str(temporary)},
            "folders": {n: str(root / n) for n in ("runtime", "worktrees/web", "bin")},
            "vault": str(root / "vault/secret"), "pid": victim.pid, "fd": opened, "address": address, "shmid": shmid,
            "nofile": 4000 + secrets.randbelow(90), "shm": str(shm), "fifo": str(root / "fifo"), "key": label,
            "abstract": f"agent-os-{root.name}", "socket": str(root / "s"), "token": DONE,
            "ports": {n: listeners[n].getsockname()[1] for n in ("tcp", "fast", "metadata", "dns")},
            "outlive": OUTLIVE, **MORE_THAN_LIMITS,
        }  # fmt: skip
        made = World(root=root, secret=secret, victim=victim, listeners=listeners, targets=targets, key=key)
        stack.callback(_end_daemon, made.workspace / "daemon.pid")
        yield made


def _listeners(root: Path, stack: contextlib.ExitStack) -> dict[str, Any]:
    made: dict[str, Any] = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "fast": socket.create_server(("127.0.0.1", 0)),
        "metadata": socket.create_server(("127.169.254.169", 0)),
        "dns": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "abstract": socket.socket(socket.AF_UNIX),
        "file": socket.socket(socket.AF_UNIX),
    }
    made["dns"].bind(("127.0.0.1", 0))
    made["abstract"].bind(f"\0agent-os-{root.name}")
    made["file"].bind(str(root / "s"))
    for name in ("abstract", "file"):
        made[name].listen()
    os.mkfifo(root / "fifo")
    made["fifo"] = os.fdopen(os.open(root / "fifo", os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0)
    for each in made.values():
        stack.callback(each.close)
    return made


def _victim(root: Path, secret: str, stack: contextlib.ExitStack) -> subprocess.Popen[bytes]:
    victim = subprocess.Popen(
        [sys.executable, "-I", "-c", VICTIM, str(root / "vault"), secret],
        cwd=root / "vault",
        env={"PATH": os.environ["PATH"], "VICTIM_SECRET": secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        for pipe in (victim.stdin, victim.stdout):
            if pipe is not None:
                pipe.close()
        try:
            victim.wait(5)
        except subprocess.TimeoutExpired:
            victim.kill()
            victim.wait()

    stack.callback(end)
    return victim


def _key(name: str, secret: str) -> int:
    """A key in our user's keyring that every process of ours may read; 0 where the kernel has none."""
    libc = ctypes.CDLL(None)
    add, keyctl = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
    key = int(libc.syscall(add, b"user", name.encode(), secret.encode(), len(secret), -4))
    if key > 0:
        libc.syscall(keyctl, 5, key, 0x3F3F0000)  # KEYCTL_SETPERM
    return max(0, key)


def _forget(key: int) -> None:
    if key:
        ctypes.CDLL(None).syscall(250 if os.uname().machine == "x86_64" else 219, 9, key, -4)  # KEYCTL_UNLINK


def _end_daemon(file: Path) -> None:
    """Unconfined, it lives: its own id, and only while it is what it was."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
        if re.search(rb"hostile\.py", Path(f"/proc/{pid}/cmdline").read_bytes()):
            os.kill(pid, signal.SIGKILL)
