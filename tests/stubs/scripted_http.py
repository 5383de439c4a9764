"""A server on loopback that gives the answers it is told to give, good and bad, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Play:
    """One answer. A body that is no text is sent as JSON."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: str = ""
    """"drop": the connection closes unanswered; "cut": it closes in the middle of the body."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass(kw_only=True)
class Script:
    """`plays` are used up one by one; the last one stays."""

    url: str = ""
    plays: list[Play] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next(self) -> Play:
        return self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]

    def play(self, *plays: Play) -> None:
        """From now on these, and nothing asked so far."""
        self.plays[:] = plays
        self.asked.clear()


@contextmanager
def running() -> Iterator[Script]:
    """Serves until the block ends."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
            body = (
                self.chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length") or 0))
            ).decode()
            headers = {k.lower(): v for k, v in self.headers.items()}
            script.asked.append(Asked(method=self.command, path=self.path, headers=headers, body=body))
            play = script.next()
            if play.lost == "drop":
                self.close_connection = True
                return
            data = (play.body if isinstance(play.body, str) else json.dumps(play.body)).encode()
            self.send_response(play.status)
            for name, value in play.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if play.lost == "cut":
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
                return
            if self.command != "HEAD":
                self.wfile.write(data)

        def chunks(self) -> bytes:
            data = b""
            while size := int(self.rfile.readline().strip(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data

        do_HEAD = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
