"""Helpers of ours beside the programs we run: a module of ours in a process of its own, ended by its id."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.process.fork import die_with_parent
from orchestrator.process.pump import CannotStart

ROOT = Path(__file__).resolve().parents[2]
_CALL = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import importlib; importlib.import_module(sys.argv.pop(1)).main()"
)
_started: dict[int, subprocess.Popen[bytes]] = {}


def helper(module: str, words: Sequence[str], said: Mapping[str, object], *, pass_fds: Sequence[int]) -> int:
    """Starts `module.main()` with `words`, and `said` as JSON on its standard input; returns its process id.

    For where `fork` is no choice, since this process has several threads. It dies with the thread that started it.
    Raises CannotStart.
    """
    argv = (sys.executable, "-I", "-c", _CALL, str(ROOT), module, *words)
    env = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}
    try:
        child = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, pass_fds=tuple(pass_fds), start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as why:
        raise CannotStart(f"{module}: {why}") from why
    assert child.stdin is not None
    with contextlib.suppress(OSError), child.stdin:
        child.stdin.write(json.dumps(said).encode())
    _started[child.pid] = child
    return child.pid


def end(pid: int) -> None:
    """Kills and reaps a child that `helper` or `fork` of this process started."""
    child = _started.pop(pid, None)
    if child is not None:
        child.kill()
        child.wait()
        return
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
