"""The only way out of a run: a reverse proxy to its provider that adds the key, and a CONNECT proxy with an allow-list.

Both live in one child process of the worker, which dies with it. In a network namespace of its own the launcher makes
the two listeners on the run's loopback and hands them over through `Egress.control`; elsewhere we listen on the host's
loopback ourselves. Every request is recorded as numbers and codes, every refused connection by its target.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator import process
from orchestrator.model.exchange import Exchange, Refusal
from orchestrator.sandbox.egress.allowed import REGISTRIES
from orchestrator.sandbox.egress.record import Reading

__all__ = ["GATEWAY_PORT", "PROXY_PORT", "REGISTRIES", "Egress", "Rules", "Upstream", "serve"]

GATEWAY_PORT = 3129
PROXY_PORT = 3128
"""Ports inside of a namespace of the run's own; on the host's loopback the kernel gives them."""
LINGER = 0.5
"""Seconds that a request which is just ending gets to be recorded, once its run is over."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    base_url: str
    """The provider's address; what follows `http://127.0.0.1:PORT` in a request is appended to it."""
    key: str = field(repr=False)
    """The real key."""
    dummy: str = field(repr=False)
    """What the program holds instead. Requests without it are refused, so no other process can use the proxy."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    record: Path
    """Where requests and refusals are written, one line of JSON each; made new."""
    upstream: Upstream | None = None
    hosts: tuple[str, ...] = ()
    """What the CONNECT proxy lets through: `pypi.org`, `*.example.com`, `host:port` (443 where no port is said).
    Addresses that a name resolves to on loopback, private or link-local networks are refused unless the address itself
    is listed with its port."""


@dataclass(frozen=True, kw_only=True)
class Egress:
    record: Path
    gateway_url: str = ""
    proxy_url: str = ""
    control: int = -1
    """Descriptor for the launcher; -1 where we listen on the host's loopback."""
    _reading: Reading = field(repr=False)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Requests recorded so far, in order of their end."""
        self._reading.look()
        return tuple(self._reading.exchanges)

    def refusals(self) -> tuple[Refusal, ...]:
        self._reading.look()
        return tuple(self._reading.refusals)

    def settle(self) -> None:
        """Waits a moment for requests that are ending; for after the run, before `exchanges` is asked the last time."""
        until = time.monotonic() + LINGER
        self._reading.look()
        while self._reading.under_way and time.monotonic() < until:
            time.sleep(0.01)
            self._reading.look()


@contextlib.contextmanager
def serve(rules: Rules, *, inside: bool) -> Iterator[Egress]:
    """Runs the proxies for the block. `inside`: the run has a network namespace of its own. Raises CannotStart."""
    from orchestrator.sandbox.egress import child  # its libraries are loaded here, and shared with the child

    rules.record.unlink(missing_ok=True)
    with contextlib.ExitStack() as left:
        if inside:
            launchers, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listeners: tuple[socket.socket, ...] = ()
            handed: tuple[socket.socket, ...] = (ours,)
            left.callback(launchers.close)
        else:
            listeners = handed = (_listener(), _listener())
        numbers = tuple(s.fileno() for s in handed)
        control, fds = (numbers[0], ()) if inside else (-1, numbers)
        said = _said(rules)
        if threading.active_count() == 1:
            pid = process.fork(lambda: child.serve(said, control, fds), keep=numbers)
        else:
            words = [str(n) for n in (control, *fds)]
            pid = process.helper("orchestrator.sandbox.egress.child", words, said, pass_fds=numbers)
        left.callback(process.end, pid)
        gate, proxy = (GATEWAY_PORT, PROXY_PORT) if inside else (s.getsockname()[1] for s in listeners)
        for each in handed:
            each.close()
        yield Egress(
            record=rules.record,
            gateway_url=f"http://127.0.0.1:{gate}" if rules.upstream else "",
            proxy_url=f"http://127.0.0.1:{proxy}",
            control=launchers.fileno() if inside else -1,
            _reading=Reading(path=rules.record),
        )


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _said(rules: Rules) -> dict[str, Any]:
    up = rules.upstream
    return {
        "record": str(rules.record),
        "hosts": list(rules.hosts),
        "base_url": up.base_url if up else "",
        "key": up.key if up else "",
        "dummy": up.dummy if up else "",
    }
