"""Model providers on loopback: the four wire formats that agents speak, with the scenario in the URL.

The base URL is `<url>/s/<scenario>[~name=value...]`; what a program appends is told apart by its end. Scenarios:

    ok         works with the tools it is offered: makes hello.txt and a valid .agent_result.md, then ends with a text
    text       only talks            json     answers {"answer": "42"}       toolfail  its one tool call fails
    runaway    never ends, with a large usage per request
    401 403 404 429 500 503 529 ctx credit usagelimit badkey   refuses as the providers do
    oldcredit  as Anthropic's API says it in the field: 400, told from other 400s by its words only
    sserr      an error event inside of a 200 stream      drop  the connection is reset mid-stream
    hang       200 and then silence

Knobs: run=TOKEN (counts by itself), n=K (only the first K requests behave so, the others are ok), after=K (only those
after the first K), ra=SECONDS (Retry-After), reset=SECONDS (when a usage limit ends, 3600), quota_after=K (the first K
requests are ok, then the usage limit), steps=K (turns of work), sleep=SECONDS (each of its commands), delay=SECONDS
(before the first byte), in= cached= out= (tokens per request; 1000, of which 200 cached, and 50).

`python -m tests.stubs.models [PORT]` serves until it is ended; GET /asked tells what was asked.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.stubs import models_mind as mind
from tests.stubs.models_refusals import REFUSALS, broken, refusal
from tests.stubs.models_wire import WIRES, Tokens, Wire

SCENARIOS = frozenset({"ok", "text", "json", "toolfail", "runaway", "sserr", "drop", "hang", *REFUSALS})
KEPT = 2000
"""Requests remembered; older ones stay counted."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request for an answer of a model."""

    run: str
    scenario: str
    wire: str
    path: str
    key: str
    """The credential that came with it."""
    model: str
    stream: bool
    tools: int
    step: int
    """Tool turns the request already holds since a person last spoke."""
    body: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Play:
    """A scenario with its knobs."""

    scenario: str
    knobs: dict[str, str]
    run: str

    def number(self, name: str, default: float) -> float:
        return float(self.knobs.get(name, default))

    def at(self, count: int) -> str:
        """What the `count`-th request (from 1) of this run meets."""
        if "quota_after" in self.knobs and count > self.number("quota_after", 0):
            return "usagelimit"
        if count > self.number("n", float("inf")) or count <= self.number("after", 0):
            return "ok"
        return self.scenario


def play(word: str) -> Play:
    """Reads `<scenario>[~name=value...]`. Raises ValueError for a scenario it does not know."""
    scenario, *rest = word.split("~")
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are {', '.join(sorted(SCENARIOS))}")
    knobs = dict(k.partition("=")[::2] for k in rest)
    return Play(scenario=scenario, knobs=knobs, run=knobs.get("run", word))


@dataclass(kw_only=True)
class Stub:
    """A running stub and what it was asked."""

    url: str = ""
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    """Model requests by run."""
    script: Callable[[str], str] | None = None
    """From a request's whole text to the shell script that the model has its tool run, in place of hello.txt."""
    says: Callable[[str], str] | None = None
    """From a request's whole text to the words that the model answers at once; empty = it works as otherwise."""
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def base(self, scenario: str, **knobs: object) -> str:
        """The base URL of a scenario, without a slash at its end and without `/v1`."""
        return f"{self.url}/s/" + "~".join([scenario, *(f"{k}={v}" for k, v in knobs.items())])

    def of(self, run: str) -> tuple[Asked, ...]:
        with self.lock:
            return tuple(a for a in self.asked if a.run == run)

    def take(self, asked: Asked) -> int:
        with self.lock:
            self.asked.append(asked)
            self.counts[asked.run] += 1
            return self.counts[asked.run]


