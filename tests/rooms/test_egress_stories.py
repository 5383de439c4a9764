"""The only way out of a run: real sockets, a real child process; what passes, what is refused, what is written down."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.model.exchange import Exchange
from orchestrator.sandbox import egress
from orchestrator.sandbox.egress import child
from orchestrator.sandbox.inside import __main__ as launcher
from tests.stubs import scripted_http
from tests.stubs.scripted_http import Play, Script

KEY, DUMMY = "real-key-0123456789", "sk-none-0123456789abcdef0123456789abcdef"
AUTH = {"Authorization": f"Bearer {DUMMY}"}


@dataclass(frozen=True, kw_only=True)
class Out:
    up: Script
    way: egress.Egress

    def ask(
        self, path: str = "/x", body: bytes = b"{}", headers: dict[str, str] | None = None, method: str = "POST"
    ) -> tuple[int, bytes, dict[str, str]]:
        conn = self.connection()
        try:
            conn.request(method, path, body if method == "POST" else None, AUTH if headers is None else headers)
            answer = conn.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            conn.close()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port(self.way.gateway_url), timeout=10)

    def exchanges(self) -> tuple[Exchange, ...]:
        self.way.settle()
        return self.way.exchanges()

    def tunnel(self, request: bytes) -> tuple[bytes, socket.socket]:
        sock = socket.create_connection(("127.0.0.1", port(self.way.proxy_url)), timeout=10)
        sock.sendall(request)
        return sock.recv(4096), sock


def port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


Way = Callable[..., Out]


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Way]:
    with ExitStack() as left:

        def make(*, hosts: tuple[str, ...] = (), base: str = "", upstream: bool = True) -> Out:
            up = left.enter_context(scripted_http.running())
            up.play(Play(body={"fine": True}))
            rules = egress.Rules(
                record=tmp_path / "http.jsonl",
                upstream=egress.Upstream(base_url=base or f"{up.url}/v1", key=KEY, dummy=DUMMY) if upstream else None,
                hosts=hosts,
            )
            return Out(up=up, way=left.enter_context(egress.serve(rules, inside=False)))

        yield make


def test_the_key_stands_where_the_dummy_stood_and_nowhere_else(out: Way) -> None:
    way = out()
    status, body, _ = way.ask(
        "/chat?key=sk-none-0123456789abcdef0123456789abcdef&a=1", headers={"x-api-key": DUMMY, "x-other": "stays"}
    )
    assert (status, json.loads(body)) == (200, {"fine": True})
    asked = way.up.asked[0]
    assert asked.path == f"/v1/chat?key={KEY}&a=1"
    assert (asked.headers["x-api-key"], asked.headers["x-other"]) == (KEY, "stays")
    assert DUMMY not in json.dumps([asked.path, asked.headers])
    assert KEY not in way.way.record.read_text()


def test_a_request_without_the_dummy_is_refused_and_told(out: Way) -> None:
    """Any other process of the machine could ask on loopback."""
    way = out()
    assert way.ask(headers={"Authorization": "Bearer something-else"})[0] == 401
    assert way.up.asked == []
    assert way.exchanges() == ()
    assert len(way.way.refusals()) == 1


def test_a_redirect_is_passed_back_and_the_key_does_not_follow_it(out: Way) -> None:
    way = out()
    with scripted_http.running() as elsewhere:
        elsewhere.play(Play(body="stolen"))
        way.up.play(Play(status=302, headers={"Location": f"{elsewhere.url}/steal"}))
        status, _, headers = way.ask()
        assert (status, headers["location"]) == (302, f"{elsewhere.url}/steal")
        assert elsewhere.asked == []


def test_a_stream_passes_piece_by_piece_as_it_comes(out: Way) -> None:
    with server(_slow_stream) as base:
        way = out(base=base)
        conn = way.connection()
        conn.request("POST", "/stream", b"{}", AUTH)
        answer = conn.getresponse()
        began = time.monotonic()
        first = answer.read1(1000)
        assert b"one" in first
        assert time.monotonic() - began < 0.35
        assert b"two" in answer.read()
        conn.close()
        assert [e.complete for e in way.exchanges()] == [True]


def test_an_answer_that_breaks_off_breaks_off_for_the_program_too(out: Way) -> None:
    way = out()
    way.up.play(Play(body={"long": "x" * 5000}, lost="cut"))
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        way.ask()
    assert [(e.status, e.complete) for e in way.exchanges()] == [(200, False)]


def test_a_provider_that_is_not_there_is_502_and_status_0(out: Way) -> None:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{free.getsockname()[1]}"
    free.close()
    way = out(base=base)
    assert way.ask()[0] == 502
    assert [(e.status, e.complete) for e in way.exchanges()] == [(0, False)]


def test_a_refusal_is_recorded_as_status_code_and_times_without_a_word_of_it(out: Way) -> None:
    way = out()
    secret_words = "You have hit your limit, dear customer"
    refused = {"error": {"type": "rate_limit_error", "message": secret_words}}
    way.up.play(Play(status=429, body=refused, headers={"Retry-After": "120", "Content-Type": "application/json"}))
    status, body, headers = way.ask()
    assert (status, json.loads(body), headers["retry-after"]) == (429, refused, "120")
    (seen,) = way.exchanges()
    assert (seen.status, seen.code, seen.retry_after) == (429, "rate_limit_error", 120.0)
    assert seen.reset_at > seen.at
    assert "customer" not in way.way.record.read_text()


def test_bodies_by_length_and_by_chunks_arrive_whole(out: Way) -> None:
    way = out()
    big = json.dumps({"x": "y" * 300_000}).encode()
    assert way.ask(body=big)[0] == 200
    conn = way.connection()
    pieces = [big[i : i + 7001] for i in range(0, len(big), 7001)]
    conn.request("POST", "/x", iter(pieces), AUTH, encode_chunked=True)
    assert conn.getresponse().status == 200
    conn.close()
    assert [a.body.encode() for a in way.up.asked] == [big, big]


def test_a_body_over_the_limit_is_refused(out: Way) -> None:
    way = out()
    sock = socket.create_connection(("127.0.0.1", port(way.way.gateway_url)), timeout=10)
    with sock:
        sock.sendall(f"POST /x HTTP/1.1\r\nAuthorization: {DUMMY}\r\nContent-Length: 99999999999\r\n\r\n".encode())
        assert b" 200 " not in sock.recv(4096).split(b"\r\n")[0]
    assert way.up.asked == []


def test_one_connection_serves_several_requests_and_heads_have_no_body(out: Way) -> None:
    way = out()
    conn = way.connection()
    for method in ("HEAD", "GET", "POST"):
        conn.request(method, "/x", headers=AUTH)
        answer = conn.getresponse()
        assert (answer.status, bool(answer.read())) == (200, method != "HEAD")
    conn.close()
    assert [e.method for e in way.exchanges()] == ["HEAD", "GET", "POST"]


def test_usage_is_recorded_and_readable_while_the_run_goes_on(out: Way) -> None:
    way = out()
    told = {"model": "m-1", "usage": {"prompt_tokens": 100, "completion_tokens": 7}}
    way.up.play(Play(body=told))
    for _ in range(2):
        way.ask()
    seen = way.exchanges()
    assert [(e.usage.input_tokens, e.usage.output_tokens, e.model) for e in seen if e.usage] == [(100, 7, "m-1")] * 2


# --- the CONNECT proxy


def test_a_listed_address_is_reached_through_the_tunnel(out: Way) -> None:
    with scripted_http.running() as there:
        there.play(Play(body="through"))
        way = out(hosts=(f"127.0.0.1:{port(there.url)}",))
        head, sock = way.tunnel(f"CONNECT 127.0.0.1:{port(there.url)} HTTP/1.1\r\n\r\n".encode())
        with sock:
            assert head.startswith(b"HTTP/1.1 200 ")
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            data = b""
            while part := sock.recv(4096):
                data += part
        assert data.endswith(b"through")


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT example.com:443",
        "CONNECT 127.0.0.1:{port}",
        "CONNECT localhost:{port}",
        "CONNECT 2130706433:{port}",
        "CONNECT 0x7f.1:{port}",
        "CONNECT [::ffff:127.0.0.1]:{port}",
        "CONNECT 169.254.169.254:80",
        "CONNECT pypi.org:22",
        "CONNECT pypi.org.evil.example:443",
        "CONNECT nonsense",
        "GET http://127.0.0.1:{port}/",
        "POST http://pypi.org/",
    ],
)
def test_everything_else_is_403_and_told(out: Way, request_line: str) -> None:
    with scripted_http.running() as canary:
        canary.play(Play(body="hit"))
        way = out(hosts=("pypi.org",))
        line = request_line.format(port=port(canary.url))
        head, sock = way.tunnel(f"{line} HTTP/1.1\r\n\r\n".encode())
        sock.close()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert canary.asked == []
        assert len(way.way.refusals()) == 1


def test_a_name_that_leads_to_loopback_is_refused_although_it_is_listed(out: Way) -> None:
    """`localhost` listed for another port, or any name whose address is this machine's."""
    with scripted_http.running() as canary:
        canary.play(Play(body="hit"))
        way = out(hosts=(f"ip6-localhost:{port(canary.url)}", f"{socket.gethostname()}:{port(canary.url)}"))
        for name in ("ip6-localhost", socket.gethostname()):
            head, sock = way.tunnel(f"CONNECT {name}:{port(canary.url)} HTTP/1.1\r\n\r\n".encode())
            sock.close()
            assert not head.startswith(b"HTTP/1.1 200 ")
        assert canary.asked == []


