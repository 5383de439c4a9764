"""The command line as a person meets it: real processes, what they print and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.model.task import Folder
from orchestrator.roles import NAMES

CONFIG = """
projects: {main: {owner: ada, repos: [{repo: ada/app, verify: none}]}}
github: {url: "http://127.0.0.1:9"}
"""
"""A valid configuration; port 9 is one that nobody listens on."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def agent_os(root: Path, *args: str, seconds: float = 30, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "ORCH_ROOT": str(root)} | more
    command = [sys.executable, "-m", "orchestrator", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.mark.parametrize("role", NAMES)
def test_every_role_ticks_on_a_fresh_installation(root: Path, role: str) -> None:
    done = agent_os(root, "tick", role, "--dry-run", GITHUB_TOKEN="x")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


def test_a_tick_without_a_token_says_so_where_cron_logs_it(root: Path) -> None:
    for _ in range(2):  # recorded once an hour, said each time
        done = agent_os(root, "tick", "dispatcher", GH_CONFIG_DIR=str(root))
        assert "no token for 127.0.0.1:9: set GITHUB_TOKEN" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_tick_whose_github_is_away_says_so_and_shows_no_token(root: Path) -> None:
    done = agent_os(root, "tick", "dispatcher", "--dry-run", GITHUB_TOKEN="ghp_" + "x" * 36)
    assert "board main: Unavailable: http://127.0.0.1:9/" in done.stderr
    assert "xxxx" not in done.stderr


def test_every_mailbox_folder_stands_after_the_first_tick_so_that_people_can_move_files(root: Path) -> None:
    agent_os(root, "tick", "queue")
    assert {f.name for f in (root / "runtime/mailbox").iterdir() if f.is_dir()} >= {f.value for f in Folder}


def test_check_config_says_that_no_agent_could_run(root: Path) -> None:
    done = agent_os(root, "check-config")
    assert done.returncode == 0
    assert "no agent can run" in done.stderr
    (root / "config.yaml").write_text(CONFIG + "agents: {me: {adapter: shell, command: cat}}\n")
    assert agent_os(root, "check-config").stderr == ""


def test_check_config_reads_the_objectives_too(root: Path) -> None:
    (root / "config.yaml").write_text(CONFIG + "agents: {me: {adapter: shell, command: cat}}\n")
    (root / "objectives").mkdir()
    (root / "objectives/app.yaml").write_text("primary_outcome: Grow\nmetrics: [{id: a, direction: sideways}]\n")
    done = agent_os(root, "check-config")
    assert done.returncode == 1
    assert "ada/app: objective app.yaml:2: metrics[0].direction: got 'sideways', expected which way" in done.stderr
    told = agent_os(root, "check-config", "--json")
    assert (told.returncode, len(json.loads(told.stdout)["problems"])) == (1, 1)
    assert agent_os(root, "check-config", "--no-objectives").returncode == 0
    named = CONFIG.replace("verify: none", "verify: none, objective: goals/app.yaml")
    (root / "config.yaml").write_text(named + "agents: {me: {adapter: shell, command: cat}}\n")
    done = agent_os(root, "check-config")
    assert done.returncode == 0
    assert (
        done.stderr
        == f"warning: ada/app: its objective {root}/goals/app.yaml is not there: it is planned without one\n"
    )


def test_the_crontab_is_installed_beside_what_stands_there_and_only_once(root: Path) -> None:
    """A crontab(1) that keeps its text in a file stands for the real one."""
    tab, program = root / "tab", root / "crontab"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = - ] && exec cat > {tab}.new && exit 0\n[ -f {tab} ] && exec cat {tab}\n'
        "echo no crontab for you >&2; exit 1\n"
    )
    program.chmod(0o755)
    for _ in range(2):
        done = agent_os(root, "crontab", "--install", PATH=f"{root}:{os.environ['PATH']}")
        assert (done.returncode, done.stderr) == (0, "")
        text = Path(f"{tab}.new").read_text()
        assert text.count("run_queue.sh") == 1
        older = text.replace("run_queue.sh", "run_older.sh")
        tab.write_text(f"MAILTO=me\n{older}@daily backup\n")
    assert text.startswith("MAILTO=me\n@daily backup\n# agent-os begin ")


