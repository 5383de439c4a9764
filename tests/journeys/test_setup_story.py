"""From nothing to a merged pull request and back to nothing, by the commands a new user types."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestrator.cli import app
from orchestrator.ledger.anchor import label as chain_label
from orchestrator.state.made import Kind, Made
from tests.journeys.conftest import MakeWorld
from tests.journeys.newcomer import HELLO, User
from tests.journeys.world import REPO, World, works


def test_four_commands_from_nothing_to_a_merge_and_back(user: User) -> None:
    before, furniture = user.hub.admin.snapshot(), user.hub.admin.furniture()
    user.init("--mode", "full")
    writes, files = user.hub.requests.as_json(), user.files()
    told = user.init("--mode", "full")
    assert "everything was there; nothing was changed" in told
    assert user.files() == files
    assert _writes(user.hub.requests.as_json()) == _writes(writes)
    assert "is good: 1 repository" in user.types("check-config")
    flown = user.types("canary", "--minutes", "2")
    assert f"{HELLO}#1 went all the way to the merge" in flown
    assert "would remove  label ready of operator/hello" in user.types("uninstall", "--dry-run")
    told = user.types("uninstall", "--yes")
    assert "0 failed" in told
    assert user.hub.admin.furniture() == furniture
    after = user.hub.admin.snapshot()
    assert after["boards"] == before["boards"]
    assert after["repos"][HELLO]["branches"] == before["repos"][HELLO]["branches"]
    assert [i["state"] for i in after["repos"][HELLO]["issues"].values()] == ["closed"]
    assert [p["merged"] for p in after["repos"][HELLO]["pulls"].values()] == [True]
    assert [p for top in (user.root, user.home) for p in top.rglob("*")] == []


def _writes(log: dict[str, Any]) -> int:
    return int(log["counters"]["writes"])


def test_nothing_is_written_before_what_cannot_work_is_told(user: User) -> None:
    whole, hub = user.token, user.hub
    user.token = hub.admin.token("operator", kind="classic", scopes=["repo"])
    assert "lacks the scope project: `gh auth refresh -s project`" in user.init(ok=False)
    user.token = hub.admin.token("operator", kind="classic", scopes=["project", "public_repo"])
    assert "is not there, or this token may not see it" in user.init("--repo", "operator/gone", ok=False)
    assert "expected new, none, a number" in user.init("--board", "first", ok=False)
    assert "there are claude, codex" in user.init("--agent", "clod", ok=False)
    user.token = "ghp_" + "x" * 36
    assert "Unauthorized" in user.init(ok=False) or "Bad credentials" in user.init(ok=False)
    user.token = whole
    asked = user.types("init", "--url", hub.url, "--repo", HELLO, ok=False)
    assert "nobody can be asked here: say --yes" in asked
    assert "would do" in user.init("--dry-run")
    assert not user.root.exists()
    assert hub.admin.furniture()["labels"][HELLO] == []
    assert hub.admin.furniture()["boards"] == [["Board", ["Backlog", "Ready", "In Progress", "Blocked", "Done"]]]


def test_what_breaks_off_half_way_goes_on_from_there(user: User) -> None:
    user.hub.faults.add({"method": "POST", "path": "/labels$", "nth": 3, "times": 1}, {"status": 502})
    assert "502" in user.init(ok=False)
    user.hub.faults.clear()
    # The file stands, so a person could also have gone on with another command; and without it a board is not doubled.
    (user.root / "config.yaml").unlink()
    user.init()
    furniture = user.hub.admin.furniture()
    assert [title for title, _ in furniture["boards"]] == ["Agent OS", "Board"]
    assert len(furniture["labels"][HELLO]) == 11
    said = yaml.safe_load((user.root / "config.yaml").read_text())
    assert said["automation_mode"] == "observe"


def test_the_test_command_is_proposed_by_the_files_and_no_word_of_theirs_is_taken(user: User) -> None:
    npm = '{"scripts": {"test": "rm -rf /"}}'
    repos = {
        "operator/made": ({"Makefile": "all:\n\ttrue\ncheck : x\n\tfalse\n"}, "make check"),
        "operator/js": ({"package.json": npm, "package-lock.json": "{}"}, "npm ci && npm test"),
        "operator/plain": ({"package.json": "[1", "README.md": "test:\n"}, "none"),
        "operator/Py.Thon": ({"pyproject.toml": "x", "test.sh": "x"}, "python3 -m pytest -q"),
    }
    for name, (files, _) in repos.items():
        user.hub.admin.repo(name, files=files)
    user.init("--board", "1", *(word for name in repos for word in ("--repo", name)))
    said = yaml.safe_load((user.root / "config.yaml").read_text())["projects"]["operator"]
    assert said["number"] == 1
    found = {repo["repo"]: (repo["verify"], repo["checks"], repo["key"]) for repo in said["repos"]}
    assert found.pop(HELLO) == ("sh test.sh", "required", "hello")
    assert {name: verify for name, (verify, _, _) in found.items()} == {n: v for n, (_, v) in repos.items()}
    assert found["operator/Py.Thon"][1:] == ("none", "py-thon")


def test_keys_of_the_shell_are_kept_for_cron_and_for_nobody_else(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = user.home / "bin"
    tools.mkdir()
    for name, text in (
        ("crontab", '[ "$1" = - ] && exec cat > "$HOME/tab"; exec cat "$HOME/tab" 2>&1 || echo no crontab >&2'),
        ("codex", "exit 0"),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    (user.home / "tab").write_text("@daily backup\n")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-" + "k" * 40)
    told = user.types("init", "--yes", "--url", user.hub.url, "--repo", HELLO, "--agent", "codex", "--cron")
    for name, secret in (("token", user.token), ("secrets.json", "sk-proj-" + "k" * 40)):
        file = user.root / "runtime" / "state" / name
        assert secret in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
        assert secret not in told
        assert all(secret not in text.decode() for path, text in user.files().items() if not path.endswith(name))
    tab = (user.home / "tab").read_text()
    assert "run_queue.sh" in tab
    assert f"ORCH_ROOT={user.root}" in tab
    user.token, kept = "", user.token
    assert "token of operator" in user.types("init", "--yes")  # from the file, as cron has it
    user.types("uninstall", "--yes")
    assert (user.home / "tab").read_text() == "@daily backup\n"
    assert kept


def _made(world: World) -> Made:
    return Made(root=world.settings.runtime / "state", clock=world.clock)


def _cli(world: World, *words: str) -> Result:
    return CliRunner().invoke(app.main, list(words), env={**world.env, "ORCH_ROOT": str(world.tmp), "USER": "ada"})


def test_what_a_person_had_stays_and_what_is_nowhere_else_is_not_taken_away(make: MakeWorld) -> None:
    world = make(merge=False)
    bare = world.hub.bare(world.admin.repository(REPO))
    sha = bare.branch("main")
    assert sha
    bare.set_ref("refs/heads/agent/theirs-1", sha, "0" * 40)
    mine = world.issue("Mine", ready=False, labels=["blocked", "done"])
    before = world.admin.furniture()
    assert _cli(world, "init", "--yes", "--no-objective").exit_code == 0
    number = world.issue("Add new.txt")
    world.round()
    world.rounds(lambda: world.task(f"app-{number}").pull_request is not None)
    world.play(
        {"steps": [*works("half.txt")[:1], {"result": {"status": "blocked", "blocker_code": "missing_context"}}]}
    )
    stuck = world.issue("Add half.txt")
    world.rounds(lambda: world.place(f"app-{stuck}") in ("blocked", "escalated"), most=6)
    own = f"refs/agent-os/ledger/{chain_label(world.services.ledger.name)}"
    bare.set_ref(own, sha, "0" * 40)
    ref = {"method": "DELETE", "path": "/git/refs/agent-os"}
    world.hub.faults.add(ref, {"status": 422, "message": "Reference must be a branch or a tag"})
    refused = _cli(world, "uninstall", "--yes")
    assert refused.exit_code == 1
    assert f"app-{stuck}" in str(refused.exception)
    assert world.settings.runtime.is_dir()
    assert [p["state"] for p in world.pulls()] == ["open"]
    done = _cli(world, "uninstall", "--yes", "--force")
    assert done.exit_code == 0, done.output
    assert [(p["state"], p["merged"]) for p in world.pulls()] == [("closed", False)]
    assert "Agent OS was uninstalled here" in world.pulls()[0]["comments"][-1][1]
    after = world.admin.furniture()
    assert after["labels"] == before["labels"]
    assert f"label blocked of {REPO} (it was there before us)" in done.output
    assert after["refs"] == before["refs"]
    assert world.has_branch("agent/theirs-1")
    assert not world.has_branch(f"agent/app-{number}")
    assert world.state(mine)["labels"] == ["blocked", "done"]
    assert (world.tmp / "config.yaml").exists()  # a person wrote it
    assert not (world.settings.runtime / "state").exists()
    assert not world.settings.worktrees.exists()


def test_an_issue_that_a_person_ordered_is_theirs_and_one_of_the_programs_own_is_closed(user: User) -> None:
    assert "agent-os mode full" in user.init()
    user.types("mode", "full", "--yes")
    user.types("task", "new", "Say hello")
    user.hub.admin.user("mallory")
    for author in ("operator", "mallory"):
        user.hub.admin.issue(HELLO, "Filed", f"<!-- agent-os:key=filed/{'0' * 32} -->", author=author)
    objective = user.root / "objectives" / "hello.yaml"
    objective.write_text(objective.read_text() + "# mine\n")
    told = user.types("uninstall", "--yes")
    assert "issue operator/hello#1 (Say hello) (me ordered it)" in told
    assert [p for p in user.root.rglob("*") if p.is_file()] == [objective]  # a person changed it
    assert not (user.root / "config.yaml").exists()  # consent is no change that must be kept
    issues = user.hub.admin.snapshot()["repos"][HELLO]["issues"]
    assert {n: i["state"] for n, i in issues.items()} == {"1": "open", "2": "closed", "3": "open"}


def test_what_failed_is_named_and_the_next_call_does_the_rest(user: User) -> None:
    user.init()
    user.hub.faults.add({"method": "DELETE", "path": "/labels/ready$", "times": 1}, {"status": 403, "message": "no"})
    told = user.types("uninstall", "--yes", ok=False)
    assert f"NOT removed  label ready of {HELLO} (failed" in told
    assert "left until what failed above is done: call it again" in told
    assert user.hub.admin.furniture()["labels"][HELLO] == ["ready"]
    assert "1 left" not in user.types("uninstall", "--yes")
    assert user.hub.admin.furniture()["labels"][HELLO] == []
    assert not (user.root / "config.yaml").exists()


def test_columns_that_were_added_to_a_persons_board_go_where_no_card_stands(make: MakeWorld) -> None:
    world = make()
    number = world.admin.board("ada", title="Theirs", options=("Todo", "Done"), repos=[REPO])
    world.config["projects"]["main"]["number"] = number
    world.build()
    assert _cli(world, "init", "--yes", "--no-objective").exit_code == 0
    issue = world.admin.issue(REPO, "Mine", "", author="ada", board=number, status="Blocked")
    assert [e.name for e in _made(world).all() if e.kind is Kind.OPTION] == [
        "Backlog",
        "Ready",
        "In Progress",
        "Blocked",
    ]
    done = _cli(world, "uninstall", "--yes")
    assert f"left  column Blocked of board ada/{number} (cards stand in it)" in done.output
    assert ["Theirs", ["Todo", "Done", "Blocked"]] in world.admin.furniture()["boards"]
    assert world.admin.status(REPO, issue, number) == "Blocked"


def test_the_wizard_says_at_once_what_cannot_be_and_asks_again(user: User) -> None:
    answers = "\n".join(["hello", "operator/nowhere", HELLO, "", "", "nobody", "scripted", "", "n", "n", ""])
    told = user.types("init", "--url", user.hub.url, answers=answers)
    assert "'hello' is no repository" in told
    assert "operator/nowhere is not there" in told
    assert "nobody" in told.partition("Error: --agent")[2]
    assert "wrote" in told
    assert "is good: 1 repository (operator/hello)" in user.types("check-config")
    user.token = "ghp_" + "0" * 36
    (user.root / "config.yaml").unlink()
    refused = user.types("init", "--url", user.hub.url, answers="", ok=False)
    assert "Repository (" not in refused, "the token is looked at before the first question"
