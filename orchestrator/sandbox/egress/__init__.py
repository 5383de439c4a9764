"""The only way out of a run: a reverse proxy to its provider that adds the key, and a CONNECT proxy with an allow-list.

Both live in one child process of the worker, which dies with it. In a network namespace of its own the launcher makes
the two listeners on the run's loopback and hands them over through `Egress.control`; elsewhere we listen on the host's
loopback ourselves. Every request is recorded as numbers and codes, every refused connection by its target.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.model.exchange import Exchange, Refusal

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

    def exchanges(self) -> tuple[Exchange, ...]:
        """Requests recorded so far, in order of their end."""
        raise NotImplementedError

    def refusals(self) -> tuple[Refusal, ...]:
        raise NotImplementedError


@contextlib.contextmanager
def serve(rules: Rules, *, inside: bool) -> Iterator[Egress]:
    """Runs the proxies for the block. `inside`: the run has a network namespace of its own. Raises CannotStart."""
    raise NotImplementedError
    yield
