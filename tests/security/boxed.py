"""A program in a box, and what it said."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import process, sandbox
from orchestrator.model.confinement import Level


@dataclass(frozen=True, kw_only=True)
class Said:
    exit: int | None
    killed: str
    lines: tuple[str, ...]
    starved: str

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def folders(root: Path) -> sandbox.Wish:
    """A workspace with a `.git` as we make it, and a HOME."""
    workspace, home = root / "workspace", root / "home"
    (workspace / ".git").mkdir(parents=True, exist_ok=True)
    (workspace / ".git/config").write_text("[core]\n\tbare = false\n")
    home.mkdir(exist_ok=True)
    return sandbox.Wish(workspace=workspace, home=home, program=sys.executable)


def run(
    level: Level,
    wish: sandbox.Wish,
    *argv: str,
    control: int = -1,
    stop: Callable[[], str] = lambda: "",
    on_line: Callable[[str], None] = lambda line: None,
    meter: Callable[[sandbox.Box], Callable[[], str]] | None = None,
    **env: Any,
) -> Said:
    """`meter`: makes the stop question from the box."""
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        on_line(line)

    box = sandbox.box(level, wish, control)
    with contextlib.closing(box):
        done = process.stream(
            box.wrap(argv),
            cwd=wish.workspace,
            env=process.clean_env({"HOME": str(wish.home), **env}),
            on_line=hear,
            wall_seconds=30,
            silence_seconds=30,
            stop=meter(box) if meter else stop,
            pass_fds=box.pass_fds,
            started=box.meter.begin,
            interrupt=box.interrupt,
        )
        starved = box.close()
    return Said(exit=done.exit, killed=done.why_killed, lines=tuple(lines), starved=starved)


def python(level: Level, wish: sandbox.Wish, code: str, **more: Any) -> Said:
    return run(level, wish, sys.executable, "-I", "-c", code, **more)


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in (0, 1, 2): os.close(n)
        while True:
            with open("alive", "w") as f: f.write(str(time.time()))
            time.sleep(0.05)
    os._exit(0)
print("ready", flush=True)
time.sleep(30)
"""


WORKER = """
import sys
from pathlib import Path
from orchestrator.model.confinement import Level
from tests.security import boxed
wish = boxed.folders(Path(sys.argv[1]))
boxed.python(Level[sys.argv[2]], wish, Path(sys.argv[3]).read_text(), on_line=lambda line: print(line, flush=True))
"""


def killed_worker(wish: sandbox.Wish, tmp_path: Path, level: Level) -> None:
    """A worker with a run that made a daemon, killed in the middle."""
    (tmp_path / "daemon.py").write_text(DAEMON)
    words = [sys.executable, "-c", WORKER, str(tmp_path), level.name, str(tmp_path / "daemon.py")]
    with subprocess.Popen(words, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        while not beats(wish):
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
    time.sleep(1.5)


def beats(wish: sandbox.Wish) -> bool:
    return (wish.workspace / "alive").exists()


def lives(wish: sandbox.Wish) -> bool:
    """The daemon still writes."""
    file = wish.workspace / "alive"
    assert file.exists()
    file.unlink()
    time.sleep(0.3)
    return file.exists()