SEED = """
users: [ada, bot]
repos: {ada/app: {files: {README.md: hi}, ci: {test: "true"}, collaborators: {bot: write}}}
boards: {ada: {repos: [ada/app]}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users: [", "seed.yaml: while parsing"),
        ("[]", "expected a mapping with users"),
        (SEED.replace("files", "filez"), "repos.ada/app.filez: expected one of files, ci"),
        (SEED.replace("[ada, bot]", "[ada]"), "bot is none of users"),
        (SEED.replace("repos: [ada/app]", "repos: [ada/ap]"), "boards.ada.repos: ada/ap is none of repos"),
        (SEED.replace("users: [ada, bot]", "users: ada"), "users: expected a list"),
        (SEED.replace("ada/app: {", "app: {"), "repos.app: expected owner/name"),
        ("users: []", "users: expected at least one login"),
    ],
)
def test_a_mistake_in_a_seed_file_is_one_line_and_leaves_no_half_filled_hub(root: Path, text: str, said: str) -> None:
    (root / "seed.yaml").write_text(text)
    done = agent_os(root, "hub", "--root", str(root / "hub"), "--port", "0", "--seed-file", str(root / "seed.yaml"))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (root / "hub").exists()


def test_a_hub_is_filled_from_yaml_and_served_by_one_program_only(root: Path) -> None:
    (root / "seed.yaml").write_text(SEED)
    command = ["hub", "--root", str(root / "hub"), "--seed-file", str(root / "seed.yaml"), "--port"]
    argv = [sys.executable, "-m", "orchestrator", *command, "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            said = dict(serving.stdout.readline().split() for _ in range(3))
            assert said["user"] == "ada"
            assert serving.stdout.readline() == "user bot\n"
            assert serving.stdout.readline().startswith("token ")
            assert "another hub serves" in agent_os(root, *command, "0").stderr
            port = said["url"].rpartition(":")[2]
            taken = agent_os(root, "hub", "--root", str(root / "other"), "--port", port)
            assert f"port {port}: Address already in use; --port 0 takes a free one" in taken.stderr
        finally:
            serving.terminate()
    assert serving.returncode == 0


@pytest.mark.parametrize("command", [("hub", "--port", "0"), ("status",), ("tick", "scorer")])
def test_a_clock_file_that_holds_no_number_is_one_line_that_names_it(root: Path, command: tuple[str, ...]) -> None:
    """Also for the hub: it lives at the same moment as what runs against it."""
    (root / "clock").write_text("next week")
    done = agent_os(root, *command, seconds=15, AGENT_OS_CLOCK=str(root / "clock"), GITHUB_TOKEN="x")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{root}/clock: 'next week' is no offset of the clock; expected a number of seconds")
    assert "Traceback" not in done.stderr


def test_help_names_the_program_by_the_name_it_is_called(root: Path) -> None:
    assert agent_os(root, "--help").stdout.startswith("Usage: agent-os ")
    assert "Usage: agent-os task show" in agent_os(root, "task", "show").stderr
    assert agent_os(root, "hub", "--port", "99999").returncode == 2


def test_cost_of_a_fresh_installation_is_nothing_and_wrong_usage_is_said(root: Path) -> None:
    done = agent_os(root, "cost")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing\n\nsince ")
    for by in ("task", "day"):
        report = json.loads(agent_os(root, "cost", "--by", by, "--since", "2026-01-31", "--json").stdout)
        assert (report["by"], report["since"], report["lines"], report["merged"]) == (by, "2026-01-31", [], 0)
    assert agent_os(root, "cost", "--since", "yesterday").returncode == 2


def test_ledger_show_says_a_cause_to_its_last_word(root: Path) -> None:
    agent_os(root, "tick", "dispatcher", GH_CONFIG_DIR=str(root))
    assert "gh auth login --hostname 127.0.0.1:9`" in agent_os(root, "ledger", "show").stdout


def test_a_damaged_state_file_is_one_line_that_names_it(root: Path) -> None:
    file = root / "runtime/state/signatures.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    done = agent_os(root, "tick", "queue")
    assert "signatures.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_github_that_cannot_be_reached_is_one_line(root: Path) -> None:
    done = agent_os(root, "explain", "ada/app#1", GITHUB_TOKEN="x" * 20)
    assert done.returncode == 1
    assert done.stderr.startswith("GitHub: http://127.0.0.1:9/")
    assert len(done.stderr.splitlines()) == 1


def test_what_is_off_is_told_with_the_words_that_end_it_and_no_plan_with_what_makes_one(root: Path) -> None:
    agent_os(root, "off", "app")
    assert "`agent-os on app`" in agent_os(root, "status").stdout
    assert "agent-os plan now REPO" in agent_os(root, "plan", "ls").stdout == agent_os(root, "plan", "show").stdout
