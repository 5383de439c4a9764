"""The parts of the egress: what an answer tells, when to ask again, where a key may stand, which targets are reachable.

What passes through real sockets and a real child stands in `test_egress_stories`; here also what those cannot show.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import ipaddress
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.result import Usage
from orchestrator.process import CannotStart
from orchestrator.sandbox import egress
from orchestrator.sandbox.egress import targets
from orchestrator.sandbox.egress.connect import Proxy
from orchestrator.sandbox.egress.key import Swap
from orchestrator.sandbox.egress.record import Reading, Record, word
from orchestrator.sandbox.egress.serving import Listener
from orchestrator.sandbox.egress.tap import Tap
from orchestrator.sandbox.egress.wire import Head
from tests.rooms.test_egress_stories import server
from tests.stubs import scripted_http
from tests.stubs.scripted_http import Play, Script

KEY, DUMMY = "real-key+0123456789/abc", "sk-none-0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def told(*bodies: object, status: int = 200, stream: bool = False, headers: dict[str, str] | None = None) -> Tap:
    kind = "text/event-stream" if stream else "application/json"
    lines = (("content-type", kind), *((k.replace("_", "-"), v) for k, v in (headers or {}).items()))
    tap = Tap(Head(headers=lines, version=1, status=status), NOW)
    text = "".join(f"event: x\ndata: {json.dumps(b)}\n\n" for b in bodies) if stream else json.dumps(bodies[0])
    data = text.encode()
    for at in range(0, len(data), 7):  # no event ends where a piece does
        tap.feed(data[at : at + 7])
    tap.end()
    return tap


def used(fresh: int, cached: int, output: int) -> Usage:
    return Usage(input_tokens=fresh, cached_tokens=cached, output_tokens=output, source="provider")


# --- usage, as each provider counts


def test_anthropic_counts_the_cache_apart_and_its_output_cumulatively() -> None:
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 200, "output_tokens": 1}
    start = {"type": "message_start", "message": {"model": "claude-x", "usage": usage}}
    deltas = [{"type": "message_delta", "usage": {"input_tokens": 0, "output_tokens": n}} for n in (20, 45)]
    tap = told(start, *deltas, stream=True)
    assert (tap.told.usage, tap.told.model) == (used(15, 200, 45), "claude-x")
    whole = told({"type": "message", "model": "claude-x", "usage": {**usage, "output_tokens": 45}})
    assert whole.told.usage == used(15, 200, 45)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"object": "chat.completion", "usage": {"prompt_tokens": 100, "completion_tokens": 7,
          "prompt_tokens_details": {"cached_tokens": 60}}}, used(40, 60, 7)),
        ({"usage": {"prompt_tokens": 100, "completion_tokens": 7, "prompt_cache_hit_tokens": 30}}, used(70, 30, 7)),
        ({"object": "response", "usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 25},
          "output_tokens": 9}}, used(75, 25, 9)),
        ({"usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 5,
          "thoughtsTokenCount": 3}}, used(60, 40, 8)),
        ({"response": {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1}}}, used(9, 0, 1)),
        ({"usage": {"prompt_tokens": "many", "completion_tokens": True}}, used(0, 0, 0)),
        ({"usage": {"prompt_tokens": 10**15, "completion_tokens": -4}}, used(0, 0, 0)),
    ],
)  # fmt: skip
def test_cached_input_is_taken_out_where_the_provider_counts_it_in(body: dict[str, Any], expected: Usage) -> None:
    assert told(body).told.usage == expected


def test_streams_of_the_other_three_tell_at_their_end() -> None:
    chunks = [{"model": "gpt-x", "usage": None}, {"usage": {"prompt_tokens": 8, "completion_tokens": 2}}]
    assert told(*chunks, stream=True).told.usage == used(8, 0, 2)
    done = {"type": "response.completed", "response": {"model": "m", "usage": {"input_tokens": 8, "output_tokens": 2}}}
    assert told(done, stream=True).told.usage == used(8, 0, 2)
    parts = [{"usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": n}} for n in (1, 6)]
    assert told(*parts, stream=True).told.usage == used(8, 0, 6)
    assert told(parts).told.usage == used(8, 0, 6), "without alt=sse the stream is one array"


@pytest.mark.parametrize("body", [[], 7, "text", {"usage": 3}, {"error": "words"}, {"usageMetadata": []}, None])
def test_what_is_no_answer_of_theirs_tells_nothing(body: object) -> None:
    tap = told(body)
    assert (tap.told.usage, tap.told.code) == (None, "")


# --- error codes


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"error": {"type": "rate_limit_error", "message": "words"}}, "rate_limit_error"),
        ({"error": {"type": "invalid_request_error", "code": "context_length_exceeded"}}, "context_length_exceeded"),
        ({"error": {"type": "usage_limit_reached", "code": None}}, "usage_limit_reached"),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, "RESOURCE_EXHAUSTED"),
        ({"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
         "API_KEY_INVALID"),
        ([{"error": {"status": "UNAVAILABLE"}}], "UNAVAILABLE"),
        ({"error": {"code": 502, "message": "Provider disconnected"}}, "502"),
        ({"error": {"type": "your key sk-123 is bad", "code": "x" * 65}}, "error"),
    ],
)  # fmt: skip
def test_a_code_is_taken_from_wherever_it_stands_and_never_a_sentence(error: object, code: str) -> None:
    assert told(error, status=400).told.code == code


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("invalid_request_error", "prompt is too long: 215000 tokens > 200000 maximum", "context_length_exceeded"),
        ("invalid_request_error", "Your credit balance is too low to access the API.", "billing_error"),
        ("invalid_request_error", "max_tokens: 90000 > 8192", "invalid_request_error"),
        ("rate_limit_error", "prompt is too long", "rate_limit_error"),
    ],
)
def test_a_sentence_tells_only_what_has_no_code_of_its_own_anywhere(kind: str, said: str, code: str) -> None:
    assert told({"type": "error", "error": {"type": kind, "message": said}}, status=400).told.code == code
    google = {"code": 400, "status": "INVALID_ARGUMENT", "message": "The input token count (9) exceeds the maximum"}
    assert told({"error": google}, status=400).told.code == "context_length_exceeded"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "error": {"type": "overloaded_error"}},
        {"type": "error", "code": "overloaded_error", "message": "words"},
        {"type": "response.failed", "response": {"error": {"code": "overloaded_error"}}},
        {"choices": [], "error": {"code": "overloaded_error"}},
    ],
)
def test_an_error_inside_of_a_good_stream_is_seen(event: dict[str, Any]) -> None:
    assert told(event, stream=True).told.code == "overloaded_error"


@pytest.mark.parametrize(
    ("value", "kept"), [("gpt-5.1:free", "gpt-5.1:free"), ("a/b_c", "a/b_c"), ("two words", ""), ("x\n", ""), (7, "")]
)
def test_words_for_the_record_are_codes_only(value: object, kept: str) -> None:
    assert word(value) == kept


# --- when to ask again

IN_AN_HOUR = "2026-05-01T13:00:00Z"
EPOCH = str(int(NOW.timestamp()) + 3600)


@pytest.mark.parametrize(
    ("body", "headers", "at"),
    [
        ({}, {"retry_after": "3600"}, IN_AN_HOUR),
        ({}, {"retry_after": "Fri, 01 May 2026 13:00:00 GMT"}, IN_AN_HOUR),
        ({}, {"retry_after_ms": "3600000"}, IN_AN_HOUR),
        ({}, {"anthropic_ratelimit_unified_reset": EPOCH, "retry_after": "60"}, IN_AN_HOUR),
        ({}, {"anthropic_ratelimit_requests_reset": IN_AN_HOUR, "anthropic_ratelimit_requests_remaining": "0",
              "anthropic_ratelimit_tokens_reset": "2026-05-01T15:00:00Z",
              "anthropic_ratelimit_tokens_remaining": "9"}, IN_AN_HOUR),
        ({}, {"x_ratelimit_reset_requests": "1h0m0s"}, IN_AN_HOUR),
        ({}, {"x_ratelimit_reset_tokens": "59m59.5s"}, IN_AN_HOUR),
        ({}, {"x_ratelimit_reset": f"{EPOCH}000"}, IN_AN_HOUR),
        ({"resets_at": int(EPOCH)}, {}, IN_AN_HOUR),
        ({"resets_in_seconds": 3600}, {"retry_after": "5"}, IN_AN_HOUR),
        ({"details": [{"@type": "RetryInfo", "retryDelay": "3600s"}]}, {}, IN_AN_HOUR),
        ({}, {"retry_after": "-5"}, ""),
        ({}, {"retry_after": "soon"}, ""),
        ({}, {"retry_after": "9" * 16}, ""),
        ({"resets_at": float("inf")}, {}, ""),
        ({"resets_at": int(EPOCH) - 7200}, {}, ""),
        ({}, {}, ""),
    ],
)  # fmt: skip
def test_the_reset_time_in_every_spelling(body: dict[str, Any], headers: dict[str, str], at: str) -> None:
    assert told({"error": {"type": "usage_limit_reached", **body}}, status=429, headers=headers).reset_at == at


def test_a_good_answers_limits_are_no_reset() -> None:
    assert told({}, status=200, headers={"anthropic_ratelimit_unified_reset": EPOCH}).reset_at == ""
    assert told({"error": {"type": "x"}}, status=401, headers={"retry_after": "60"}).reset_at == ""


# --- where a key may stand


def test_the_key_is_put_where_credentials_stand_and_nowhere_a_provider_would_quote_it() -> None:
    swap = Swap(key=KEY, dummy=DUMMY)
    assert swap.outward("/v1", (("Authorization", f"Bearer {DUMMY}"),)) == (
        "/v1", (("Authorization", f"Bearer {KEY}"),)
    )  # fmt: skip
    assert swap.outward(f"/v1?a=1&key={DUMMY}", ()) == ("/v1?a=1&key=real-key%2B0123456789%2Fabc", ())
    for target, headers in (
        ("/v1", (("anthropic-version", DUMMY),)),
        ("/v1", (("Authorization", f"say {DUMMY}"),)),
        ("/v1", (("X-Api-Key", f"{DUMMY} and more"),)),
        (f"/{DUMMY}", ()),
        (f"/v1?model={DUMMY}", ()),
    ):
        assert swap.outward(target, headers) is None


@pytest.mark.parametrize(("key", "dummy"), [("a\r\nb: c", DUMMY), ("", DUMMY), ("two words", DUMMY), (KEY, "short")])
def test_a_key_that_could_split_a_header_starts_nothing(key: str, dummy: str, tmp_path: Path) -> None:
    upstream = egress.Upstream(base_url="http://127.0.0.1:1", key=key, dummy=dummy)
    with (
        pytest.raises(CannotStart),
        egress.serve(egress.Rules(record=tmp_path / "r", upstream=upstream), inside=False),
    ):
        pass


@pytest.mark.parametrize("size", [1, 2, 5, 22, 1000])
def test_a_key_that_comes_back_is_taken_out_however_it_is_cut(size: int) -> None:
    cleaner = Swap(key=KEY, dummy=DUMMY).cleaner()
    data = f"a {KEY}{KEY} real-key real-key+01 {KEY[:-1]}! %2B real-key%2B0123456789%2Fabc end {KEY[:7]}".encode()
    out = b"".join(cleaner.piece(data[at : at + size]) for at in range(0, len(data), size)) + cleaner.end()
    expected = f"a {DUMMY}{DUMMY} real-key real-key+01 {KEY[:-1]}! %2B {DUMMY} end {KEY[:7]}".encode()
    assert out == expected


# --- where the CONNECT proxy may go


@pytest.mark.parametrize(
    ("target", "rules", "is_listed"),
    [
        ("pypi.org:443", ("pypi.org",), True),
        ("PyPI.org.:443", ("pypi.org",), True),
        ("pypi.org:80", ("pypi.org",), False),
        ("pypi.org:8443", ("pypi.org:8443",), True),
        ("pypi.org:443", ("pypi.org:8443",), False),
        ("a.b.example.com:443", ("*.example.com",), True),
        ("example.com:443", ("*.example.com",), False),
        ("evilexample.com:443", ("*.example.com", "example.com"), False),
        ("example.com.evil.net:443", ("example.com", "*.example.com"), False),
        ("anything.net:443", ("", "*", "*.", "no host!", "*.*"), False),
        ("[2606:4700::1]:443", ("2606:4700::1",), True),
        ("127.0.0.1:8080", ("127.0.0.1:8080",), True),
    ],
)
def test_the_allow_list_names_hosts_and_ports(target: str, rules: tuple[str, ...], is_listed: bool) -> None:
    assert targets.listed(targets.target(target), rules) is is_listed


@pytest.mark.parametrize(
    "text",
    ["127.1:443", "0x7f.1:443", "0x7f000001:443", "2130706433:443", "0177.0.0.1:443", "a b:443", "a:0", "a:65536",
     "a:443:1", "[::1:443", "[x]:443", "a@b:443", "-a:443", "a..b:443", ":443", "a", "a:४४३", "пример.com:443"],
)  # fmt: skip
def test_what_only_a_resolver_would_take_for_a_host_is_none(text: str) -> None:
    with pytest.raises(targets.Bad):
        targets.target(text)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
     "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.192", "168.63.129.16", "198.18.0.1",
     "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
     "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fec0::1"],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    wanted = targets.target("listed.example:443")
    assert not targets.reachable(wanted, ipaddress.ip_address(address), ("listed.example",))


def test_addresses_that_are_and_those_that_are_listed_themselves() -> None:
    wanted = targets.target("listed.example:443")
    for public in ("1.1.1.1", "140.82.112.3", "2606:4700::1111"):
        assert targets.reachable(wanted, ipaddress.ip_address(public), ("listed.example",))
    private = ipaddress.ip_address("10.0.0.5")
    assert targets.reachable(wanted, private, ("listed.example", "10.0.0.5:443"))
    assert not targets.reachable(wanted, private, ("listed.example", "10.0.0.5:444"))
    local = targets.target("localhost:99")
    assert targets.reachable(local, ipaddress.ip_address("127.0.0.1"), ("localhost:99",))
    assert not targets.reachable(local, ipaddress.ip_address("10.0.0.5"), ("localhost:99",))


def test_a_name_is_resolved_once_and_one_bad_address_spoils_it(tmp_path: Path) -> None:
    """A resolver of our own, as a hostile name server would answer: first harmless and loopback mixed, then rebound."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[targets.Address]:
        asked.append(host)
        return tuple(map(ipaddress.ip_address, ("1.1.1.1", "127.0.0.1")))

    async def story(number: int) -> tuple[bytes, int]:
        hits = 0

        def hit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal hits
            hits += 1
            writer.close()

        canary = await asyncio.start_server(hit, "127.0.0.1", 0)
        port = canary.sockets[0].getsockname()[1]
        proxy = Proxy(hosts=(f"rebound.example:{port}",), record=Record(number), resolve=resolve)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = await Listener(proxy.serve).start(listening)
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(f"CONNECT rebound.example:{port} HTTP/1.1\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            serving.close()
        canary.close()
        return answer, hits

    record = tmp_path / "r"
    number = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    answer, hits = asyncio.run(story(number))
    os.close(number)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert (hits, asked) == (0, ["rebound.example"])
    assert [r.why for r in Reading(record).refusals()] == ["its address is not one of the open internet"]


# --- through a real child, both ways of starting it


@pytest.fixture
def up() -> Iterator[Script]:
    with scripted_http.running() as script:
        script.play(Play(body={"fine": True}))
        yield script


def rules(folder: Path, base: str, hosts: tuple[str, ...] = ()) -> egress.Rules:
    upstream = egress.Upstream(base_url=base, key=KEY, dummy=DUMMY)
    return egress.Rules(record=folder / "http.jsonl", upstream=upstream, hosts=hosts)


@contextlib.contextmanager
def asking(way: egress.Egress) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection(way.gateway_url.removeprefix("http://"), timeout=10)) as conn:
        yield conn


