"""What many stories begin with, or do to a world that its own methods do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from orchestrator.model.event import EventKind
from tests.journeys.world import World


def published(world: World) -> World:
    """One issue, its pull request open and its CI at rest."""
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    assert world.place() == "review"
    return world


def alerts(world: World, kind: str) -> list[str]:
    """The texts of the alerts of one kind, in order."""
    return [str(r.data["text"]) for r in world.events(EventKind.ALERT) if r.data["alert"] == kind]


def killed_once(world: World, seen: Callable[[], bool], *, seconds: float) -> None:
    """A real worker process, killed as soon as `seen`, or after so many seconds."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "worker"],
        env={**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)},
    )
    try:
        until = time.monotonic() + seconds
        while not seen() and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(worker.pid, signal.SIGKILL)
    finally:
        worker.wait()