def test_refusals_are_bounded_and_the_proxy_goes_on(out: Way) -> None:
    way = out()
    for n in range(230):
        _, sock = way.tunnel(f"CONNECT h{n}.example:443 HTTP/1.1\r\n\r\n".encode())
        sock.close()
    assert len(way.way.refusals()) == 200


def test_a_header_without_end_takes_down_nobody(out: Way) -> None:
    way = out(upstream=False)
    for _ in range(3):
        sock = socket.create_connection(("127.0.0.1", port(way.way.proxy_url)), timeout=10)
        with sock, contextlib.suppress(OSError):  # reset while writing, or refused
            for _ in range(100):
                sock.sendall(b"x" * 4096)
            assert b" 200 " not in sock.recv(100)
    head, sock = way.tunnel(b"CONNECT a.example:443 HTTP/1.1\r\n\r\n")
    sock.close()
    assert b"403" in head


# --- its life


def test_without_a_provider_there_is_no_gateway(out: Way) -> None:
    way = out(upstream=False)
    assert way.way.gateway_url == ""
    assert way.way.proxy_url.startswith("http://127.0.0.1:")


def test_the_launcher_and_the_proxies_agree() -> None:
    assert (launcher.GATEWAY_PORT, launcher.PROXY_PORT) == (egress.GATEWAY_PORT, egress.PROXY_PORT)
    assert launcher.HANDED == child.HANDED


