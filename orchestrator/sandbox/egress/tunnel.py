"""The CONNECT proxy: an allow-list, one resolution, one tunnel (RFC 9110, 9.3.6). Everything else is 403 and told."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.model.exchange import Refusal
from orchestrator.model.times import stamp
from orchestrator.sandbox.egress import allowed
from orchestrator.sandbox.egress.record import Record

HEAD_BYTES = 65536
HEAD_SECONDS = 20.0
IDLE_SECONDS = 900.0
MOST = 64
"""Tunnels at the same time."""


@dataclass(frozen=True, kw_only=True)
class Tunnels:
    hosts: tuple[str, ...]
    record: Record

    def serve(self, listener: socket.socket) -> None:
        """For ever; each connection in a thread of its own."""
        free = threading.BoundedSemaphore(MOST)
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                time.sleep(0.05)
                continue
            free.acquire()
            threading.Thread(target=self._one, args=(client, free), daemon=True).start()

    def _one(self, client: socket.socket, free: threading.BoundedSemaphore) -> None:
        try:
            with client, contextlib.suppress(OSError):
                self._request(client)
        finally:
            free.release()

    def _request(self, client: socket.socket) -> None:
        client.settimeout(HEAD_SECONDS)
        head, rest = _head(client)
        method, _, line = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        word = line.split(" ", 1)[0]
        try:
            if method != "CONNECT":
                raise allowed.NotAllowed("only CONNECT (https) passes here")
            wanted = allowed.target(word)
            address = allowed.resolve(wanted, self.hosts)
        except allowed.NotAllowed as why:
            self.record.refusal(Refusal(at=stamp(datetime.now(UTC)), target=_shown(method, word), why=str(why)))
            _say(client, "403 Forbidden", f"agent-os: {why}\n")
            return
        try:
            server = socket.create_connection(address, timeout=HEAD_SECONDS)
        except OSError:
            _say(client, "502 Bad Gateway", "agent-os: the host does not answer\n")
            return
        with server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if rest:
                server.sendall(rest)
            _pump(client, server)


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """The request's head and what came after it. Raises OSError when there is none."""
    data = b""
    until = time.monotonic() + HEAD_SECONDS
    while b"\r\n\r\n" not in data:
        part = client.recv(4096)
        if not part or len(data) > HEAD_BYTES or time.monotonic() > until:
            raise OSError("no request")
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _shown(method: str, word: str) -> str:
    """The target as it may stand in a record: host and port, no path, no query."""
    text = word if method == "CONNECT" else word.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in text)[:255]


def _say(client: socket.socket, status: str, text: str) -> None:
    body = text.encode("ascii", "replace")
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    client.sendall(head.encode() + body)


def _pump(one: socket.socket, two: socket.socket) -> None:
    """Bytes both ways until either side is done, or both are idle for long."""
    other = {one: two, two: one}
    for each in other:
        each.settimeout(IDLE_SECONDS)
    with selectors.DefaultSelector() as selector:
        for each in other:
            selector.register(each, selectors.EVENT_READ)
        while len(selector.get_map()) == 2:
            ready = selector.select(IDLE_SECONDS)
            if not ready:
                return
            for key, _ in ready:
                source = key.fileobj
                assert isinstance(source, socket.socket)
                data = source.recv(65536)
                if not data:
                    selector.unregister(source)
                    with contextlib.suppress(OSError):
                        other[source].shutdown(socket.SHUT_WR)
                    _rest(other[source], source)
                    return
                other[source].sendall(data)


def _rest(source: socket.socket, to: socket.socket) -> None:
    """One side has said all; what the other still sends is passed on."""
    source.settimeout(60)
    while data := source.recv(65536):
        to.sendall(data)
