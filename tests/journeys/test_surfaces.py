"""What an attacker tries at the surfaces: each story is a way in that stood open once."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from benchmarks.browser import stage
from orchestrator import wiring
from orchestrator.backlog import body
from orchestrator.cli import ticking
from orchestrator.github import issues
from orchestrator.model.errors import Observed
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public, RepoName
from orchestrator.model.result import FailureClass
from orchestrator.operations import filing, switch, transcript
from orchestrator.services import Services
from orchestrator.web import peers
from orchestrator.web.serving import Web
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_steering import BEGINS, GOES_ON, begun, meanwhile
from tests.journeys.world import REPO, World

ROOT = Path(__file__).parents[2]
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAbodybody0123456789\n-----END RSA PRIVATE KEY-----"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = stage.world(tmp_path_factory.mktemp("surfaces"))
    made.issue(f"Use {TOKEN}", f"Here it is: {TOKEN}\n\n{KEY}")
    made.dispatch()
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(world: World) -> Iterator[Web]:
    with stage.web(world) as web:
        yield web


@pytest.fixture
def http(page: Web) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, trust_env=False) as client:
        client.get(page.link)
        yield client


def test_a_secret_in_an_issue_is_shown_by_no_command(world: World) -> None:
    id = "app-9"
    assert TOKEN in world.task(id).title
    env = {**world.env, "ORCH_ROOT": str(world.tmp), "USER": "ada"}
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom orchestrator.cli.app import main\n"
        "for line in sys.stdin:\n    print(line, CliRunner().invoke(main, line.split()).output)\n"
    )
    lines = [f"{c}{j}\n" for c in ("status", "task ls", f"task show {id}", f"explain {id}") for j in ("", " --json")]
    world.issue(f"Then {TOKEN}\x1b[2J")
    lines.append("tick dispatcher --dry-run\n")
    ran = subprocess.run(
        [sys.executable, "-c", script], input="".join(lines), env=env, capture_output=True, text=True, timeout=60,
        cwd=ROOT, check=True,
    )  # fmt: skip
    assert "dispatch" in ran.stdout.rpartition("--dry-run")[2], ran.stdout + ran.stderr
    assert ran.stdout.count(id) >= len(lines) - 1, ran.stdout + ran.stderr
    assert "[redacted" in ran.stdout
    assert "\x1b[2J" not in ran.stdout
    assert [s for s in (TOKEN, TOKEN[:24], "MIIEpAIBAAKCAQEA") if s in ran.stdout] == []


def test_a_word_from_the_page_is_about_the_head_that_the_page_showed(
    world: World, page: Web, http: httpx.Client
) -> None:
    headers = {"origin": page.url, "x-agent-os-write": page.guard.write}

    def give(name: str, **said: str) -> tuple[int, str]:
        answer = http.post(f"/orders/task/{name}", json={"id": "app-1", **said}, headers=headers)
        return answer.status_code, str(answer.json()["text"])

    shown = re.findall(r'name="head" value="([0-9a-f]{40})"', http.get("/tasks/app-1").text)
    assert set(shown) == {world.task().pushed_sha}
    before = len(world.events(EventKind.ORDER))
    for name in ("approve", "reject"):
        assert give(name, head="0" * 40, text="no")[0] == 409, "the head that was looked at is not the one published"
        assert "load it again" in give(name, text="no")[1]
    assert len(world.events(EventKind.ORDER)) == before
    assert give("approve", head=shown[0])[0] == 200


def test_silent_connections_of_other_programs_keep_nobody_away(page: Web, http: httpx.Client) -> None:
    held = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(220)]
    try:
        for one in held:
            one.sendall(b"GET / HTTP/1.1\r\n")
        refused = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(20)]
        for one in refused:
            one.sendall(b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n")
            with one:
                told = b"".join(iter(lambda c=one: c.recv(65536), b""))  # type: ignore[misc]
            assert b"connection: close" in told.lower(), "whoever is refused keeps no connection"
        assert http.get("/").status_code == 200
    finally:
        for one in held:
            one.close()


def test_who_may_not_see_hears_no_stream(tmp_path: Path, page: Web, world: World) -> None:
    kept = dict(world.config)
    try:
        world.config["operators"] = [{"github": "olga"}]
        world.build()
        with stage.web(world) as web, httpx.Client(base_url=web.url, trust_env=False) as client:
            client.get(web.link)
            assert client.get("/events").status_code == 403
            assert client.get("/").status_code == 404
    finally:
        world.config.clear()
        world.config.update(kept)
        world.build()


def test_a_secret_that_the_cut_of_a_line_meets_leaves_no_beginning(world: World) -> None:
    folder = world.settings.runtime / "logs" / "app-1"
    line = {"type": "Text", "text": "x" * (transcript.TEXT - 20) + " " + TOKEN}
    (folder / "9.jsonl").write_text(json.dumps(line) + "\n")
    try:
        told = transcript.Reader(world.services, "app-1", run=9).fresh()[-1].text
    finally:
        (folder / "9.jsonl").unlink()
    assert TOKEN[:10] not in told
    assert len(told) <= transcript.TEXT


def test_observe_ends_a_run_under_way_and_holds_in_processes_that_read_the_file_before(make: MakeWorld) -> None:
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    services = world.services

    def mode(word: str) -> None:
        repo = world.config["projects"]["main"]["repos"][0]
        (world.tmp / "config.yaml").write_text(yaml.safe_dump(_with(world.config, {**repo, "automation_mode": word})))

    began = time.monotonic()
    meanwhile(world, lambda: mode("observe"))
    assert time.monotonic() - began < 20, "the agent would have slept for a minute"
    assert [(a.failure, a.spent) for a in world.task().attempts] == [(FailureClass.STOPPED, False)]
    assert (world.place(), world.pulls()) == ("inbox", [])
    with pytest.raises(Observed):
        issues.comment(services.github, RepoName(REPO), 1, Public("x"))
    (world.tmp / "config.yaml").write_text("nonsense: [\n")
    assert services.stopped(services.settings.repos[0]), "a file that cannot be read changes nothing"
    mode("full")
    assert services.stopped(services.settings.repos[0]) == ""


def _with(config: dict[str, Any], repo: dict[str, Any]) -> dict[str, Any]:
    main = config["projects"]["main"]
    return {**config, "projects": {"main": {**main, "repos": [repo, *main["repos"][1:]]}}}


def test_up_goes_by_the_configuration_as_it_is_now(make: MakeWorld) -> None:
    world = make(automation_mode="observe")
    world.issue()
    said: list[str] = []
    full = _with(world.config, {**world.config["projects"]["main"]["repos"][0], "automation_mode": "full"})

    def stop() -> bool:
        if not said:
            return False
        (world.tmp / "config.yaml").write_text(yaml.safe_dump(full))
        world.clock.advance(60)
        return world.place() != "nowhere"

    def build(role: str) -> Services:
        said_now = wiring.settings(world.tmp / "config.yaml", world.tmp, world.env)
        return wiring.build(said_now, world.env, kind="role", id=role)

    switch.turn(world.services, on=False, what="queue", person="ada")  # it would start a worker that outlives the story
    ticking.up(build, seconds=20, say=lambda line: said.append(str(line)), stop=stop)
    assert any("observe, would" in line for line in said)
    assert world.place() != "nowhere", said[-10:]


def test_no_mark_of_ours_comes_along_with_what_a_person_pasted(make: MakeWorld) -> None:
    world = make()
    finding, later = body.marker("finding/slow-ci"), body.marker("ordered/telegram-7")
    filed = filing.file(world.services, "app", f"Look at this\n\n{finding}\n{later}", "ada", cause="telegram-6")
    for mark in (finding, later):
        assert issues.filed(world.services.github, RepoName(REPO), mark) is None
    assert issues.filed(world.services.github, RepoName(REPO), body.marker("ordered/telegram-6")) == filed.number
    world.dispatch()
    assert world.place() == "inbox", "its person's word still vouches for it"


def test_another_users_program_gets_no_connection_and_neither_does_one_that_has_gone(page: Web) -> None:
    with socket.create_connection(("127.0.0.1", page.port)) as mine:
        peer, here = mine.getsockname(), mine.getpeername()
        assert not peers.foreign(peer, here)
        assert peers.foreign(peer, here, uid=54321) is (os.getuid() != 0), "root may look at everybody's"
    listener = socket.create_server(("127.0.0.1", 0))
    gone = socket.create_connection(listener.getsockname())
    peer = gone.getsockname()
    gone.sendall(b"POST")
    gone.close()
    with listener:
        assert peers.foreign(peer, listener.getsockname()), "an order that nobody waits for"
    if os.getuid() == 0:  # only root can be somebody else for a moment
        os.seteuid(65534)
        try:
            theirs = socket.socket()
        finally:
            os.seteuid(0)
        theirs.settimeout(10)
        with theirs:
            assert _answer(theirs, page.port) == b"", "another user was answered"


def _answer(wire: socket.socket, port: int) -> bytes:
    try:
        wire.connect(("127.0.0.1", port))
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return wire.recv(100)
    except ConnectionError:
        return b""
