"""Reading evidence from outside: the honest ways, and what hostile servers and texts come to.

Where hostile addresses lead stands in `tests/security/test_evidence_guard_short.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.evidence_stage import HOST, PUBLIC, Stage, answer, dripping, staged
from orchestrator import sources
from orchestrator.model.objective import Source
from orchestrator.model.planning import SourceType
from orchestrator.sandbox.egress import targets
from orchestrator.sources import Read, Rules, Unread, address, html, pinned, web
from orchestrator.sources.address import Wanted
from orchestrator.sources.web import Net

URL = f"https://{HOST}/"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.set({}, {})
    return shared


def read(stage: Stage, url: str = URL, **rules: Any) -> Read | Unread:
    return web.read(url, Rules(**{"hosts": (HOST,), "seconds": 3.0, **rules}), stage.net)


def text(found: Read | Unread) -> str:
    assert isinstance(found, Read), found
    return found.text


def why(found: Read | Unread, *, lasting: bool) -> str:
    assert isinstance(found, Unread), found
    assert found.lasting is lasting, found
    return found.why


# --- the honest ways


def test_a_page_is_read_with_nothing_of_us_on_the_way(stage: Stage) -> None:
    found = read(stage, f"{URL}?q=1#part")
    assert isinstance(found, Unread), "the honest server knows / only"
    stage.set({}, {"/a?q=1": answer(body="grüß dich".encode())})
    assert read(stage, f"{URL}a?q=1#part") == Read(text="grüß dich", where=HOST)
    (head,) = stage.asked
    lines = head.lower().splitlines()
    assert lines[0] == "get /a?q=1 http/1.1"
    assert {each.partition(":")[0] for each in lines[1:] if each} == {
        "host", "user-agent", "accept", "accept-encoding", "connection"
    }  # fmt: skip
    assert f"host: {HOST}" in lines
    assert "accept-encoding: identity" in lines
    assert (stage.lookups, stage.touched) == ([HOST], []), "the name is looked up once"


def test_html_comes_as_what_a_reader_sees(stage: Stage) -> None:
    page = b"<html><head><title>T</title><script>x()</script></head><p>One &amp; <b>two</b><br>three<!-- no --></html>"
    stage.set({}, {"/": answer(body=page, content_type="text/html; charset=utf-8")})
    assert text(read(stage)) == "T\nOne & two\nthree"


def test_redirects_on_the_list_are_followed_without_cookies_or_referrer(stage: Stage) -> None:
    dns = {"new.example.com": [(PUBLIC,)]}
    plays = {
        "/": answer(301, location="/next", set_cookie="a=b; Path=/"),
        "/next": answer(307, location="//new.example.com/there?x", set_cookie="c=d"),
        "/there?x": answer(body=b"arrived"),
    }
    stage.set(dns, plays)
    assert text(read(stage, hosts=("*.example.com",))) == "arrived"
    assert len(stage.asked) == 3
    assert not any("cookie" in head.lower() or "referer" in head.lower() for head in stage.asked)
    assert stage.lookups == [HOST, HOST, "new.example.com"], "each hop is looked up and judged by itself"


def test_a_circle_of_redirects_ends(stage: Stage) -> None:
    stage.set({}, {"/": answer(302, location="/")})
    assert why(read(stage, hops=3), lasting=True) == "more than 3 redirects"
    assert len(stage.asked) == 4


def test_an_inner_address_is_reached_only_where_it_is_listed_itself(stage: Stage) -> None:
    stage.set({HOST: [("10.0.0.5",)]}, {})
    assert "open internet" in why(read(stage), lasting=True)
    assert stage.touched == []
    read(stage, hosts=(HOST, "10.0.0.5"))
    assert stage.touched == ["10.0.0.5 port 443"], "who lists an address means it"


def test_proxies_of_the_environment_are_not_asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{stage.ports['canary']}")
    assert text(read(stage)) == "honest"
    assert stage.touched == []


# --- who answers


def test_a_certificate_for_another_name_ends_it_before_anything_is_asked(stage: Stage) -> None:
    stage.set({"other.test": [(PUBLIC,)]}, {})
    assert "no trusted certificate" in why(read(stage, "https://other.test/", hosts=("other.test",)), lasting=False)
    strangers = Net(resolve=stage.resolve, connect=stage.connect, context=ssl.create_default_context)
    found = web.read(URL, Rules(hosts=(HOST,)), strangers)
    assert "no trusted certificate" in why(found, lasting=False)
    assert stage.asked == []


@pytest.mark.parametrize(
    ("status", "lasting"),
    [(204, False), (206, False), (304, False), (400, True), (401, True), (404, True), (408, False), (429, False),
     (500, False), (503, False)],
)  # fmt: skip
def test_other_answers_say_whether_asking_again_may_help(stage: Stage, status: int, lasting: bool) -> None:
    stage.set({}, {"/": answer(status, b"" if status in (204, 304) else b"x")})
    assert why(read(stage), lasting=lasting) == f"{HOST}:443 answered {status}"


def test_a_name_without_an_answer_is_said(stage: Stage) -> None:
    stage.set({HOST: [()]}, {})
    assert "has no address" in why(read(stage), lasting=False)
    stage.set({HOST: [("no number",)]}, {})
    assert "does not answer" in why(read(stage), lasting=False)
    assert why(web.read("https://no.invalid/", Rules(hosts=("no.invalid",))), lasting=False).endswith("(OSError)")


def test_the_real_resolver_gives_every_address_of_a_name_and_a_number_for_none() -> None:
    assert "127.0.0.1" in pinned.resolve("localhost", 443, 5)
    with pytest.raises(OSError):
        pinned.resolve("no.invalid", 443, 5)


def test_a_resolver_that_hangs_is_left_behind(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, began = threading.Event(), time.monotonic()

    def hangs(*_: object, **__: object) -> list[object]:
        waiting.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    found = web.read(URL, Rules(hosts=(HOST,), seconds=0.2), Net(connect=stage.connect))
    assert time.monotonic() - began < 3
    waiting.set()
    assert "took too long" in why(found, lasting=False)
    assert stage.touched == []


# --- size, time, kind


def test_what_is_too_large_is_given_up_while_it_comes(stage: Stage) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    plays = {
        "/": answer(body=b"x", content_length="100000000"),
        "/endless": dripping(head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 0, 20),
        "/untold": dripping(head + b"\r\n", b"x" * 65_536, 0, 20),
        "/longest": answer(body=b"x", content_length="9" * 30),
    }
    stage.set({}, plays)
    for path in ("", "endless", "untold"):
        assert "larger than 200,000 bytes" in why(read(stage, URL + path, most_bytes=200_000), lasting=True)
    assert isinstance(read(stage, f"{URL}longest"), Unread)


def test_a_server_that_drips_is_left_when_the_time_is_over(stage: Stage) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"
    plays = {
        "/head": dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.05, 5),
        "/line": dripping(b"HTTP/1.1 200 ", b"O", 0.05, 5),
        "/body": dripping(body, b"x", 0.05, 5),
        "/again": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05, 5),
    }
    stage.set({}, plays)
    for path in plays:
        began = time.monotonic()
        assert "took too long" in why(read(stage, URL + path[1:], seconds=0.4), lasting=False)
        assert time.monotonic() - began < 2


def test_a_listener_that_says_nothing_is_left_too(stage: Stage) -> None:
    with contextlib.ExitStack() as open_:

        def deaf(*_: object) -> socket.socket:
            ours, theirs = socket.socketpair()
            open_.enter_context(theirs)
            return ours

        began = time.monotonic()
        slow = Net(resolve=stage.resolve, connect=deaf, context=stage.net.context)
        found = web.read(URL, Rules(hosts=(HOST,), seconds=0.4), slow)
        assert "took too long" in why(found, lasting=False)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("kind", "good"),
    [("text/plain", True), ("TEXT/Plain; charset=UTF-8", True), ("application/json", True), ("text/yaml", True),
     ("application/problem+json", True), ("application/atom+xml", True), ("application/x-yaml", True),
     ("application/octet-stream", False), ("image/svg", False), ("application/zip", False), ("", False),
     ("textx/plain", False), ("video/mp4", False), ("application/pdf", False)],
)  # fmt: skip
def test_only_text_is_read(stage: Stage, kind: str, good: bool) -> None:
    stage.set({}, {"/": answer(content_type=kind)})
    assert isinstance(read(stage), Read) is good


def test_packed_answers_are_not_unpacked(stage: Stage) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    for packed in ("gzip", "br", "x-gzip, gzip", "GZIP"):
        stage.set({}, {"/": answer(body=bomb, content_encoding=packed)})
        assert "packed" in why(read(stage), lasting=True)


@pytest.mark.parametrize(
    ("charset", "body", "expected"),
    [("", "é".encode(), "é"), ("utf8", "\ufeffé".encode(), "é"), ('"ISO-8859-1"', b"\xe9", "é"),
     ("windows-1252", b"\x80", "€"), ("utf-8", b"\xe9", None), ("", b"a\0b", None), ("latin1", b"a\0b", None),
     ("utf-16", "a".encode("utf-16"), None), ("zip", b"x", None), ("base64", b"eA==", None), ("idna", b"x", None),
     ("no-such", b"x", None), ("x" * 4000, b"x", None)],
)  # fmt: skip
def test_encodings(stage: Stage, charset: str, body: bytes, expected: str | None) -> None:
    stage.set({}, {"/": answer(body=body, content_type=f"text/plain; charset={charset}" if charset else "text/plain")})
    found = read(stage)
    assert (found.text if isinstance(found, Read) else None) == expected


GARBAGE = (
    b"", b"\r\n\r\n", b"hello\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 999999 X\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nshort",
    b"HTTP/1.1 302 X\r\n\r\n", b"HTTP/1.1 302 X\r\nLocation: https://d\xc3\xb6cs.example.com/\r\n\r\n",
    b"HTTP/1.1 302 X\r\nLocation: https://[::1\r\n\r\n", b"HTTP/1.1 302 X\r\nLocation: http://\r\n\r\n",
    b"HTTP/1.1 302 X\r\nLocation: javascript:alert(1)\r\n\r\n", b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000, b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 100_000,
    b"\x16\x03\x01" * 100, b"HTTP/1.1 200 OK\nContent-Type:text/plain\x00\n\n",
)  # fmt: skip


@pytest.mark.parametrize("n", range(len(GARBAGE)))
def test_garbage_is_unread_and_raises_nothing(stage: Stage, n: int) -> None:
    stage.set({}, {"/": lambda connection: connection.sendall(GARBAGE[n])})
    assert isinstance(read(stage), Unread)
    assert stage.touched == []


def test_the_whole_text_is_redacted_before_it_is_cut(stage: Stage) -> None:
    stage.set({}, {"/": answer(body=b"12345 secret-token-0123456789 end")})
    found = read(stage, redact=lambda t: t.replace("secret-token-0123456789", "[redacted]"), most_chars=12)
    assert found == Read(text="12345 [redac", where=HOST, cut=True)


# --- addresses


@given(st.text(alphabet=st.sampled_from("htps:/@.\\[]%1a0#?x-\t é"), max_size=30).map(lambda t: "https://" + t))
def test_whatever_is_written_is_judged_and_only_what_is_listed_passes(url: str) -> None:
    found = address.judged(url, ("a.x", "[::1]:1"))
    if isinstance(found, Wanted):
        assert (found.target.host, found.target.port) in {("a.x", 443), ("::1", 1)}
        assert found.path.startswith("/")


@given(st.text(max_size=60))
def test_a_redirect_never_leads_off_the_list(location: str) -> None:
    here = Wanted(target=targets.target("a.x:443"), path="/", url="https://a.x/")
    found = address.next_hop(here, location, ("a.x",))
    assert isinstance(found, Unread) or str(found.target) == "a.x:443"


def test_an_open_address_that_is_listed_passes() -> None:
    found = address.judged("HTTPS://[2606:4700::1111]/x?y", ("2606:4700::1111",))
    assert isinstance(found, Wanted)
    assert (str(found.target), found.path) == ("[2606:4700::1111]:443", "/x?y")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://u:p@a.x/", "a user, a password"), ("https://a%2ex/", "a user, a password"),
        ("https://a.x@[::1]:1/", "a user, a password"), ("http://a.x/", "only https"), ("//a.x/", "only https"),
        ("https:/a.x/", "only https"), ("file:///etc/passwd", "only https"), ("httpss://a.x/", "only https"),
        ("https://a.x/ b", "plain ASCII"), ("https://a.x\\b", "plain ASCII"), ("https://a.x/\n", "plain ASCII"),
        ("https://a.x/\0", "plain ASCII"), ("\thttps://a.x/", "plain ASCII"), ("https://ａ.x/", "plain ASCII"),
        ("https://a.x/é", "plain ASCII"), ("https://a.x/" + "b" * 2037, "plain ASCII"), ("", "plain ASCII"),
        ("https://a.x:/", "no host:port"), ("https://a.x:0/", "no host:port"), ("https://a.x:99999/", "no host:port"),
        ("https:///", "no host name"), ("https://a..x/", "no host name"), ("https://-a.x/", "no host name"),
        ("https://a.x,b.x/", "no host name"), ("https://0x7f.1/", "a number"), ("https://2130706433/", "a number"),
        ("https://a.x:8443/", "not among"), ("https://b.a.x/", "not among"), ("https://[::2]:1/", "not among"),
    ],
)  # fmt: skip
def test_each_form_is_refused_for_its_own_reason(url: str, reason: str) -> None:
    found = address.judged(url, ("a.x", "[::1]:1"))
    assert reason in why(found if isinstance(found, Unread) else Read(text="", where=str(found)), lasting=True)
    here = Wanted(target=targets.target("a.x:443"), path="/", url="https://a.x/")
    if reason == "plain ASCII":
        assert "not plain" in why(address.next_hop(here, url, ("a.x",)), lasting=True)  # type: ignore[arg-type]


def test_the_longest_address_passes() -> None:
    assert isinstance(address.judged("https://a.x/" + "b" * 2036, ("a.x",)), Wanted)


def test_reasons_do_not_repeat_the_query() -> None:
    found = address.judged("https://a.test/?token=hidden", ())
    assert isinstance(found, Unread)
    assert "hidden" not in found.why


# --- HTML


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("a < b and c<4", "a < b and c<4"),
        ("a<b", "a"),
        ("<p title='a>b'>x</p>y", "x\ny"),
        ("<SCRIPT>alert('<p>')</SCRIPT >x", "x"),
        ("<style>p{}</style><div>a</div><div>b</div>", "a\nb"),
        ("<head><title>T &lt;x</title><style>y</style></head>z", "T <x\nz"),
        ("x<!-- y", "x"),
        ("x<script>y", "x"),
        ("<!doctype html><?php z ?>x</p>", "x"),
        ("&#xe9;&amp;lt;&nosuch;", "é&lt;&nosuch;"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("<svg><text>no</text></svg>yes<svg/>yes", "yesyes"),
        ("", ""),
    ],
)
def test_html_as_text(page: str, expected: str) -> None:
    assert html.seen(page) == expected


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<a b='", "</", "<script>", "&#9", "<", "<p>a", '<a b="">', "<head>"])
def test_html_takes_time_linear_in_its_length(piece: str) -> None:
    """A million characters; the standard library's parser would take minutes for the first."""
    began = time.process_time()
    html.seen(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 5


@given(st.text(alphabet=st.sampled_from("<>/!-ascript \"'&#;9x\n"), max_size=200))
def test_html_never_raises_and_lets_no_script_through(page: str) -> None:
    assert "<script>" not in html.seen(page)


# --- files


def test_a_file_source_and_a_web_source_come_through_one_door(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfmetric: m\n")
    rules = Rules(roots=(tmp_path,), start=tmp_path)
    assert sources.read(Source(path="a.yaml"), rules) == Read(text="metric: m\n", where="a.yaml")
    assert sources.read(Source(path=f"{tmp_path}/a.yaml"), Rules(roots=(tmp_path,), most_chars=6)) == Read(
        text="metric", where="a.yaml", cut=True
    )
    found = sources.read(Source(type=SourceType.WEB, url=URL), rules)
    assert why(found, lasting=True) == f"{HOST}:443 is not among the allowed domains"
    assert why(sources.read(Source(path="a.yaml"), Rules()), lasting=True).endswith("nothing it could start at")
    assert "outside" in why(sources.read(Source(path=f"{tmp_path}/a.yaml"), Rules()), lasting=True)


def test_home_and_variables_are_filled_in_and_told_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    rules = Rules(roots=(tmp_path,), env={"HOME": str(tmp_path), "DIR": str(tmp_path), "EMPTY": ""})
    for path in ("~/a.md", "$DIR/a.md", "${DIR}/a.md", f"$EMPTY{tmp_path}/a.md"):
        assert text(sources.read(Source(path=path), rules)) == "a"
    assert why(sources.read(Source(path="$DIR/b.md"), rules), lasting=False) == "$DIR/b.md: not there"
    assert why(sources.read(Source(path="$NONE/a.md"), rules), lasting=True) == "$NONE/a.md: NONE is not set"
    assert "HOME is not set" in why(sources.read(Source(path="~/a.md"), Rules(roots=(tmp_path,))), lasting=True)


def test_a_path_ends_in_the_folder_that_it_names_and_the_nearest_one_counts(tmp_path: Path) -> None:
    """A link in the checkout is the repository's word, and anybody whose change is merged may put one there."""
    code, evidence = tmp_path / "code", tmp_path / "code" / "runtime" / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "e.md").write_text("evidence")
    (tmp_path / "code" / "runtime" / "ledger.md").write_text("state")
    (tmp_path / "own.md").write_text("own")
    links = {"in.md": "docs.md", "e.md": "runtime/evidence/e.md", "l.md": "runtime/ledger.md", "out.md": "../own.md"}
    (code / "docs.md").write_text("docs")
    for name, target in links.items():
        (code / name).symlink_to(target)
    (evidence / "back.md").symlink_to(code / "docs.md")
    rules = Rules(roots=(tmp_path / "other", code, evidence), denied=(code / "runtime",), start=code, beside=tmp_path)
    read = {name: sources.read(Source(path=name), rules) for name in (*links, "runtime/evidence/e.md")}
    assert {name: found.text for name, found in read.items() if isinstance(found, Read)} == {
        "in.md": "docs",
        "runtime/evidence/e.md": "evidence",
    }
    for name in ("e.md", "l.md", "out.md"):
        assert "outside" in why(read[name], lasting=True)
    assert "outside" in why(sources.read(Source(path="runtime/evidence/back.md"), rules), lasting=True)


def test_beside_the_checkout_a_path_ends_below_the_folder_that_it_names(tmp_path: Path) -> None:
    code, shared, clients = (tmp_path / name for name in ("code", "shared", "clients"))
    for folder in (code, shared / "sub", clients):
        folder.mkdir(parents=True)
    (clients / "prices.md").write_text("12,345 EUR")
    (shared / "x.md").write_text("shared")
    (tmp_path / "note.md").write_text("note")
    (tmp_path / ".env").write_text("secret")
    (shared / "in.md").symlink_to("x.md")
    (shared / "sub" / "up.md").symlink_to("../x.md")
    (shared / "out.md").symlink_to("../clients/prices.md")
    (tmp_path / "link.md").symlink_to("clients/prices.md")
    (tmp_path / "linked").symlink_to("clients")
    rules = Rules(roots=(code,), beside=tmp_path, start=code)

    def read(path: str, rules: Rules = rules) -> str | None:
        found = sources.read(Source(path=path), rules)
        return found.text if isinstance(found, Read) else None

    good = ("../shared/x.md", "../shared/in.md", "../shared/sub/up.md", "../note.md", f"{clients}/../shared/x.md")
    assert [read(each) for each in good] == ["shared", "shared", "shared", "note", "shared"]
    bad = ("../shared/out.md", "../link.md", "../linked/prices.md", "../.env", "../../x.md", "..")
    assert [read(each) for each in bad] == [None] * 6
    assert read("../note.md", replace(rules, denied=(tmp_path,))) is None
    assert read("../note.md", replace(rules, denied=(tmp_path / "note.md",))) is None
    assert read("../note.md", replace(rules, denied=(tmp_path.parent,))) == "note", "it stands in a denied folder whole"


def test_a_root_may_be_a_link_and_be_named_by_either_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.md").write_text("x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "other").symlink_to("real")
    rules = Rules(roots=(tmp_path / "link",))
    for name in ("link", "real", "other"):
        assert text(sources.read(Source(path=f"{tmp_path}/{name}/x.md"), rules)) == "x"


