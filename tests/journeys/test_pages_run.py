"""Every command that the pages show is run as it stands there, in one world with the task that the pages speak of."""

from __future__ import annotations

import gc
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import app
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World
from tests.rooms.test_cli_pages import PAGES, ROOT

ELSEWHERE = {
    "hub": "serves; tests/hub",
    "web": "serves; tests of the page",
    "up": "runs until it is interrupted; tests/rooms/test_cli.py",
    "top": "a screen; tests of the terminal screen",
    "demo": "a minute long; tests/journeys/test_demo.py",
    "init": "makes an installation; bin/prove setup",
    "objective score": "asks the sources of the example, which are away; tests/journeys/test_scorer.py",
    "canary": "waits for cron; its own story",
    "uninstall": "takes the world away; bin/prove uninstall",
    "crontab": "this machine's own crontab; bin/prove cron",
    "tick autopull": "pulls this very checkout; tests/rooms/test_autopull.py",
    "doctor": "looks at this machine; its own stories",
    "task log app-12 -f": "follows until the task ends",
    "task log -f": "follows until the task ends",
}
"""Not run here: beginning of the command, and what runs it."""
SAYS = {
    "evidence add ada/app --metric signups": "no metric has this id",
    "plan approve app-2026-11-26": "no plan",
    "plan reject app-2026-11-26": "no plan",
    "plan strike app-2026-11-26": "no plan",
    "approve ada/app#34": "no task of ada/app#34",
    "task stop app-12": "has published its work",
}
"""What is refused here, and in which words: a metric, a plan and a pull request that are not there."""
FORM = re.compile(r"[<\[…|]|\.\.\.|\b[A-Z]{2,}\b|#N\b")
"""A form to be filled in, no command; that its command exists is shown by tests/rooms/test_cli_pages.py."""
LINE = re.compile(r"(?:^|[\s/$])bin/agent-os ([^\n&|>]*)", re.MULTILINE)


def lines() -> list[str]:
    """All commands of all pages, each once, with the pages' repository called as it is here."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text()
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            found += LINE.findall(block)
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        found += re.findall(r"`(?:bin/)?agent-os ([^`\n]+)`", prose)
    every = dict.fromkeys(re.sub(r"\s(\s|#).*", "", f"{line} ").strip() for line in found)
    return [re.sub(r"\b(yourname/app|owner/repo|owner/name)\b", REPO, x) for x in every if x and not FORM.search(x)]


@pytest.fixture
def world(make: MakeWorld) -> World:
    """The twelfth issue is at work: published, green, and left to a person to merge. An objective is there."""
    world = make(merge=False)
    for n in range(11):
        world.issue(f"Later {n}", ready=False)
    world.issue()
    (world.tmp / "objectives").mkdir()
    shutil.copy(ROOT / "example.objective.yaml", world.tmp / "objectives" / "app.yaml")
    world.round()
    return world


def types(world: World, line: str) -> Result:
    env = {**world.env, "ORCH_ROOT": str(world.tmp), "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "USER": "ada"}
    return CliRunner().invoke(app.main, shlex.split(line), env=env)


def put_back(world: World, kept: Path) -> None:
    """Each line is the first that a person types: tasks, switches and settings as they were."""
    shutil.rmtree(world.tmp / "runtime" / "mailbox")
    shutil.rmtree(world.tmp / "runtime" / "state")
    shutil.copytree(kept, world.tmp, dirs_exist_ok=True)


def fault(world: World, line: str) -> str:
    """Empty: it did what it says, or refused in the words that are expected of it."""
    if line.startswith("task retry"):
        types(world, "task hold app-12")
    done = types(world, line)
    words = f"{done.output} {done.exception}"
    if wanted := next((says for begin, says in SAYS.items() if line.startswith(begin)), ""):
        return "" if done.exit_code == 1 and wanted in words else f"{done.exit_code}, wanted {wanted!r}: {words[-300:]}"
    only_named = done.exit_code == 2 and ("Missing argument" in words or "Commands:" in words)
    return f"{done.exit_code}: {words[-300:]}" if done.exit_code and not only_named else ""


# A command closes its connections by ending its process; here it ends in ours, and they are closed at its end.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_command_of_the_pages_runs(world: World, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for part in ("mailbox", "state"):
        shutil.copytree(world.tmp / "runtime" / part, kept / "runtime" / part)
    shutil.copy(world.tmp / "config.yaml", kept)
    wrong, ran = [], 0
    for line in lines():
        if any(line == begin or line.startswith(f"{begin} ") for begin in ELSEWHERE):
            continue
        put_back(world, kept)
        ran += 1
        if why := fault(world, line):
            wrong.append(f"agent-os {line}: {why}")
    gc.collect()
    assert not wrong, f"{len(wrong)} of {ran}\n" + "\n".join(wrong)
    assert ran >= 60


def test_every_script_that_a_page_names_is_there_and_may_be_started() -> None:
    named = {
        name for page in PAGES for name in re.findall(r"(?<![\w/])(?:\./)?(bin/[\w-]+(?:\.sh)?)\b", page.read_text())
    }
    named -= {"bin/run_"}  # the beginning of the wrappers' names
    assert len(named) >= 8
    assert [name for name in sorted(named) if not os.access(ROOT / name, os.X_OK)] == []