def wire_of(path: str) -> Wire | None:
    """The format of a request for an answer, by the end of its path."""
    if path.endswith("/messages"):
        return WIRES["anthropic"]
    if path.endswith("/responses"):
        return WIRES["responses"]
    if path.endswith("/chat/completions"):
        return WIRES["chat"]
    return WIRES["gemini"] if path.endswith((":generateContent", ":streamGenerateContent")) else None


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with keep-alive, as the providers do."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/asked":
            with self.server.stub.lock:
                return self.json(200, [asdict(replace(a, body="")) for a in self.server.stub.asked])
        if path.endswith("/models"):
            model = {"id": "stub-model", "object": "model", "type": "model", "created": 1, "owned_by": "stub"}
            gemini = {"name": "models/stub-model", "supportedGenerationMethods": ["generateContent"]}
            return self.json(200, {"object": "list", "data": [model], "models": [gemini], "has_more": False})
        return self.json(404, {"error": {"type": "not_found_error", "message": "no such page"}})

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        try:
            body = self.body()
        except ValueError:
            self.close_connection = True
            return self.json(400, {"error": {"type": "invalid_request_error", "message": "no JSON"}})
        parts = urlsplit(self.path)
        if parts.path.endswith("/count_tokens"):
            return self.json(200, {"input_tokens": 1000})
        if parts.path.endswith(":countTokens"):
            return self.json(200, {"totalTokens": 1000})
        wire = wire_of(parts.path)
        if wire is None:
            return self.json(404, {"error": {"type": "not_found_error", "message": "no such page"}})
        return self.answer(wire, body, parts.path, parse_qs(parts.query))

    def answer(self, wire: Wire, body: dict[str, Any], path: str, query: dict[str, list[str]]) -> None:
        try:
            played = play(path.split("/s/", 1)[1].split("/", 1)[0] if "/s/" in path else "ok")
        except ValueError as why:
            return self.json(400, {"error": {"type": "invalid_request_error", "message": str(why)}})
        said = wire.read(body)
        stream = path.endswith(":streamGenerateContent") if wire.name == "gemini" else body.get("stream") is True
        model = str(body.get("model") or path.rsplit("/", 1)[-1].split(":", 1)[0])
        asked = Asked(
            run=played.run, scenario=played.scenario, wire=wire.name, path=path, key=self.key(query), model=model,
            stream=stream, tools=len(said.tools), step=said.calls, body=said.text,
        )  # fmt: skip
        now = played.at(self.server.stub.take(asked))
        self.server.stub.stopping.wait(played.number("delay", 0))
        if now in REFUSALS:
            no = refusal(wire.name, now, retry_after=played.knobs.get("ra", ""), reset=played.number("reset", 3600))
            return self.json(no.status, no.body, no.headers)
        kind = now if now in ("text", "json", "toolfail", "runaway") else "ok"
        heavy = Tokens(input=150_000, cached=0, output=20_000) if kind == "runaway" else Tokens()
        tokens = Tokens(
            input=int(played.number("in", heavy.input)),
            cached=int(played.number("cached", heavy.cached)),
            output=int(played.number("out", heavy.output)),
        )
        wish = mind.Wish(kind=kind, steps=int(played.number("steps", 1)), sleep=played.number("sleep", 0))
        if self.server.stub.script is not None and kind == "ok":
            wish = replace(wish, script=self.server.stub.script(said.text))
        if self.server.stub.says is not None and kind == "ok":
            wish = replace(wish, says=self.server.stub.says(said.text))
        answer = mind.answer(said, wish)
        if now in ("sserr", "drop", "hang"):
            return self.break_off(wire, now, answer, tokens, model, stream)
        if not stream:
            return self.json(200, wire.whole(answer, tokens, model))
        with_usage = (body.get("stream_options") or {}).get("include_usage") is True
        self.open_stream()
        for piece in wire.stream(answer, tokens, model, with_usage):
            self.chunk(piece)
        self.chunk("")
        return None

    def break_off(self, wire: Wire, how: str, answer: mind.Answer, tokens: Tokens, model: str, stream: bool) -> None:
        """A 200 that does not come to its end."""
        if how == "sserr" and not stream:
            no = refusal(wire.name, "500", retry_after="", reset=0)
            return self.json(no.status, no.body)
        self.close_connection = True
        self.open_stream()
        if how == "hang":
            self.wait_for_client()
            return None
        for piece in list(wire.stream(answer, tokens, model, False))[:2]:
            self.chunk(piece)
        if how == "sserr":
            self.chunk(broken(wire.name))
            self.chunk("")
            return None
        # Zero linger: what is closed is reset (socket(7)).
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        return None

    def wait_for_client(self) -> None:
        """Until the other side has gone, or we stop."""
        self.connection.settimeout(0.2)
        while not self.server.stub.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def open_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def key(self, query: dict[str, list[str]]) -> str:
        """The credential, wherever a provider takes one."""
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        named = self.headers.get("x-api-key") or self.headers.get("x-goog-api-key")
        return named or bearer or query.get("key", [""])[0]

    def body(self) -> dict[str, Any]:
        """The request's JSON. Raises ValueError when it is none."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            data = b"".join(parts)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding", "") == "gzip":
            data = gzip.decompress(data)
        found = json.loads(data or b"{}")
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, stub: Stub) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.stub = stub


@contextlib.contextmanager
def running(port: int = 0) -> Iterator[Stub]:
    """Serves until the block ends."""
    stub = Stub()
    server = _Server(port, stub)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with running(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as served, contextlib.suppress(KeyboardInterrupt):
        print(served.url, flush=True)  # noqa: T201 - whoever starts it reads the address
        while True:
            time.sleep(3600)
