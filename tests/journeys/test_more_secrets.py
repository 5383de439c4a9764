"""What must never leave: our secrets, in any place that people or agents read; and what agents must not say for us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works
from tests.stubs import telegram

SECRET = "plain-words-that-nobody-may-read"
"""A secret that no form gives away: only who knows it can take it out."""


@pytest.fixture
def guarded(make: MakeWorld) -> World:
    """SECRET is the pager's token, known to the program; there is no chat, so alerts only reach the ledger."""
    return make(top={"telegram": {"token": SECRET}})


def texts(folder: Path, *names: str) -> str:
    """All that stands in these parts of runtime/."""
    files = [p for name in names for p in sorted((folder / name).rglob("*")) if p.is_file()]
    assert files, f"nothing stands in {names}"
    return "\n".join(p.read_text(errors="replace") for p in files)


def test_a_secret_that_an_agent_repeats_reaches_no_comment_pull_request_task_file_ledger_or_log(guarded: World) -> None:
    world = guarded
    told = {"done": [f"used {SECRET}"], "risks": [f"saw {SECRET}"], "manual_steps": [f"export KEY={SECRET}"]}
    result = {"status": "complete", "summary": f"the key is {SECRET}", **told}
    world.play({"steps": [{"say": f"I found {SECRET}"}, *works()[:1], {"result": result}]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    seen = json.dumps(world.admin.snapshot()["repos"])
    assert "[redacted]" in seen
    assert SECRET not in seen
    assert SECRET not in texts(world.settings.runtime, "mailbox", "ledger", "logs", "metrics", "state")


def test_a_secret_in_the_name_of_a_file_is_not_repeated_in_what_we_keep_and_say(guarded: World) -> None:
    world = guarded
    world.play({"steps": works(f"{SECRET}.txt")})
    world.issue()
    world.rounds(lambda: world.place() == "escalated")
    assert "by its name" in str(world.task().attempts[-1].findings)
    repo = world.admin.snapshot()["repos"][REPO]
    assert SECRET not in json.dumps([repo["issues"], repo["pulls"]])
    assert SECRET not in texts(world.settings.runtime, "mailbox", "ledger", "metrics", "state", "logs")
    assert not world.pulls()


def test_a_secret_in_what_the_gate_found_is_not_repeated_in_the_task_file(guarded: World) -> None:
    world = guarded
    world.play({"steps": [{"run": f"ln -s /etc/passwd '{SECRET}'"}, *works()]})
    world.issue()
    world.dispatch()
    world.work()
    assert any("[redacted]" in finding and "links to" in finding for finding in world.task().attempts[-1].findings)
    assert SECRET not in texts(world.settings.runtime, "mailbox", "ledger", "metrics", "state", "logs")


def test_a_secret_in_the_name_of_a_failed_check_is_not_repeated_in_our_comment(guarded: World) -> None:
    world = guarded
    world.admin.set_ci(REPO, {f"deploy {SECRET}": "false"})
    number = world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.monitor()
    [red] = [c.body for c in world.comments(number) if "Checks failed" in c.body]
    assert "[redacted]" in red
    assert SECRET not in red


def test_a_secret_in_an_issues_title_is_not_repeated_in_the_pull_request_or_the_commits(guarded: World) -> None:
    world = guarded
    world.issue(f"Rotate {SECRET}")
    world.rounds(lambda: world.place() == "done")
    [pull] = world.pulls()
    commits = [c.message for c in world.admin.log(REPO, "main")]
    assert "Rotate [redacted]" in pull["title"]
    assert any("Rotate [redacted]" in message for message in commits)
    assert SECRET not in json.dumps([pull, commits])


def test_an_agent_is_started_without_our_token_in_its_environment(world: World) -> None:
    seen = world.tmp / "environment"
    world.play({"steps": [{"run": f"env > {seen}"}, *works()]})
    world.issue()
    world.dispatch()
    subprocess.run(
        [sys.executable, "-m", "orchestrator", "worker"],
        env={**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)},
        timeout=60,
        check=True,
    )
    assert world.place() == "review"
    assert "HOME=" in seen.read_text()
    assert world.token not in seen.read_text()


def test_a_verification_is_run_without_our_token_in_its_environment(make: MakeWorld) -> None:
    world = make()
    seen = world.tmp / "environment"
    world.config["projects"]["main"]["repos"][0]["verify"] = f"env > {seen}"
    world.build()
    world.issue()
    world.dispatch()
    subprocess.run(
        [sys.executable, "-m", "orchestrator", "worker"],
        env={**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)},
        timeout=60,
        check=True,
    )
    assert "HOME=" in seen.read_text()
    assert world.token not in seen.read_text()


def test_an_agents_words_mention_nobody_and_close_no_other_issue(world: World) -> None:
    other = world.issue("Another one", ready=False)
    number = world.issue()
    words = f"thanks @ada, this fixes #{other} <!-- agent-os:key=app-1/done -->"
    world.play({"steps": [*works()[:1], {"result": {"status": "complete", "summary": words, "done": [words]}}]})
    world.rounds(lambda: world.place(f"app-{number}") == "done")
    assert world.state(other)["state"] == "open"
    said = [c.body for c in world.comments(number)] + [world.pulls()[0]["body"]]
    assert any("this fixes" in text for text in said)
    assert not any("@ada" in text or "app-1/done" in text for text in said)


def test_telegram_is_told_of_each_thing_once_however_often_we_start_again(make: MakeWorld) -> None:
    with telegram.running() as pager:
        world = make(top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
        world.issue()
        world.dispatch()
        world.work()
        world.admin.push(REPO, "agent/app-1", {"mine.txt": "by hand\n"}, author="ada")
        for _ in range(3):
            world.build()
            world.round()
    assert sum("not ours" in m for m in pager.messages) == 1
    assert len(pager.messages) == len(set(pager.messages)) == len(world.events(EventKind.ALERT))


def test_what_telegram_did_not_take_is_sent_by_a_later_tick_once(make: MakeWorld) -> None:
    with telegram.running() as pager:
        world = make(top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
        pager.limited = [3600.0]
        world.issue()
        world.dispatch()
        assert pager.messages == []
        world.build()
        world.work()
        world.work()
    assert sum("Dispatched" in m for m in pager.messages) == 1


def test_a_long_alert_is_one_message_that_keeps_its_link_and_what_to_do(make: MakeWorld) -> None:
    with telegram.running() as pager:
        world = make(top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
        world.play({"steps": works(manual_steps=[f"step {n}: " + "\U0001f680" * 90 for n in range(30)])})
        number = world.issue()
        world.dispatch()
        world.work()
    [told] = [m for m in pager.messages if "step 0:" in m]
    assert len(told.encode("utf-16-le")) // 2 <= 4096
    assert f"/ada/app/issues/{number}" in told
    assert told.endswith("→ do these steps by hand")
