"""A Telegram on loopback that refuses what the real one refuses.

Source: the Bot API's documentation (core.telegram.org/bots/api): "Making requests" for the shape of answers and
`parameters.retry_after`, "sendMessage" for the limit of 1 to 4096 characters after entities parsing, "Formatting
options" for what a parse mode refuses. The descriptions are the ones its open server sends.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


@dataclass(kw_only=True)
class Telegram:
    """What it knows and what it got."""

    token: str = "123456:stub-token-for-tests"
    chat: str = "4711"
    url: str = ""
    messages: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Method names, in order."""
    limited: list[float] = field(default_factory=list)
    """For each of the next calls, the seconds it is told to wait; 0 lets it pass."""
    dropped: int = 0
    """How many of the next calls lose their connection unanswered."""

    def answer(self, path: str, said: dict[str, str]) -> tuple[int, dict[str, object]]:
        _, _, rest = path.partition("/bot")
        token, _, method = rest.partition("/")
        self.calls.append(method)
        if token != self.token:
            return _refuse(401, "Unauthorized")
        if method == "getMe":
            bot: dict[str, object] = {"id": 123456, "is_bot": True, "first_name": "Stub", "username": "stub_bot"}
            return 200, {"ok": True, "result": bot}
        if method == "getChat":
            if said.get("chat_id") != self.chat:
                return _refuse(400, "Bad Request: chat not found")
            return 200, {"ok": True, "result": {"id": int(self.chat), "type": "private"}}
        if method != "sendMessage":
            return _refuse(404, "Not Found")
        if self.limited and (wait := self.limited.pop(0)):
            return _refuse(429, f"Too Many Requests: retry after {wait:g}", retry_after=wait)
        text = said.get("text", "").strip()
        if said.get("chat_id") != self.chat:
            return _refuse(400, "Bad Request: chat not found")
        if not text:
            return _refuse(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            return _refuse(400, "Bad Request: message is too long")
        if said.get("parse_mode", "").startswith("Markdown") and text.count("_") % 2:
            return _refuse(400, "Bad Request: can't parse entities: Can't find end of the entity")
        self.messages.append(text)
        chat = {"id": int(self.chat), "type": "private"}
        message = {"message_id": len(self.messages), "date": 1_700_000_000, "chat": chat, "text": text}
        return 200, {"ok": True, "result": message}


def _refuse(code: int, words: str, **parameters: float) -> tuple[int, dict[str, object]]:
    said: dict[str, object] = {"ok": False, "error_code": code, "description": words}
    return code, {**said, "parameters": parameters} if parameters else said


@contextmanager
def running() -> Iterator[Telegram]:
    """Serves until the block ends."""
    state = Telegram()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if state.dropped:
                state.dropped -= 1
                self.close_connection = True
                return
            status, reply = state.answer(self.path, _fields(self.headers.get("Content-Type", ""), body))
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _fields(kind: str, body: bytes) -> dict[str, str]:
    """The three ways the documentation names to pass parameters in a body."""
    if kind.startswith("application/json"):
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in json.loads(body).items()}
    if kind.startswith("multipart/form-data"):
        mail = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        return {str(p.get_param("name", header="content-disposition")): p.get_content() for p in mail.iter_parts()}
    return dict(parse_qsl(body.decode()))
