"""HTTP connections that go to one judged address, whatever a name says by then, and end at one deadline.

httpcore speaks HTTP and takes the network from us. It is loaded with this module: import it where something is read.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

from orchestrator.sandbox.egress.targets import Address

CONNECT_SECONDS = 8.0

Resolve = Callable[[str, int, float], Sequence[Address | str]]
"""(name, port, seconds) to all its addresses. Raises OSError."""
Connect = Callable[[Address, int, float], socket.socket]
"""(address, port, seconds) to a connection. Raises OSError."""


class Late(TimeoutError):
    """The time for one source is over."""


@dataclass(frozen=True, kw_only=True)
class Deadline:
    at: float
    """Of the monotonic clock."""

    @staticmethod
    def after(seconds: float) -> Deadline:
        return Deadline(at=time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds, above 0. Raises Late."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise Late("its time is over")
        return left


def resolve(name: str, port: int, seconds: float) -> Sequence[str]:
    """All addresses of a name by the system's resolver, which knows no time limit: it is left behind when it takes
    longer. Raises OSError."""
    answer: list[Sequence[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            answer.append(tuple(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)))
        except (OSError, UnicodeError) as error:
            answer.append(OSError(str(error)))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not answer:
        raise Late("its name is not told in time")
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]


def connect(address: Address, port: int, seconds: float) -> socket.socket:
    """Raises OSError. Nothing is looked up: the address is a number."""
    sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class Stream(httpcore.NetworkStream):
    """One socket; every wait ends at the deadline, so that a byte now and then prolongs nothing."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(buffer)

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        try:
            self._sock.settimeout(self._deadline.left())
            return Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._deadline)
        except BaseException:
            self._sock.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return None


class To(httpcore.NetworkBackend):
    """The network of one request: the addresses that were judged, and no other. The name it is asked for only names
    the certificate."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline, connect: Connect) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connect = connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        failed: OSError = OSError("it has no address")
        for address in self._addresses[:3]:
            try:
                sock = self._connect(address, port, min(CONNECT_SECONDS, self._deadline.left()))
            except Late:
                raise
            except OSError as error:
                failed = error
                continue
            return Stream(sock, self._deadline)
        raise failed
