"""The reverse proxy to one provider: puts the real key where the dummy stands, passes everything on as it comes.

It knows no provider: whatever header or query value holds the dummy gets the key. A request without the dummy is not
from our run and is refused. Redirects are passed back unfollowed, so the key never goes to another host.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from orchestrator.model.exchange import Exchange, Refusal
from orchestrator.model.times import stamp
from orchestrator.sandbox.egress.answers import Answer, header_reset, retry_after
from orchestrator.sandbox.egress.record import Record

REQUEST_BYTES = 64_000_000
SILENCE = 3600.0
"""Seconds without a byte from the provider; the run's own watchdogs are far below."""
CONNECT = 30.0
CHUNK = 65536
MOST = 64
"""Requests at the same time."""
_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length", "accept-encoding", "expect", "cookie",
})  # fmt: skip
_BACK = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "set-cookie", "trailer"})


class TooLarge(Exception):
    """The request's body is over the limit, or its framing is no HTTP."""


@dataclass(kw_only=True)
class Way:
    """Where requests go, and what stands for what."""

    base_url: str
    key: str = field(repr=False)
    dummy: str = field(repr=False)
    record: Record


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listener: socket.socket, way: Way) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = "127.0.0.1", 0
        self.way = way
        self.open = 0
        parts = urlsplit(way.base_url)
        self.secure = parts.scheme == "https"
        self.host, self.port = parts.hostname or "", parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")
        self.context: ssl.SSLContext | None = None

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self.open < MOST

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self.open += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; its exchange is recorded where it broke."""

    def connection(self) -> http.client.HTTPConnection:
        if not self.secure:
            return http.client.HTTPConnection(self.host, self.port, timeout=CONNECT)
        if self.context is None:
            self.context = ssl.create_default_context()
        return http.client.HTTPSConnection(self.host, self.port, timeout=CONNECT, context=self.context)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the record is the log."""

    def forward(self) -> None:
        way = self.server.way
        began, now = time.monotonic(), datetime.now(UTC)
        try:
            body = self._body()
        except TooLarge as why:
            self._refuse(413, str(why))
            return
        if not self._ours():
            way.record.refusal(Refusal(at=stamp(now), target="gateway", why="a request without this run's key"))
            self._refuse(401, "this proxy serves one run, and this is not its key")
            return
        number = way.record.begin()
        told = _Told(method=self.command, path=self.path.split("?", 1)[0][:512], at=now, began=began)
        upstream = self.server.connection()
        try:
            self._ask(upstream, body)
            self._answer(upstream, told, number)
        except (OSError, http.client.HTTPException, ValueError):
            told.complete = False
            self.close_connection = True
            if told.status == 0:
                self._refuse(502, "the provider does not answer")
        finally:
            upstream.close()
            if not told.recorded:
                way.record.over(number, told.exchange())

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = forward

    def _ours(self) -> bool:
        dummy = self.server.way.dummy
        return dummy in self.path or any(dummy in value for value in self.headers.values())

    def _body(self) -> bytes:
        """The whole request body. Raises TooLarge."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > REQUEST_BYTES:
            raise TooLarge(f"a body of at most {REQUEST_BYTES} bytes")
        return self.rfile.read(int(length))

    def _chunked(self) -> bytes:
        data = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(1024).split(b";", 1)[0], 16)
            except ValueError:
                raise TooLarge("a chunk without a size") from None
            if size < 0 or len(data) + size > REQUEST_BYTES:
                raise TooLarge(f"a body of at most {REQUEST_BYTES} bytes")
            if size == 0:
                while self.rfile.readline(1024) not in (b"\r\n", b"\n", b""):
                    pass
                return bytes(data)
            data += self.rfile.read(size)
            self.rfile.readline(1024)

    def _ask(self, upstream: http.client.HTTPConnection, body: bytes) -> None:
        way, server = self.server.way, self.server
        path = self.path if self.path.startswith("/") else f"/{self.path}"
        for written in (quote_plus, quote):
            path = path.replace(way.dummy, written(way.key))
        upstream.putrequest(self.command, server.prefix + path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                upstream.putheader(name, value.replace(way.dummy, way.key))
        upstream.putheader("Accept-Encoding", "identity")
        if body or self.command in ("POST", "PUT", "PATCH"):
            upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body or None)
        if upstream.sock is not None:
            upstream.sock.settimeout(SILENCE)

    def _answer(self, upstream: http.client.HTTPConnection, told: _Told, number: int) -> None:
        answer = upstream.getresponse()
        told.hear(answer)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _BACK:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status in (204, 304) or answer.status < 200
        sized = answer.length is not None and not answer.chunked
        if bodiless:
            self.send_header("Content-Length", answer.getheader("Content-Length") or "0")
        elif sized:
            self.send_header("Content-Length", str(answer.length))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bodiless and (data := answer.read1(CHUNK)):
            told.answer.feed(data)
            self._pass_on(data, chunked=not sized)
        if sized and answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        told.answer.end()
        # Before the last word goes out: a program that has its answer may end at once, and we with it.
        self.server.way.record.over(number, told.exchange())
        told.recorded = True
        if not bodiless and not sized:
            self.wfile.write(b"0\r\n\r\n")

    def _pass_on(self, data: bytes, *, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        self.wfile.flush()

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True
        body = b'{"error": {"type": "agent_os_gateway", "message": "%b"}}\n' % why.encode()
        with contextlib.suppress(OSError):
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)


@dataclass(kw_only=True)
class _Told:
    """One exchange as it comes about."""

    method: str
    path: str
    at: datetime
    began: float
    status: int = 0
    retry: float | None = None
    reset: str = ""
    complete: bool = True
    recorded: bool = False
    answer: Answer = field(init=False)

    def __post_init__(self) -> None:
        self.answer = Answer("", self.at)

    def hear(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.answer = Answer(answer.getheader("Content-Type") or "", self.at)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        self.retry = retry_after(headers.get("retry-after", ""), self.at)
        if answer.status >= 400:
            self.reset = header_reset(headers, self.at)

    def exchange(self) -> Exchange:
        return Exchange(
            at=stamp(self.at),
            method=self.method[:16],
            path=self.path,
            status=self.status,
            code=self.answer.code if self.status >= 400 or self.status == 0 or self.answer.code else "",
            retry_after=self.retry,
            reset_at=self.answer.reset_at or self.reset,
            complete=self.complete,
            usage=self.answer.usage,
            model=self.answer.model,
            seconds=round(time.monotonic() - self.began, 3),
        )
