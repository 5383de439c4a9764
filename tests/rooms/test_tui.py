"""The terminal screen, driven as by a person: Textual's pilot, and once in a real terminal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.pilot import Pilot
from textual.widgets import Static

from orchestrator import wiring
from orchestrator.cli import app as cli
from orchestrator.model.errors import Told
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.plan import Plan, PlanState
from orchestrator.model.task import Attempt, Folder, Phase, Task
from orchestrator.policy.visible import visible
from orchestrator.services import Services
from orchestrator.tui.app import Top
from orchestrator.tui.dialogs import Ask
from orchestrator.tui.pieces import Cell, Transcript
from orchestrator.tui.screens import Main, One

CONFIG = """
projects: {main: {owner: ada, repos: [{repo: ada/app, verify: none}]}}
github: {url: "http://127.0.0.1:9"}
"""
HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold]not bold[/bold] \u202egnp ghp_" + "x" * 36
AT = "2026-11-26T10:00:00Z"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    (tmp_path / "config.yaml").write_text(CONFIG)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ORCH_ROOT": str(tmp_path)}
    settings = wiring.settings(tmp_path / "config.yaml", tmp_path, env)
    return wiring.build(settings, env, kind="operator", id="ada")


def put(services: Services, n: int, folder: Folder = Folder.PROCESSING, title: str = "Add it") -> str:
    run = Attempt(n=1, agent="anna", started=AT)
    phase = {Folder.PROCESSING: Phase.RUNNING, Folder.DONE: Phase.MERGED}.get(folder, Phase.QUEUED)
    task = Task(
        id=TaskId(f"app-{n}"), repo=RepoName("ada/app"), issue=n, title=title, created=AT, attempts=(run,), phase=phase,
        place=folder,
    )  # fmt: skip
    assert services.mailbox.put(task, folder)
    return str(task.id)


def tell(services: Services, id: str, *texts: str) -> None:
    file = services.settings.runtime / "logs" / id / "1.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.writelines(json.dumps({"type": "Text", "text": text, "at": AT}) + "\n" for text in texts)


def drive(
    services: Services, story: Callable[[Top, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (120, 40)
) -> None:
    async def run() -> None:
        app = Top(services, person="ada")
        async with app.run_test(size=size) as pilot:
            await seen(pilot)
            await story(app, pilot)

    asyncio.run(run())


async def seen(pilot: Pilot[None]) -> None:
    """What stands now is on the screen."""
    app = pilot.app
    assert isinstance(app, Top)
    for _ in range(3):
        await pilot.pause()
        await app.look()
    await app.workers.wait_for_complete()
    await pilot.pause()


def main(app: Top) -> Main:
    assert isinstance(app.screen, Main)
    return app.screen


def cells(app: Top) -> list[str]:
    return [c.task_id for c in main(app).query(Cell) if c.display]


def text(lines: Transcript) -> str:
    return "\n".join(strip.text for strip in lines.lines)


def test_four_running_tasks_are_seen_pages_turn_and_keys_move(services: Services) -> None:
    for n in range(1, 7):
        tell(services, put(services, n), f"words of {n}")

    async def story(app: Top, pilot: Pilot[None]) -> None:
        assert cells(app) == ["app-1", "app-2", "app-3", "app-4"]
        first = main(app).query(Cell).first()
        assert "words of 1" in text(first.lines)
        assert "run 1: anna, attempt" in text(first.lines)
        walk = {"l": "app-2", "j": "app-4", "left": "app-3", "k": "app-1", "down": "app-3", "up": "app-1", "h": "app-1"}
        for key, there in walk.items():
            await pilot.press(key)
            assert main(app).chosen() == there, key
        await pilot.press("n")
        await seen(pilot)
        assert cells(app) == ["app-5", "app-6"]
        assert "words of 5" in text(first.lines)
        assert "words of 1" not in text(first.lines)
        await pilot.press("p")
        assert cells(app)[0] == "app-1"

    drive(services, story)


def test_what_an_agent_says_meanwhile_appears_and_nothing_in_it_moves_the_cursor(services: Services) -> None:
    id = put(services, 1, title=f"Title {HOSTILE}")
    tell(services, id, "begun")

    async def story(app: Top, pilot: Pilot[None]) -> None:
        cell = main(app).query(Cell).first()
        assert "begun" in text(cell.lines)
        tell(services, id, HOSTILE)
        await seen(pilot)
        shown = text(cell.lines) + str(cell.query(Static).first().content)
        assert shown.count("␛[2J") == 2
        assert shown.count("[bold]not bold[/bold]") == 2
        assert "\\u202egnp" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
        assert "xxxx" not in shown

    drive(services, story, size=(160, 40))


def test_tab_goes_round_the_views_and_enter_opens_one_task(services: Services) -> None:
    tell(services, put(services, 1), "at work")
    put(services, 2, Folder.BLOCKED)
    tell(services, put(services, 3, Folder.DONE), "it is done")

    async def story(app: Top, pilot: Pilot[None]) -> None:
        views = []
        for _ in range(3):
            views.append(main(app).view)
            await pilot.press("tab")
        assert views == ["running", "board", "history"]
        await pilot.press("tab")
        await seen(pilot)
        assert main(app).chosen() == "app-2", "what needs a person stands first"
        await pilot.press("tab")
        await seen(pilot)
        assert main(app).chosen() == "app-3"
        await pilot.press("enter")
        await seen(pilot)
        assert isinstance(app.screen, One)
        assert "it is done" in text(app.screen.query_one(Transcript))
        await pilot.press("escape")
        assert main(app).view == "history"

    drive(services, story)


def test_orders_are_given_by_name_and_what_ends_work_is_asked_first(services: Services) -> None:
    put(services, 1)
    put(services, 2, Folder.BLOCKED)

    def orders() -> list[tuple[str, object, object]]:
        found = [r for r in services.ledger.read() if r.kind == EventKind.ORDER.value]
        return [(r.actor.id, r.data["order"], r.task) for r in found]

    async def story(app: Top, pilot: Pilot[None]) -> None:
        for refused in ("n", "escape"):
            await pilot.press("X")
            assert isinstance(app.screen, Ask)
            await pilot.press(refused)
        await seen(pilot)
        assert orders() == []
        await pilot.press("S", *"use blue", "enter")
        await seen(pilot)
        assert orders() == [("ada", "send", "app-1")]
        await pilot.press("X", "y")
        await seen(pilot)
        assert orders()[1:] == [("ada", "stop", "app-1")]
        await pilot.press("tab", "R")
        await seen(pilot)

    drive(services, story)
    assert [o[1] for o in orders()] == ["send", "stop", "retry"]


def test_what_is_refused_is_said_and_changes_nothing(services: Services) -> None:
    put(services, 1)

    async def story(app: Top, pilot: Pilot[None]) -> None:
        await pilot.press("A", "y")
        await seen(pilot)
        told = [n.message for n in app._notifications]
        assert told == ["task app-1 is in processing/: only an open pull request is approved or refused"]
        await pilot.press("question_mark")
        assert "reject (asks first)" in "".join(str(s.content) for s in app.screen.query(Static))
        await pilot.press("escape", "tab", "tab", "X")
        assert len(app._notifications) == 2, "no task is chosen in an empty history"

    drive(services, story)
    assert services.mailbox.where(TaskId("app-1")) is Folder.PROCESSING


def test_a_plan_that_waits_is_approved_or_rejected_here_and_takes_no_other_order(services: Services) -> None:
    plan = Plan(
        id="app-2026-11-26-1", repo="app", at=AT, state=PlanState.PENDING, items=(), candidates=(), by="anna",
        expires="2999-01-01T00:00:00Z",
    )  # fmt: skip
    services.plans.put(plan)

    async def story(app: Top, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "enter")
        await seen(pilot)
        assert main(app).chosen() == f"plan:{plan.id}"
        await pilot.press("X", "y")
        await seen(pilot)
        assert [n.message for n in app._notifications] == ["stop: a plan is approved (A) or rejected (J)"]
        await pilot.press("J", *"no", "enter")
        await seen(pilot)

    drive(services, story)
    kept = services.plans.get(plan.id)
    assert kept is not None
    assert (kept.state, kept.decided_by) == (PlanState.REJECTED, "ada")


def test_a_small_window_shows_fewer_cells(services: Services) -> None:
    for n in range(1, 5):
        put(services, n)

    async def story(app: Top, pilot: Pilot[None]) -> None:
        assert cells(app) == ["app-1"]
        assert "page 1 of 4" in str(main(app).query_one("#head", Static).content)

    drive(services, story, size=(50, 12))


def test_in_a_real_terminal_it_draws_takes_keys_and_leaves_without_colour_when_none_is_wanted(
    services: Services, tmp_path: Path
) -> None:
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("tmux is not installed")
    tell(services, put(services, 1), HOSTILE)
    home = tmp_path
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "ORCH_ROOT": str(home), "TERM": "screen-256color",
           "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TMUX_TMPDIR": str(home), "USER": "ada"}  # fmt: skip

    def say(*words: str) -> str:
        done = subprocess.run([tmux, "-f", "/dev/null", *words], env=env, capture_output=True, text=True, check=False)
        return done.stdout

    def until(wanted: str) -> str:
        end = time.monotonic() + 20
        while wanted not in (shown := say("capture-pane", "-p", "-e", "-t", "top")):
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    top = f"{sys.executable} -m orchestrator top; echo left with $?; exec sleep 30"
    say("new-session", "-d", "-s", "top", "-x", "110", "-y", "30", top)
    try:
        shown = until("␛[2J␛]0;owned␇[bold]not bold[/bold]")
        assert "38;" not in shown, "a colour"
        assert "\x1b[3" not in shown.replace("\x1b[39m", "").replace("\x1b[3m", "")
        say("send-keys", "-t", "top", "Tab")
        until("[board]")
        say("send-keys", "-t", "top", "q")
        until("left with 0")
    finally:
        say("kill-server")


def test_without_a_terminal_or_without_its_library_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    told = CliRunner().invoke(cli.main, ["top"]).exception
    assert "`agent-os status --json` tells the same to a program" in str(told)
    monkeypatch.setitem(sys.modules, "textual", None)
    told = CliRunner().invoke(cli.main, ["top"]).exception
    assert isinstance(told, Told)
    assert "`bin/setup --tui` installs it" in str(told)
    assert CliRunner().invoke(cli.main, ["top", "--grid", "9x9"]).exit_code == 2


def test_log_and_status_answer_programs_and_tables_move_no_cursor(services: Services, tmp_path: Path) -> None:
    id = put(services, 1, title=HOSTILE)
    put(services, 2, Folder.BLOCKED)
    tell(services, id, HOSTILE)
    env = {"ORCH_ROOT": str(tmp_path), "AGENT_OS_CONFIG": str(tmp_path / "config.yaml"), "HOME": str(tmp_path)}

    def says(*words: str) -> str:
        return CliRunner().invoke(cli.main, [*words], env=env, catch_exceptions=False).output

    kinds = [json.loads(line)["kind"] for line in says("task", "log", id, "--json").splitlines()]
    assert kinds == ["banner", "text"]
    home = json.loads(says("status", "--json"))["home"]["columns"]
    assert [c["task"] for c in home["you"]] == ["app-2"]
    shown = says("status")
    rows = [line.split()[0] for line in shown.splitlines() if "app-" in line]
    assert rows[0] == "you"
    for words in (shown, says("task", "ls"), says("task", "log", id), says("task", "show", id)):
        assert not {"\x1b", "\x07", "\u202e"} & set(words)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\r\nc\rd", "a b\nc␍d"),
        ("\x1b[31m\x9b2J\x7f", "␛[31m\\x9b2J␡"),
        ("a\u2028b\u202ec\ud800", "a\\u2028b\\u202ec\\ud800"),
        ("नि\u200dक 👍\ufe0f", "नि\u200dक 👍\ufe0f"),
    ],
)
def test_what_is_visible_stays_and_what_is_not_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert "\n" not in visible(text, lines=False)