@pytest.mark.parametrize("forked", [True, False])
def test_a_provider_that_quotes_the_key_tells_the_agent_the_dummy(up: Script, tmp_path: Path, forked: bool) -> None:
    quoted = {"error": {"type": "authentication_error", "message": f"no such key: {KEY}"}}
    up.play(Play(status=401, body=quoted, headers={"Location": f"/again?key={KEY}", "X-Key": KEY, "Set-Cookie": "a=b"}))
    with egress.serve(rules(tmp_path, up.url), inside=False, forked=forked) as way, asking(way) as conn:
        conn.request("POST", "/v1/messages", "{}", {"x-api-key": DUMMY})
        answer = conn.getresponse()
        seen = str(answer.headers) + answer.read().decode()
        assert answer.status == 401
        assert (KEY in seen, DUMMY in seen, "Set-Cookie" in seen) == (False, True, False)
        assert up.asked[0].headers["x-api-key"] == KEY
        assert [e.code for e in way.exchanges()] == ["authentication_error"]


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"])
def test_what_asks_no_model_is_refused_although_the_dummy_is_there(up: Script, tmp_path: Path, method: str) -> None:
    with egress.serve(rules(tmp_path, up.url), inside=False) as way, asking(way) as conn:
        conn.request(method, "/v1/files/1", headers={"Authorization": f"Bearer {DUMMY}"})
        assert conn.getresponse().status == 405
        assert (up.asked, way.exchanges(), len(way.refusals())) == ([], (), 1)


