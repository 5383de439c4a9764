"""The island's own door to other programs: always an argument list, a cleared environment, a time limit, a group."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

GIT_SECONDS = 120.0


class ProgramError(Exception):
    """A program ended badly; `output` is what it said on stderr."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        super().__init__(f"{' '.join(argv[:6])} ended with {code}: {output.strip()[-2000:]}")
        self.code = code
        self.output = output


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Exit code and output of a program."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """stdout as text."""
        return self.out.decode("utf-8", "replace")


def base_environment() -> dict[str, str]:
    """What every program gets: a search path and a plain locale, nothing of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def git_environment() -> dict[str, str]:
    """For git: no configuration but the repository's own, no prompt."""
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    return base_environment() | quiet | {"HOME": os.devnull, "GIT_OPTIONAL_LOCKS": "0"}


def git(
    folder: Path, *args: str, stdin: bytes | IO[bytes] | None = None, env: Mapping[str, str] | None = None,
    check: bool = True,
) -> Finished:  # fmt: skip
    """Run git in a repository. Raises ProgramError for a bad exit unless `check` is False."""
    argv = ["git", "-C", str(folder), *args]
    with _feed(stdin) as source:
        done = subprocess.run(
            argv, stdin=source, capture_output=True, env=git_environment() | dict(env or {}), timeout=GIT_SECONDS,
            check=False,
        )  # fmt: skip
    finished = Finished(code=done.returncode, out=done.stdout, err=done.stderr)
    if check and finished.code:
        raise ProgramError(argv, finished.code, finished.err.decode("utf-8", "replace"))
    return finished


@contextmanager
def _feed(stdin: bytes | IO[bytes] | None) -> Iterator[IO[bytes] | int]:
    """stdin as a file: bytes go through a temporary one, so that no pipe can fill up."""
    if not isinstance(stdin, bytes):
        yield stdin or subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as spool:
        spool.write(stdin)
        spool.seek(0)
        yield spool


class Job:
    """A shell command in its own process group, its output in a file; may be stopped from another thread."""

    def __init__(self, command: str, folder: Path, env: Mapping[str, str], output: Path) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        with output.open("wb") as sink:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", command], cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=sink,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait(self, seconds: float) -> int | None:
        """The exit code; None after the time limit. The whole group is gone when this returns."""
        try:
            code: int | None = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.stop()
        return code

    def stop(self) -> None:
        """Kill what is left of the group. Safe to repeat."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            finally:
                self._process.wait()
