"""The only way out of a run: a reverse proxy to its provider that adds the key, and a CONNECT proxy with an allow-list.

Both live in one child process of the worker, which dies with it. In a network namespace of its own the launcher makes
the two listeners on the run's loopback and hands them over through `Egress.control`; elsewhere we listen on the host's
loopback ourselves. Every request is recorded as numbers and codes, every refused connection by its target.

What it cannot hold: a listed host, the provider above all, can be told anything; the proxy adds no filter on texts.
On the host's loopback other users' processes reach the CONNECT proxy too (the gateway asks for the run's dummy key).

Rooms: `start` and `child` (the process), `serving` and `wire` (connections, HTTP), `gateway`, `key`, `connect`,
`targets`, `tap`, `usage`, `resets` (what an answer tells), `record`, `registries`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.model.exchange import Exchange, Refusal
from orchestrator.process import CannotStart
from orchestrator.sandbox.egress import start
from orchestrator.sandbox.egress.order import Order
from orchestrator.sandbox.egress.record import Reading
from orchestrator.sandbox.egress.registries import REGISTRIES

__all__ = ["GATEWAY_PORT", "PROXY_PORT", "REGISTRIES", "Egress", "Rules", "Upstream", "serve", "variables"]

GATEWAY_PORT = 3129
PROXY_PORT = 3128
"""Ports inside of a namespace of the run's own; on the host's loopback the kernel gives them."""


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
    is listed."""


@dataclass(frozen=True, kw_only=True)
class Egress:
    gateway_url: str = ""
    proxy_url: str = ""
    control: int = -1
    """Descriptor for the launcher; -1 where we listen on the host's loopback."""
    record: Path
    settle: Callable[[], None] = field(default=lambda: None, repr=False)
    """Waits until all that has happened so far is on record."""

    def exchanges(self) -> tuple[Exchange, ...]:
        """Requests recorded so far, in order of their end."""
        self.settle()
        return self._reading.exchanges()

    def recorded(self) -> tuple[Exchange, ...]:
        """As `exchanges`, without waking the proxies: one that is just ending may be missing. For looks meanwhile."""
        return self._reading.exchanges()

    def refusals(self) -> tuple[Refusal, ...]:
        """In order; at most `record.MOST_REFUSALS`."""
        self.settle()
        return self._reading.refusals()

    @functools.cached_property
    def _reading(self) -> Reading:
        return Reading(self.record)


@contextlib.contextmanager
def serve(rules: Rules, *, inside: bool, forked: bool | None = None) -> Iterator[Egress]:
    """Runs the proxies for the block. `inside`: the run has a network namespace of its own. `forked`: how the child
    starts; None = forked where this process has one thread. Raises CannotStart."""
    with contextlib.ExitStack() as held, contextlib.ExitStack() as childs:
        try:
            number = os.open(rules.record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            childs.callback(os.close, number)
            listeners = [] if inside else [childs.enter_context(_listener()) for _ in range(2)]
        except OSError as why:
            raise CannotStart(f"egress proxy: {why}") from why
        life, its_life = (held.enter_context(s) for s in socket.socketpair())
        control, its_control = -1, -1
        if inside:
            ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            control, its_control = held.enter_context(ours).fileno(), childs.enter_context(its).fileno()
        order = _order(rules, listeners, record=number, life=its_life.fileno(), control=its_control)
        forked = start.alone() if forked is None else forked
        child = held.enter_context(start.running(order, life, forked=forked))
        ports = [s.getsockname()[1] for s in listeners] or [GATEWAY_PORT, PROXY_PORT]
        its_life.close()
        childs.close()  # what only the child needs, lest its clients wait for us when it is gone
        yield Egress(
            gateway_url=f"http://127.0.0.1:{ports[0]}" if rules.upstream else "",
            proxy_url=f"http://127.0.0.1:{ports[1]}",
            control=control,
            record=rules.record,
            settle=child.settle,
        )


def variables(proxy_url: str) -> dict[str, str]:
    """What tells a program of the CONNECT proxy."""
    return {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), proxy_url),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _order(rules: Rules, listeners: list[socket.socket], *, record: int, life: int, control: int) -> Order:
    gateway, proxy = (s.fileno() for s in listeners) if listeners else (-1, -1)
    upstream = rules.upstream
    return Order(
        record=record,
        life=life,
        control=control,
        gateway=gateway,
        proxy=proxy,
        base_url=upstream.base_url if upstream else "",
        key=upstream.key if upstream else "",
        dummy=upstream.dummy if upstream else "",
        hosts=rules.hosts,
    )
