"""Several workers as children of one process: what they all load is loaded once, and its memory is shared.

A worker started as a program of its own keeps some 45 MB for itself, nearly all of it imported modules; a forked one
keeps what it writes to. So this process imports what a worker needs, freezes it, and forks. Connections, locks and
random numbers are never shared: each child builds its own services after the fork, and this process has one thread and
opens nothing before.

The children start one after another as the machine's processors allow, each in a session of its own. They outlive this
process if it is killed; it stays until the last of them has ended, so that whoever waits for it waits for them. SIGTERM
ends them with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator import disk, machine, process
from orchestrator.pipeline import pool
from orchestrator.policy import capacity
from orchestrator.services import Services

HEAVY = (
    "email.parser", "encodings.idna", "github", "gql", "gql.transport.httpx", "http.client", "http.cookies", "httpx",
    "orchestrator.agents", "orchestrator.consult", "orchestrator.github.client", "orchestrator.github.rest",
    "orchestrator.pipeline.engine", "orchestrator.sandbox.egress", "orchestrator.sandbox.egress.child", "re2",
    "requests", "selectors", "ssl", "stringprep", "subprocess", "tempfile", "urllib3.util.ssl_", "yaml",
)  # fmt: skip
"""What a worker loads on its way, also the parts that are imported inside of functions."""
LOOK = 0.2


def run(services: Services, build: Callable[[], Services], count: int) -> None:
    """Starts up to `count` workers while tasks wait, then stays until all have ended. `build` is called in each child.

    `services` are this process's own, only looked at.
    """
    children: set[int] = set()
    signal.signal(signal.SIGTERM, lambda number, frame: _end(children))
    with disk.locked(pool.spawner_lock(services)) as mine:
        if not mine:
            return
        _load(services)
        _start(services, build, count, children)
    while children:
        _reap(children, wait=True)


def _load(services: Services) -> None:
    """Everything at once, then out of the collector's sight: what it does not touch stays shared."""
    gc.disable()
    _warm(services)
    for name in HEAVY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.enable()


def _warm(services: Services) -> None:
    """The redactor's automata are large, compiled when first used, and grow with what they read: so they read here."""
    text = Path(__file__).read_text("utf-8") + services.settings.config_file.read_text("utf-8", "replace")
    for line in (*text.splitlines(), text):
        services.redact(line)


def _start(services: Services, build: Callable[[], Services], count: int, children: set[int]) -> None:
    busy, last = machine.Busy(), 0.0
    for _ in range(count):
        while not capacity.may_start(busy=busy.share(), waited=time.monotonic() - last):
            time.sleep(LOOK)
        _reap(children)
        if not pool.waiting(services):
            return
        children.add(process.fork(lambda: _worker(build), tied=False))
        last = time.monotonic()
        time.sleep(LOOK)


def _worker(build: Callable[[], Services]) -> None:
    services = build()
    try:
        pool.serve(services)
    finally:
        services.github.close()


def _reap(children: set[int], *, wait: bool = False) -> None:
    """Forgets those that have ended; with `wait`, stays until one has."""
    while children:
        pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        if not pid:
            return
        children.discard(pid)
        wait = False


def _end(children: set[int]) -> None:
    """They are ours and not reaped yet, so their ids are theirs."""
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(143)
