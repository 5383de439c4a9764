"""The hub as a program: prints its address and its people's tokens, serves until it is interrupted."""

from __future__ import annotations

import fcntl
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrator.hub import seeding
from orchestrator.hub.clock import BadClock
from orchestrator.hub.seeding import CannotServe
from orchestrator.hub.server import Hub
from orchestrator.hub.store import users


def run(root: Path, port: int = 0, seed_file: Path | None = None, clock_file: Path | None = None) -> None:
    """Serve `root` until SIGINT or SIGTERM. `seed_file` (docs/hub.md) fills an empty hub; `clock_file` holds seconds to
    add to its time. Raises CannotServe."""
    world = seeding.read(seed_file) if seed_file else seeding.PLAYGROUND
    root.mkdir(parents=True, exist_ok=True)
    with (root / "serving.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(f"another hub serves {root} already; end it, or name another --root") from None
        hub = Hub(root, port=port, clock_file=clock_file)
        try:
            hub.clock.read()
        except BadClock as error:
            raise CannotServe(str(error)) from error
        _serve(hub, world, seed_file)


def _serve(hub: Hub, world: dict[str, Any], seed_file: Path | None) -> None:
    if not users.people(hub.db):
        seeding.seed(hub, world)
    elif seed_file:
        sys.stderr.write(f"{hub.root} is filled already; {seed_file} was not read (a new --root starts afresh)\n")
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        hub.start()
    except OSError as error:
        raise CannotServe(f"port {hub.port}: {error.strerror or error}; --port 0 takes a free one") from error
    try:
        first = users.people(hub.db)[0]
        token = hub.admin.token(first.login)
        sys.stdout.write(f"url {hub.url}\nuser {first.login}\ntoken {token}\n")
        for other in users.people(hub.db)[1:]:
            sys.stdout.write(f"user {other.login}\ntoken {hub.admin.token(other.login)}\n")
        sys.stdout.flush()
        stopped.wait()
    finally:
        hub.stop()
