"""A world for the evidence guard: names that answer what a case says, one honest HTTPS server, and a canary.

The honest server stands for the address PUBLIC at port 443. Every other connection goes to the canary, a real listener
on loopback: whatever else is asked for - another address, another port - is a hit, and nothing leaves this machine.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestrator.sandbox.egress.targets import Address
from orchestrator.sources.web import Net

PUBLIC = "93.184.215.14"
DEAD = "93.184.215.99"
"""A public address where nobody answers."""
HOST = "docs.example.com"

Play = Callable[[ssl.SSLSocket], None]
"""Answers one request whose head was read."""


def answer(status: int = 200, body: bytes = b"honest", **headers: str) -> Play:
    """Header names with `_` for `-`; `content_type` is text/plain where it is not said."""
    said = {"content_type": "text/plain", "content_length": str(len(body))} | headers
    head = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in said.items())

    def play(connection: ssl.SSLSocket) -> None:
        connection.sendall(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("utf-8", "surrogateescape") + body)

    return play


def dripping(head: bytes, drop: bytes, pause: float, seconds: float) -> Play:
    """A head, then one drop after the other."""

    def play(connection: ssl.SSLSocket) -> None:
        connection.sendall(head)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.sendall(drop)
            if pause:
                time.sleep(pause)

    return play


@dataclass(kw_only=True)
class Stage:
    """`dns`: name -> its answers one after the other, the last stays. `plays`: path -> what the honest server does."""

    dns: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    plays: dict[str, Play] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Heads of requests that reached the honest server."""
    lookups: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    """Connections that went to the canary, by what was asked for."""
    taken: list[float] = field(default_factory=list)
    """When the canary took a connection."""
    ports: dict[str, int] = field(default_factory=dict)
    net: Net = field(default_factory=Net)

    def set(self, dns: Mapping[str, Sequence[Sequence[str]]], plays: Mapping[str, Play]) -> None:
        self.dns = {HOST: [(PUBLIC,)]}
        self.dns |= {k: list(v) for k, v in dns.items()}
        self.plays = {"/": answer()} | dict(plays)
        for each in (self.asked, self.lookups, self.touched):
            each.clear()

    def resolve(self, name: str, port: int, seconds: float) -> Sequence[str]:
        self.lookups.append(name)
        answers = self.dns.get(name)
        if answers is None:  # numbers in any spelling, as the system's resolver reads them; no question is asked
            return (socket.inet_ntoa(socket.inet_aton(name)),)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: Address, port: int, seconds: float) -> socket.socket:
        if (str(address), port) == (PUBLIC, 443):
            return socket.create_connection(("127.0.0.1", self.ports["honest"]), seconds)
        if str(address) == DEAD:
            raise ConnectionRefusedError("nobody")
        self.touched.append(f"{address} port {port}")
        return socket.create_connection(("127.0.0.1", self.ports["canary"]), seconds)

    def settled(self, at_least: int = 0, patience: float = 2.0) -> int:
        """Hits, once the canary had time to take what is on its way."""
        until = time.monotonic() + (patience if at_least else 0.2)
        while time.monotonic() < until and (not at_least or len(self.taken) < at_least):
            time.sleep(0.005)
        return len(self.taken)

    def take(self, connection: socket.socket) -> None:
        self.taken.append(time.monotonic())
        connection.close()


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    authority, leaf = _certificates(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaf)
    stage = Stage()
    trusting = ssl.create_default_context(cafile=str(authority))
    stage.net = Net(resolve=stage.resolve, connect=stage.connect, context=lambda: trusting)
    with contextlib.ExitStack() as ends:
        stage.ports["canary"] = ends.enter_context(_listening(stage.take))
        stage.ports["honest"] = ends.enter_context(_listening(lambda each: _serve(each, server, stage)))
        stage.set({}, {})
        yield stage


def _serve(plain: socket.socket, context: ssl.SSLContext, stage: Stage) -> None:
    plain.settimeout(5)
    with contextlib.suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return
            head += piece
        stage.asked.append(head.decode("latin-1"))
        path = head.split(b" ", 2)[1].decode("latin-1")
        stage.plays.get(path, answer(404))(connection)


@contextlib.contextmanager
def _listening(take: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port; each connection in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    open_ = True

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if not open_:
                connection.close()
                return
            threading.Thread(target=take, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        open_ = False
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname()[:2], 1).close()
        thread.join(2)
        listener.close()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """(authority, key and certificate for *.example.com), as files."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("stage authority", "stage")]

    def certificate(n: int, extension: x509.ExtensionType) -> bytes:
        made = (
            x509.CertificateBuilder(names[0], names[n], keys[n].public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=n == 0)
        )
        return made.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, leaf = folder / "authority.pem", folder / "leaf.pem"
    authority.write_bytes(certificate(0, x509.BasicConstraints(ca=True, path_length=None)))
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    names_of_leaf = [x509.DNSName(n) for n in ("*.example.com", "localhost")]
    leaf.write_bytes(key + certificate(1, x509.SubjectAlternativeName(names_of_leaf)))
    return authority, leaf
