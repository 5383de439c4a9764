"""Set-up and removal where the ground is not even: odd names, other people's things, a GitHub that is away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestrator.config import crontab
from orchestrator.config.crontab import Broken
from orchestrator.install import words
from orchestrator.ledger.anchor import label as chain_label
from tests.hub.client import Client
from tests.journeys.conftest import MakeWorld
from tests.journeys.newcomer import HELLO, User
from tests.journeys.test_setup_story import _cli
from tests.journeys.world import BOT, REPO

EVIL = "x\nautomation_mode: full\n#\x07\u2028"


def test_no_name_and_no_check_spoils_the_file_or_says_a_word_in_it(user: User) -> None:
    admin = user.hub.admin
    admin.org("b", {"operator": "admin"})
    odd = ["operator/123", "operator/true", "operator/1e3", "operator/012", "operator/b-hello", "operator/b.hello"]
    for name in (*odd, "b/hello"):
        admin.repo(name, files={"a": "b"})
    admin.set_ci("operator/123", {EVIL: "true"})
    admin.push("operator/123", "main", {"c": "d"})
    assert user.hub.ci_idle(30)
    named = [word for name in (*odd, "b/hello") for word in ("--repo", name)]
    assert "two are called 'rehearsal'" in user.init(*named, "--agent", "Rehearsal=sh x", ok=False)
    assert "\n#" not in user.init(*named, "--agent", "true=sh '\u2028' \U0001f600")
    said = yaml.safe_load((user.root / "config.yaml").read_text())
    assert said["automation_mode"] == "observe"
    keys = [repo["key"] for project in said["projects"].values() for repo in project["repos"]]
    assert keys == ["hello", "123", "true", "1e3", "012", "b-hello", "operator-b-hello", "b-hello-2"]
    assert said["agents"]["true"]["command"] == "sh '\u2028' \U0001f600"
    assert "is good: 8 repositories" in user.types("check-config")


@pytest.mark.parametrize(
    "text", ["", "~", "a: b", "a #b", "no", "é\x85\u2028", '"\\', "\x01\x1b[31m", "{x}", "- a", "\U0001f600\t\n"]
)
def test_a_value_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(f"k: {words.scalar(text)}   # {words.comment(text)}\n") == {"k": text}


def test_what_a_person_keeps_in_our_folders_and_under_our_names_stays(user: User) -> None:
    user.init()
    kept = [user.home / "docs" / "repos" / "thesis", user.home / "work" / "hello" / "hello-3" / "x"]
    theirs = [user.home / "docs" / "x.md", user.home / "work" / "hello" / "src" / "x", user.home / "work" / "essay"]
    for file in (*kept, *theirs):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("years of work")
    config, admin = user.root / "config.yaml", user.hub.admin
    config.write_text(f"{config.read_text()}runtime_dir: {user.home}/docs\nworktrees_dir: {user.home}/work\n")
    admin.user("mallory")
    admin.collaborator(HELLO, "mallory", "write")
    for branch, author in (("agent/hello-7", "mallory"), ("agent/hello-2fa", "operator")):
        admin.push(HELLO, branch, {f"{author}.md": "x\n"}, author=author)
        admin.open_pull(HELLO, branch, title="Mine", body="", author=author)
    told = user.types("uninstall", "--yes")
    assert "you keep other things there, too" in told
    assert "work (essay, hello/src: nothing of ours)" in told
    assert [file.exists() for file in (*kept, *theirs)] == [True, False, True, True, True]
    now = admin.snapshot()["repos"][HELLO]
    assert [pull["state"] for pull in now["pulls"].values()] == ["open", "open"]
    assert not (user.root / "runtime").exists()


def test_two_at_once_make_one_installation(user: User) -> None:
    before = user.hub.admin.furniture()
    words = ["init", "--yes", "--url", user.hub.url, "--repo", HELLO, "--agent", "scripted"]
    env = {"PATH": os.environ["PATH"], "HOME": str(user.home), "ORCH_ROOT": str(user.root), "GITHUB_TOKEN": user.token}
    user.hub.faults.add({"operation": "ProjectsOf", "times": 2}, {"latency": 0.3})
    both = [subprocess.Popen([sys.executable, "-m", "orchestrator", *words], env=env) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert [title for title, _ in user.hub.admin.furniture()["boards"]] == ["Agent OS", "Board"]
    user.types("uninstall", "--yes")
    assert user.hub.admin.furniture() == before


def test_the_machine_is_left_clean_also_where_github_is_away(user: User) -> None:
    user.init()
    user.hub.faults.add({}, {"status": 502})
    told = user.types("uninstall", "--yes", "--keep-runtime", ok=False)
    assert f"NOT removed  what stands in {HELLO} (failed: " in told
    assert (user.root / "config.yaml").exists()
    told = user.types("uninstall", "--yes", "--machine-only")
    assert "0 failed, 1 left" in told
    assert [p for p in user.root.rglob("*") if p.is_file()] == []


def test_another_installations_work_on_the_same_repository_is_left_to_it(make: MakeWorld) -> None:
    world = make(merge=False)
    other = f"refs/agent-os/ledger/{chain_label('elsewhere')}"
    bare = world.hub.bare(world.admin.repository(REPO))
    sha = bare.branch("main")
    assert sha
    bare.set_ref(other, sha, "0" * 40)
    assert _cli(world, "init", "--yes", "--no-objective").exit_code == 0
    number = world.issue("Add new.txt")
    world.round()
    world.rounds(lambda: world.task(f"app-{number}").pull_request is not None)
    for branch in ("agent/app-99", "agent/train-app"):
        world.admin.push(REPO, branch, {"x.md": branch}, author=BOT)
    world.admin.open_pull(REPO, "agent/app-99", title="Theirs", body="", author=BOT)
    before = world.admin.furniture()
    done = _cli(world, "uninstall", "--yes", "--force")
    assert done.exit_code == 0, done.output
    assert f"another installation works here ({other})" in done.output
    assert [pull["state"] for pull in world.pulls()] == ["closed", "open"]
    assert [world.has_branch(f"agent/{name}") for name in (f"app-{number}", "app-99", "train-app")] == [
        False,
        True,
        True,
    ]
    assert world.admin.furniture()["labels"] == before["labels"]
    assert world.admin.furniture()["refs"][REPO] == [other]


def test_a_label_that_a_person_made_theirs_and_a_board_with_their_notes_stay(user: User) -> None:
    user.init()
    board = user.hub.admin.furniture()["boards"]
    with Client(user.hub, user.token) as me:
        me.ok("PATCH", f"/repos/{HELLO}/labels/blocked", {"color": "000000"})
        asked = {"query": '{ user(login: "operator") { projectV2(number: 2) { id } } }'}
        id = me.ok("POST", "/graphql", asked)["data"]["user"]["projectV2"]["id"]
        me.ok("POST", "/graphql", {"query": NOTE, "variables": {"p": id}})
    (user.home / ".local/share/agent-os/evidence/hello/m.json").write_text("{}")
    told = user.types("uninstall", "--yes")
    assert "evidence/hello (what your exporter wrote there is yours)" in told
    assert "left  board operator/2 (1 notes stand on it" in told
    assert "left  label blocked of operator/hello (you changed it since we made it)" in told
    assert user.hub.admin.furniture()["labels"][HELLO] == ["blocked"]
    assert user.hub.admin.furniture()["boards"] == board
    assert [p for p in user.root.rglob("*") if p.is_file()] == []  # nor what the uninstall itself wrote down


NOTE = """mutation($p: ID!) { addProjectV2DraftIssue(input: {projectId: $p, title: "Only here"}) {
  projectItem { id } } }"""
ROOT = Path("/srv/x")
OURS = crontab.crontab(ROOT, {"queue": "* * * * *", "bot": "* * * * *"})


def test_a_job_that_somebody_wrote_between_our_markers_is_theirs() -> None:
    begin, queue, bot, end = OURS.splitlines(keepends=True)
    mine = "5 4 * * * /usr/bin/backup\n"
    assert crontab.removed(f"a\n{begin}{queue}{mine}# {bot}{end}b\n", ROOT) == f"a\n{mine}b\n"
    for broken in (f"{queue}{bot}{end}", f"{begin}{queue}{mine}{begin}{queue}{bot}{end}", f"{begin}{queue}"):
        with pytest.raises(Broken, match="crontab -e"):
            crontab.removed(broken, ROOT)
