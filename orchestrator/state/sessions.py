"""Which worker has which task, and until when it may be silent: `sessions/<task>.json`.

A worker writes it at each step of the task; the queue's tick ends one that is long past its time (`pipeline.reap`).
Times are seconds since the boot: a change of the wall clock reaps nobody. A process is named by its id *and* when it
started, for ids are used again; that it holds the task's lock is asked beside.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator import machine


@dataclass(frozen=True, kw_only=True)
class Session:
    task: str
    pid: int
    started: str
    """As `machine.started` tells it."""
    boot: str
    until: float
    """Seconds since the boot."""

    @property
    def overdue(self) -> bool:
        return self.boot == machine.boot_id() and machine.uptime() > self.until


@dataclass(frozen=True, kw_only=True)
class Sessions:
    root: Path
    """runtime/state; kept in `sessions/`."""

    def note(self, task: str, *, seconds: float) -> None:
        """This process has the task and will be heard of again within so many seconds. Whole or not at all; lost in a
        power cut, which ends the process too."""
        self._folder.mkdir(parents=True, exist_ok=True)
        pid = os.getpid()
        session = Session(
            task=task, pid=pid, started=machine.started(pid), boot=machine.boot_id(), until=machine.uptime() + seconds
        )
        aside = self._folder / f".{task}.{pid}"
        aside.write_text(json.dumps(asdict(session), indent=1) + "\n")
        aside.rename(self._path(task))

    def end(self, task: str) -> None:
        self._path(task).unlink(missing_ok=True)

    def all(self) -> tuple[Session, ...]:
        """What cannot be read is no session: it names nobody to end."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(_session(json.loads(path.read_text()), path.stem))
        return tuple(found)

    def _path(self, task: str) -> Path:
        return self._folder / f"{task}.json"

    @property
    def _folder(self) -> Path:
        return self.root / "sessions"


def _session(data: dict[str, object], task: str) -> Session:
    return Session(
        task=task,
        pid=int(str(data.get("pid"))),
        started=str(data.get("started")),
        boot=str(data.get("boot")),
        until=float(str(data.get("until"))),
    )
