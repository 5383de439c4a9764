"""Wherever an agent or an issue puts our secrets, they reach no sink; and where the redactor fails, nothing is sent."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest

from benchmarks import leaks
from orchestrator import notify
from orchestrator.agents.log import RunLog
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public
from orchestrator.model.stream import Text
from orchestrator.pipeline import effect, publish, run
from orchestrator.redact import Redactor
from orchestrator.services import Services
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works
from tests.stubs import telegram

PAGER = "plain-words-nobody-may-read-1"
HELD = ("drawn-by-nobody/but+us=2", 'p4ss wörd with "quotes" & more', "0f" * 16 + "7c")


@pytest.fixture
def pager() -> Iterator[telegram.Telegram]:
    with telegram.running() as running:
        running.token = f"4711:{PAGER}"
        yield running


@pytest.fixture
def guarded(make: MakeWorld, pager: telegram.Telegram) -> World:
    """The pager's token and the values of an agent's secrets file are known to the program, by value only."""
    world = make(top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
    (world.tmp / "secrets.json").write_text(json.dumps({"some": HELD[0], "more": list(HELD[1:])}))
    world.config["agents"]["anna"]["secrets_file"] = str(world.tmp / "secrets.json")
    world.build()
    return world


def spelled() -> list[str]:
    """Each secret in another spelling, and one in all."""
    return [
        PAGER, PAGER.encode().hex(), base64.b64encode(f"user:{HELD[0]}@host".encode()).decode(),
        quote(HELD[1], safe=""), json.dumps(HELD[1])[1:-1], HELD[2].encode().hex().upper(),
        "\u200b".join(HELD[2]), HELD[0][::-1], HELD[0], HELD[1],
    ]  # fmt: skip


def everything(world: World) -> dict[str, str]:
    """All that left: the hub's whole world, every object of its repositories, runtime/."""
    objects = []
    for store in sorted((world.tmp / "hub").rglob("HEAD")):
        words = ["git", "--git-dir", str(store.parent), "cat-file", "--batch-all-objects", "--batch", "--unordered"]
        objects.append(subprocess.run(words, capture_output=True, check=False).stdout.decode("utf-8", "replace"))
    folders = ("mailbox", "ledger", "logs", "metrics", "state")
    parts = {name: leaks.texts(world.settings.runtime / name) for name in folders}
    assert any("blob" in text for text in objects)
    return {"hub": leaks.meaning(world.admin.snapshot()), "objects": "\n".join(objects), **parts}


def shows(text: str, secret: str) -> bool:
    """The secret, or half of it, in any of the spellings."""
    half = len(secret) // 2
    return any(part in text for part in (secret[:half], secret[half:]))


def test_what_an_agent_says_in_every_place_it_can_write_reaches_no_sink(
    guarded: World, pager: telegram.Telegram
) -> None:
    world, planted = guarded, spelled()
    told = dict.fromkeys(("done", "risks", "manual_steps", "decisions", "attempted_approaches"), planted)
    world.play(
        {
            "steps": [
                *({"say": f"I read {text}"} for text in planted),
                *works()[:1],
                {"result": {"status": "complete", "summary": " and ".join(planted), "next_step": planted[0], **told}},
            ]
        }
    )
    number = world.issue()
    world.rounds(lambda: world.place() == "done")
    sinks = everything(world) | {"telegram": "\n".join(pager.messages)}
    found = [(name, text) for name, seen in sinks.items() for text in planted if shows(seen, text)]
    assert found == []
    for name in ("hub", "mailbox", "ledger", "logs", "telegram"):
        assert "[redacted]" in sinks[name], f"nothing of it reached {name}: the story shows nothing there"
    assert sorted(n for n in world.admin.branches(REPO) if "agent" in n) in ([], [f"agent/app-{number}"])


def test_an_issues_title_is_redacted_whole_before_it_is_cut(guarded: World) -> None:
    """The secret stands across the limit of a title: cut first, half of it would go out and no rule would know it."""
    world = guarded
    world.issue(f"{'Rotate it now ' * 13} {PAGER} soon")
    world.rounds(lambda: world.place() == "done")
    seen = everything(world)
    assert PAGER[:12] in leaks.meaning(world.admin.snapshot()["repos"][REPO]["issues"]), "the person's own title stays"
    assert not shows(json.dumps(world.pulls()), PAGER)
    assert not shows(seen["objects"], PAGER)


def test_the_command_line_prints_none_of_it(guarded: World) -> None:
    world, planted = guarded, spelled()
    world.play({"steps": [*works()[:1], {"result": {"status": "complete", "summary": " and ".join(planted)}}]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)}
    for words in (["task", "show", "app-1"], ["task", "show", "app-1", "--json"], ["status"], ["task", "ls"]):
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", *words], env=env, capture_output=True, timeout=60, check=True
        )
        printed = (done.stdout + done.stderr).decode()
        assert not [text for text in planted if shows(printed, text)]


# --- the redactor fails


class Broken(Exception):
    pass


@dataclass(frozen=True, kw_only=True)
class Failing(Redactor):
    def __call__(self, text: str) -> Public:
        raise Broken


def _comment(services: Services, world: World) -> None:
    effect.comment(services, world.task(), "story", "words")


def _title(services: Services, world: World) -> None:
    publish.title(services, world.task())


def _body(services: Services, world: World) -> None:
    publish.body(services, world.task())


def _alert(services: Services, world: World) -> None:
    notify.tell(services, AlertKind.SYSTEM, world.task(), "story", "words")


def _ledger(services: Services, world: World) -> None:
    ledger = replace(services.ledger, redact=services.redact)
    replace(services, ledger=ledger).record(EventKind.CRASH, world.task(), error="words long enough to be a secret")


def _log(services: Services, world: World) -> None:
    with RunLog(world.settings.runtime / "logs" / "story.log", services.clock, services.redact) as log:
        log.event(Text(text="words"))


def _prompt(services: Services, world: World) -> None:
    task = world.task()
    with services.mailbox.claim(task.id) as claim:
        assert claim is not None
        run._run(services, claim, world.tmp, (), 0.0)


SINKS: dict[str, Callable[[Services, World], None]] = {
    "comment": _comment, "title": _title, "body": _body, "alert": _alert, "ledger": _ledger, "log": _log,
    "prompt": _prompt,
}  # fmt: skip


@pytest.mark.parametrize("sink", SINKS)
def test_where_the_redactor_fails_nothing_is_sent_and_nothing_written(
    sink: str, guarded: World, pager: telegram.Telegram
) -> None:
    world = guarded
    world.issue()
    world.dispatch()
    world.work()
    writes, told = world.hub.requests.counters["writes"], list(pager.messages)
    before = everything(world)
    failing = replace(world.services, redact=Failing())
    with pytest.raises(Broken):
        SINKS[sink](failing, world)
    after = everything(world)
    assert (writes, told) == (world.hub.requests.counters["writes"], pager.messages)
    assert {n: t.split() for n, t in after.items() if n != "state"} == {
        n: t.split() for n, t in before.items() if n != "state"
    }
