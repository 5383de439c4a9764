"""Starting and ending the egress process.

A worker with one thread forks it, which costs a few milliseconds and shares the worker's memory. One with more threads
starts it as a program; rules and key go to it by its standard input, never by argument or environment.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict

from orchestrator import process
from orchestrator.sandbox.egress.order import Order

END_SECONDS = 1.0
"""For writing down what is still under way, once the worker lets go."""
ANSWER_SECONDS = 1.0
MODULE = "orchestrator.sandbox.egress.child"


class Child:
    """The running process, from the worker's side."""

    def __init__(self, pid: int, life: socket.socket) -> None:
        self.pid, self.life = pid, life
        self.life.settimeout(ANSWER_SECONDS)

    def settle(self) -> None:
        """Returns once all that has happened so far is on record, or after ANSWER_SECONDS, or where it has ended."""
        with contextlib.suppress(OSError):
            self.life.sendall(b"?")
            self.life.recv(64)

    def end(self) -> None:
        """It writes down what is under way and goes; else it is killed. Reaped either way."""
        self.life.close()
        try:
            self._wait()
        finally:
            process.end(self.pid)

    def _wait(self) -> None:
        if not hasattr(os, "pidfd_open"):
            time.sleep(0.05)
            return
        named = os.pidfd_open(self.pid)
        try:
            select.select([named], [], [], END_SECONDS)
        finally:
            os.close(named)


@contextlib.contextmanager
def running(order: Order, life: socket.socket, *, forked: bool) -> Iterator[Child]:
    """The child for the block, with the other end of `life`; it dies with us. Raises CannotStart."""
    from orchestrator.sandbox.egress import child

    try:
        work = child.work(order)  # before it starts: what is wrong is told here, certificates are read once
        if forked:
            pid = process.fork(lambda: child.run(work), keep=order.descriptors)
        else:
            pid = process.helper(MODULE, (), asdict(order), pass_fds=order.descriptors)
    except (OSError, ValueError) as why:
        raise process.CannotStart(f"egress proxy: {why}") from why
    running = Child(pid, life)
    try:
        yield running
    finally:
        running.end()


def alone() -> bool:
    """This process has one thread, also counting those that Python does not know."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return threading.active_count() == 1
