"""Starting and ending the egress process.

A worker with one thread forks it, which costs a few milliseconds and shares the worker's memory. One with more threads
starts a program anew; rules and key go to it through a socket, never by argument or environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import process

if TYPE_CHECKING:
    from orchestrator.sandbox.egress.child import Work

END_SECONDS = 1.0
"""For writing down what is still under way, once the worker lets go."""
ANSWER_SECONDS = 1.0
MAIN = Path(__file__).with_name("__main__.py")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the child is to do, in a form that can be sent to it. Descriptors are -1 where there is none."""

    record: int
    control: int = -1
    gateway: int = -1
    proxy: int = -1
    """The listening sockets, unless they come through `control`."""
    base_url: str = ""
    key: str = field(default="", repr=False)
    dummy: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        return tuple(n for n in (self.record, self.control, self.gateway, self.proxy) if n >= 0)


class Child:
    """The running process, from the worker's side."""

    def __init__(self, pid: int, life: socket.socket) -> None:
        self.pid, self.life = pid, life

    def settle(self) -> None:
        """Returns once all that has happened so far is on record, or after ANSWER_SECONDS."""
        with contextlib.suppress(OSError):
            self.life.settimeout(ANSWER_SECONDS)
            self.life.sendall(b"?")
            self.life.recv(64)

    def end(self) -> None:
        """It writes down what is under way and goes; else it is killed. Reaped either way."""
        self.life.close()
        until = time.monotonic() + END_SECONDS
        named = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        try:
            while os.waitpid(self.pid, os.WNOHANG)[0] != self.pid:
                left = until - time.monotonic()
                if left <= 0:
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitpid(self.pid, 0)
                    return
                if named >= 0:
                    select.select([named], [], [], left)
                else:
                    time.sleep(0.005)
        finally:
            if named >= 0:
                os.close(named)


@contextlib.contextmanager
def running(order: Order, *, forked: bool) -> Iterator[Child]:
    """The child for the block; it dies with us. Raises CannotStart."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            start = _fork if forked else _spawn
            child = Child(start(order, ours, theirs), ours)
    except BaseException:
        ours.close()
        raise
    try:
        yield child
    finally:
        child.end()


def alone() -> bool:
    """This process has one thread, also counting those that Python does not know."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return threading.active_count() == 1


def serve(order: Order, life: int) -> None:
    """In the child: until the other end of `life` is closed."""
    from orchestrator.sandbox.egress import child

    child.run(_work(order, life))


def received(life: socket.socket) -> Order:
    """In a child that was started anew: its order."""
    left = int.from_bytes(_exactly(life, 4), "big")
    data = json.loads(_exactly(life, left))
    return Order(**{**data, "hosts": tuple(data["hosts"])})


def _exactly(life: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = life.recv(count - len(data))
        if not piece:
            raise EOFError("the worker went away")
        data += piece
    return data


def _fork(order: Order, ours: socket.socket, theirs: socket.socket) -> int:
    from orchestrator.sandbox.egress import child

    work = _work(order, theirs.fileno())  # before the fork: what is wrong is told here
    try:
        return process.fork(lambda: child.run(work), keep=(theirs.fileno(), *order.descriptors))
    except OSError as why:
        raise process.CannotStart(f"egress proxy: {why}") from why


def _spawn(order: Order, ours: socket.socket, theirs: socket.socket) -> int:
    _work(order, theirs.fileno())
    argv = (sys.executable, "-I", "-S", str(MAIN), str(theirs.fileno()))
    env = process.clean_env()
    kept = (theirs.fileno(), *order.descriptors)

    def become() -> None:
        for number in kept:
            os.set_inheritable(number, True)
        os.execve(argv[0], argv, env)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12, of forks beside threads; this one execs
            pid = process.fork(become, keep=kept)
    except OSError as why:
        raise process.CannotStart(f"egress proxy: {why}") from why
    data = json.dumps(asdict(order)).encode()
    ours.sendall(len(data).to_bytes(4, "big") + data)
    return pid


def _work(order: Order, life: int) -> Work:
    """Raises CannotStart on an upstream that cannot be one."""
    from orchestrator.sandbox.egress import child, gateway
    from orchestrator.sandbox.egress.key import Swap

    try:
        provider = gateway.provider(order.base_url) if order.base_url else None
        swap = Swap(key=order.key, dummy=order.dummy) if provider else None
    except ValueError as why:
        raise process.CannotStart(f"egress proxy: {why}") from None
    return child.Work(
        life=life,
        record=order.record,
        control=order.control,
        listeners=tuple(n for n in (order.gateway, order.proxy) if n >= 0),
        provider=provider,
        swap=swap,
        hosts=order.hosts,
    )