@pytest.mark.parametrize(
    "head",
    [
        "POST /v1 HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "POST /v1 HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
        "POST /v1 HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
        "POST /v1 HTTP/1.1\r\nX : y\r\n",
        "POST /v1 HTTP/1.1\r\nX: a\x0bb\r\n",
        "POST @elsewhere.example/ HTTP/1.1\r\n",
        "POST http://elsewhere.example/ HTTP/1.1\r\n",
        "nonsense\r\n",
    ],
)
def test_requests_with_two_readings_do_not_pass(up: Script, tmp_path: Path, head: str) -> None:
    with egress.serve(rules(tmp_path, up.url), inside=False) as way:
        host, _, port = way.gateway_url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            sock.sendall(f"{head}Authorization: Bearer {DUMMY}\r\n\r\n".encode() + b"{}")
            assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
        assert up.asked == []


def test_a_body_that_was_zipped_all_the_same_is_read(tmp_path: Path) -> None:
    data = gzip.compress(json.dumps({"usage": {"prompt_tokens": 3, "completion_tokens": 1}, "x": KEY}).encode())

    def zipped(conn: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n"
        conn.sendall(head.encode() + data)

    with server(zipped) as base, egress.serve(rules(tmp_path, base), inside=False) as way, asking(way) as conn:
        conn.request("POST", "/v1", "{}", {"Authorization": f"Bearer {DUMMY}"})
        assert json.loads(conn.getresponse().read())["x"] == DUMMY
        assert [e.usage for e in way.exchanges()] == [used(3, 0, 1)]


def test_a_client_that_leaves_ends_the_request_and_that_is_known(tmp_path: Path) -> None:
    ended: list[float] = []

    def hang(conn: socket.socket) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
        conn.settimeout(10)
        with contextlib.suppress(OSError):
            while conn.recv(100):  # the request's body may come by itself, after its head
                pass
        ended.append(time.monotonic())

    with server(hang) as base, egress.serve(rules(tmp_path, base), inside=False) as way:
        with asking(way) as conn:
            conn.request("POST", "/v1", "{}", {"Authorization": f"Bearer {DUMMY}"})
            answer = conn.getresponse()
            assert answer.read1(100) == b"data: {}\n\n"
            answer.close()
        left = time.monotonic()
        while not way.exchanges() and time.monotonic() < left + 5:
            time.sleep(0.01)
        (seen,) = way.exchanges()
        assert (seen.status, seen.complete, seen.left) == (200, False, True)
        while not ended and time.monotonic() < left + 5:
            time.sleep(0.01)
        assert ended[0] - left < 2


def test_the_process_ends_with_the_block_and_holds_no_key_in_sight(up: Script, tmp_path: Path) -> None:
    with egress.serve(rules(tmp_path, up.url), inside=False, forked=False) as way:
        pids = [int(p) for f in Path("/proc/self/task").glob("*/children") for p in f.read_text().split()]
        assert pids
        for pid in pids:
            seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert KEY.encode() not in seen
        assert way.exchanges() == ()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert oct((tmp_path / "http.jsonl").stat().st_mode & 0o777) == "0o600"


def test_a_record_that_is_a_link_is_not_followed(up: Script, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "http.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(CannotStart), egress.serve(rules(tmp_path, up.url), inside=False):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("forked", [True, False])
def test_a_connection_left_open_at_the_end_makes_no_noise(
    up: Script, tmp_path: Path, capfd: pytest.CaptureFixture[str], forked: bool
) -> None:
    with egress.serve(rules(tmp_path, up.url), inside=False, forked=forked) as way:
        conn = http.client.HTTPConnection(way.gateway_url.removeprefix("http://"), timeout=10)
        conn.request("GET", "/v1/models", headers={"Authorization": f"Bearer {DUMMY}"})
        assert conn.getresponse().read()
    conn.close()
    assert capfd.readouterr().err == ""