def test_listeners_come_through_the_control_descriptor(tmp_path: Path) -> None:
    """As the launcher hands them over from inside of its network namespace; here from our own."""
    with scripted_http.running() as up:
        up.play(Play(body="seen"))
        rules = egress.Rules(
            record=tmp_path / "r.jsonl", upstream=egress.Upstream(base_url=up.url, key=KEY, dummy=DUMMY)
        )
        with egress.serve(rules, inside=True) as way:
            listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
            with socket.socket(fileno=os.dup(way.control)) as control:
                socket.send_fds(control, [child.HANDED], [s.fileno() for s in listeners])
            gate = listeners[0].getsockname()[1]
            for each in listeners:
                each.close()
            conn = http.client.HTTPConnection("127.0.0.1", gate, timeout=10)
            conn.request("GET", "/", headers=AUTH)
            assert conn.getresponse().read() == b"seen"
            conn.close()


ALONE = """
import os, sys, time
from pathlib import Path
from orchestrator.sandbox import egress
rules = egress.Rules(record=Path(sys.argv[1]))
with egress.serve(rules, inside=False) as way:
    print(way.proxy_url, *Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split(), flush=True)
    time.sleep(60)
"""


def test_the_proxies_are_a_fork_of_the_worker_and_die_with_it(tmp_path: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", ALONE, str(tmp_path / "r")], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    with worker.stdout:
        url, pid = worker.stdout.readline().split()
        same = Path(f"/proc/{pid}/cmdline").read_bytes() == Path(f"/proc/{worker.pid}/cmdline").read_bytes()
        assert same, "a fork has its parent's command line; it shares its memory"
        socket.create_connection(("127.0.0.1", port(url)), timeout=5).close()
        worker.kill()
        worker.wait()
    until = time.monotonic() + 2
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port(url)), timeout=1)


def test_the_key_is_in_no_argument_and_no_environment(out: Way) -> None:
    way = out()
    me = os.getpid()
    children = Path(f"/proc/{me}/task").glob("*/children")
    pids = [p for file in children for p in file.read_text().split()]
    assert pids, "the proxies run in a process of their own"
    for pid in pids:
        seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert KEY.encode() not in seen
    assert way.ask()[0] == 200


# --- a small server for what the scripted one cannot


@contextmanager
def server(handle: Callable[[socket.socket], None]) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with conn:
                conn.recv(65536)
                handle(conn)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _slow_stream(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for word in (b"data: one\n\n", b"data: two\n\n"):
        conn.sendall(b"%x\r\n%b\r\n" % (len(word), word))
        time.sleep(0.5)
    conn.sendall(b"0\r\n\r\n")