def test_a_folder_that_becomes_a_link_in_between_gives_nothing_away(tmp_path: Path) -> None:
    """What was judged and what is opened are two moments; the open file is judged again."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "d", outside):
        folder.mkdir(parents=True)
        (folder / "f.md").write_text(folder.name)
    rules = Rules(roots=(inside,), start=inside)
    place = sources.confined("d/f.md", rules)
    assert place == inside / "d" / "f.md"
    (inside / "d").rename(inside / "e")
    (inside / "d").symlink_to(outside)
    found = sources.files._bytes(place, rules)
    assert isinstance(found, Unread)
    assert "outside" in found.why


def test_pipes_and_folders_are_no_files_at_either_look(tmp_path: Path) -> None:
    """A pipe may also take the file's place between the two."""
    rules = Rules(roots=(tmp_path,), start=tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in ("pipe", "."):
        found = sources.confined(path, rules)
        assert "no regular file" in why(found if isinstance(found, Unread) else Read(text="", where=path), lasting=True)
    second = sources.files._bytes(tmp_path / "pipe", rules)
    assert isinstance(second, Unread)


def test_a_file_that_says_it_is_empty_is_still_bounded() -> None:
    rules = Rules(roots=(Path("/proc"),), most_bytes=20)
    found = sources.read(Source(path=f"/proc/{os.getpid()}/status"), rules)
    assert "larger than 20 bytes" in why(found, lasting=True)


def test_a_root_that_is_denied_itself_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    rules = Rules(roots=(tmp_path,), denied=(tmp_path,), start=tmp_path)
    assert "outside" in why(sources.read(Source(path="a.md"), rules), lasting=True)


@given(st.text(max_size=40) | st.sampled_from(["\ud800", "a\0b", "~", "~root/x", "$", "${", "/" * 5000]))
def test_no_path_raises(path: str) -> None:
    rules = Rules(roots=(Path("/nonexistent"),), start=Path("/"))
    found = sources.read(Source(path=path), rules)
    assert isinstance(found, Unread)
    assert "\n" not in found.why
