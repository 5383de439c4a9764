"""The web page over real HTTP: what a person sees, the orders they give, what is refused, and what they hear live."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from benchmarks.browser import hostile, stage
from orchestrator.mailbox import text as files
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.operations import OrderRefused, plans, settings_edit, stream
from orchestrator.web.pages import PAGES
from orchestrator.web.serving import Web, file
from tests.journeys.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: the stories give orders to different tasks."""
    made = stage.world(tmp_path_factory.mktemp("web"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(world: World) -> Iterator[Web]:
    with stage.web(world) as web:
        yield web


@pytest.fixture
def http(page: Web) -> Iterator[httpx.Client]:
    """A browser that opened the link."""
    with httpx.Client(base_url=page.url, trust_env=False) as client:
        opened = client.get(page.link)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        told = opened.headers["set-cookie"].lower()
        assert "httponly" in told
        assert "samesite=strict" in told
        yield client


def give(http: httpx.Client, page: Web, name: str, **fields: str) -> tuple[int, str]:
    headers = {"origin": page.url, "x-agent-os-write": page.guard.write}
    answer = http.post(f"/orders/{name}", json=fields, headers=headers)
    return answer.status_code, str(answer.json()["text"])


class Seen(HTMLParser):
    """What the house rules of a page are about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.inline: list[str] = []
        self.foreign: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "style" or (tag == "script" and "src" not in said):
            self.inline.append(tag)
        self.inline += [name for name in said if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action"):
            away = (said.get(name) or "").startswith(("http:", "https:", "//"))
            if away and tag != "a":
                self.foreign.append(f"{tag} {said[name]}")
        if tag == "label":
            self.labels.add(said.get("for") or "")
        if tag in ("textarea", "select") or (tag == "input" and said.get("type") != "hidden"):
            self.fields.append(said.get("id") or "" if "aria-label" not in said else "labelled")
        if said.get("id"):
            self.ids.append(said["id"] or "")


def test_every_page_holds_nothing_inline_nothing_foreign_and_can_be_read_aloud(
    http: httpx.Client, world: World
) -> None:
    plan = world.services.plans.of("app")[0].id
    values = {"id": "app-1", "key": "app", "repo": "app", "file": settings_edit.CONFIG}
    paths = [re.sub(r"\{(\w+)(:path)?\}", lambda m: values[m[1]], p.path) for p in PAGES if p.name != "plan"]
    for path in [*paths, f"/plans/{plan}", "/tasks/app-2", "/tasks/app-7", "/nowhere", "/tasks/none"]:
        answer = http.get(path)
        assert answer.status_code == (404 if path in ("/nowhere", "/tasks/none") else 200), (path, answer.text[:300])
        assert answer.headers["content-security-policy"].startswith("default-src 'self'"), path
        seen = Seen(answer.text)
        assert (seen.inline, seen.foreign) == ([], []), path
        assert seen.headings.count(1) == 1, path
        steps = list(zip(seen.headings, seen.headings[1:]))
        assert all(later <= before + 1 for before, later in steps), (path, seen.headings)
        assert set(seen.fields) <= seen.labels | {"labelled"}, path
        assert len(seen.ids) == len(set(seen.ids)), path


def test_hostile_requests_are_refused_and_only_by_the_guard(page: Web, world: World, http: httpx.Client) -> None:
    fields = {"id": "app-2", "text": "hello"}
    bad = hostile.hostile(page.guard, fields)
    before = len(world.events(EventKind.ORDER))
    assert len(bad) >= 30
    passed = [s.what for s in bad if 0 < hostile.status(page.guard, s) < 400]
    assert passed == []
    assert len(world.events(EventKind.ORDER)) == before
    refused = [(s.what, n) for s in hostile.honest(page.guard, fields) if (n := hostile.status(page.guard, s)) != 200]
    assert refused == []
    with stage.web(world, guarded=False) as open_:
        for sent in hostile.hostile(open_.guard, fields):
            if "stream" not in sent.what:
                assert hostile.status(open_.guard, sent) == 200, f"with the guard off: {sent.what}"


def test_the_link_is_for_its_owner_alone_and_ends_with_the_run(world: World) -> None:
    told = file(world.settings.runtime)
    with stage.web(world) as web:
        assert told.stat().st_mode & 0o077 == 0
        assert web.guard.link in told.read_text()
        first = web.guard
        with httpx.Client(base_url=web.url, trust_env=False) as client:
            assert client.get("/open", params={"token": "wrong"}).status_code == 401
    assert not told.exists()
    with stage.web(world) as again:
        assert again.guard.link != first.link
        with httpx.Client(base_url=again.url, headers={"accept": "text/html"}, trust_env=False) as client:
            page = client.get("/", headers={"cookie": f"{again.guard.cookie}={first.link}"})
        assert (page.status_code, page.headers["content-type"][:9]) == (401, "text/html")
        assert "Open the new link" in page.text
        assert "Speed up" not in page.text


def test_home_shows_who_needs_to_act_and_a_part_is_the_same_alone(http: httpx.Client) -> None:
    whole = http.get("/").text
    for words in ("Charge customers through Stripe", "Subtract numbers as well as add them", "Speed up the nightly"):
        assert words in whole
    part = http.get("/", params={"part": "board"}).text
    assert part.strip().startswith("<div")
    passed = re.compile(r'data-elapsed="\d+">[^<]*')
    assert passed.sub("", part.strip()) in passed.sub("", whole)
    assert http.get("/", params={"part": "nothing"}).status_code == 404


def test_the_history_is_read_page_by_page_from_the_newest(http: httpx.Client, world: World) -> None:
    assert "Nothing is over yet" in http.get("/history").text
    folder = world.services.mailbox.root / Folder.DONE.value
    folder.mkdir(parents=True, exist_ok=True)
    like = replace(world.task("app-1"), place=Folder.DONE)
    for n in range(1001, 1121):
        file = folder / f"app-{n}.md"
        file.write_text(files.dump(replace(like, id=TaskId(f"app-{n}"), issue=n, title=f"<i>Done {n}")))
        os.utime(file, ns=(n // 2, n // 2))  # two at a time share their time
    try:
        seen: list[str] = []
        address = "/history"
        while address:
            shown = http.get(address).text
            assert "<i>" not in shown
            seen += re.findall(r'href="/tasks/app-(\d+)"', shown)
            older = re.search(r'href="(/history\?[^"]*)" rel="next"', shown)
            address = older[1].replace("&amp;", "&") if older else ""
        assert seen == [str(n) for n in range(1120, 1000, -1)]
        assert "120" in shown
        assert http.get("/history", params={"before": "x"}).status_code == 404
    finally:
        for n in range(1001, 1121):
            (folder / f"app-{n}.md").unlink()


def test_a_task_shows_what_was_said_changed_and_judged(http: httpx.Client) -> None:
    text = http.get("/tasks/app-1").text
    for words in (
        "The function has no counterpart",
        "subtract.py",
        "def subtract(a, b):",
        "$0.21",
        "Approve",
        "Reject",
    ):
        assert words in text, words
    stopped = http.get("/tasks/app-2").text
    assert "STRIPE_KEY is not set on this machine" in stopped
    assert "Retry" in stopped


def test_orders_are_carried_out_in_the_persons_name_and_a_refusal_says_why(
    http: httpx.Client, page: Web, world: World
) -> None:
    def ordered() -> list[tuple[str, object]]:
        return [(r.actor.id, r.data["order"]) for r in world.events(EventKind.ORDER)]

    waiting = [e.id for e in world.services.mailbox.list(Folder.INBOX)]
    one, two = waiting[:2]
    assert give(http, page, "task/hold", id=one)[0] == 200
    assert world.place(one) == "hold"
    assert give(http, page, "task/retry", id=one)[0] == 200
    assert world.place(one) == "inbox"
    assert give(http, page, "task/send", id=two, text="Mind the time zones.")[0] == 200
    assert give(http, page, "task/stop", id=two, text="not now")[0] == 200
    status, why = give(http, page, "task/hold", id="app-99")
    assert (status, "no task 'app-99'" in why) == (409, True)
    assert give(http, page, "task/reject", id="app-1", text=" ")[0] == 409
    assert give(http, page, "task/approve", id="app-1", head=str(world.task().pushed_sha), text="")[0] == 200
    assert ordered()[-5:] == [("ada", n) for n in ("hold", "retry", "send", "stop", "approve")]
    assert give(http, page, "nothing")[0] == 404
    assert give(http, page, "task/hold", id=one, why="x")[0] == 400


def test_a_line_is_struck_from_a_plan_before_it_is_approved(http: httpx.Client, page: Web, world: World) -> None:
    plan = world.services.plans.pending("app")
    assert plan is not None
    first, *rest = [i.issue for i in plan.items]
    assert give(http, page, "plan/strike", id=plan.id, issue="999")[0] == 409
    assert give(http, page, "plan/strike", id=plan.id, issue=str(first))[0] == 200
    assert "struck by ada" in http.get(f"/plans/{plan.id}").text
    for number in rest[1:]:
        plans.strike(world.services, plan.id, number, "ada")
    with pytest.raises(OrderRefused, match="the only line"):
        plans.strike(world.services, plan.id, rest[0], "ada")
    assert give(http, page, "plan/approve", id=plan.id)[0] == 200
    assert [world.column(n) for n in (first, rest[0])] == ["Backlog", "Ready"]
    assert give(http, page, "plan/reject", id=plan.id, text="late")[0] == 409


def test_what_strangers_wrote_is_text_and_no_secret_is_shown(http: httpx.Client, world: World) -> None:
    number = world.issue("<img src=x onerror=alert(1)>", f"</pre><script>alert(2)</script> {world.token}")
    world.dispatch()
    for path in ("/", f"/tasks/app-{number}"):
        text = http.get(path).text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text, path
        assert "<img" not in text, path
        assert "alert(2)</script>" not in text, path
        assert world.token not in text, path


def heard(client: httpx.Client, *, after: str, until: int) -> list[tuple[str, str]]:
    """(position, event) of the stream, until so many came."""
    found: list[tuple[str, str]] = []
    position = ""
    with client.stream("GET", "/events", headers={"last-event-id": after}, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id: "):
                position = line[4:]
            if line.startswith("event: "):
                found.append((position, line[7:]))
                if len(found) == until:
                    break
    return found


def test_whoever_was_away_is_told_what_they_missed_and_nothing_twice(http: httpx.Client, world: World) -> None:
    start = stream.position(world.services)
    for n in range(3):
        world.services.record(EventKind.EFFECT, what=n)
    first = heard(http, after=start, until=2)
    rest = heard(http, after=first[-1][0], until=1)
    assert [kind for _, kind in (*first, *rest)] == ["ledger"] * 3
    assert len({position for position, _ in (*first, *rest)}) == 3
    assert rest[-1][0] == stream.position(world.services)
    assert heard(http, after="nonsense", until=1)[0][1] == "again"


def test_a_transcript_that_grows_is_told_to_whoever_looks_at_that_task(http: httpx.Client, world: World) -> None:
    log = world.settings.runtime / "logs" / "app-2" / "1.jsonl"
    told: list[str] = []
    with http.stream("GET", "/events", params={"task": "app-2"}, timeout=10) as answer:
        for line in answer.iter_lines():
            if line.startswith("retry"):
                with log.open("a") as file:
                    file.write('{"type": "Text", "text": "It goes on."}\n')
            if line.startswith("event: "):
                told.append(line[7:])
                break
    assert told == ["log"]
    assert "It goes on." in http.get("/tasks/app-2", params={"part": "transcript"}).text


def test_the_page_goes_on_with_the_last_good_configuration_and_says_what_is_wrong(
    http: httpx.Client, world: World
) -> None:
    config: Path = world.tmp / "config.yaml"
    good = config.read_text()
    config.write_text(good + "nonsense: 1\n")
    assert "The configuration cannot be used as it stands" in http.get("/").text
    config.write_text(good)
    assert "cannot be used as it stands" not in http.get("/").text
