"""The same story told by GitHub's own clients: what a client library asserts of its answers must hold for the hub.

PyGithub and gql always run. octokit needs node, `gh` its program: where one is missing the story is skipped, which
tests/skips.txt allows and the gate prints as not proven."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.hub import Hub
from tests.hub.conformance.schema_slice import ROOT
from tests.hub.graphql import MOVE, STATUS, board

ISSUES = 150


@pytest.fixture
def world(hub: Hub) -> Hub:
    """A board with one card, a pushed branch with green checks, and nothing else."""
    hub.admin.set_ci("ada/app", {"test": "true"})
    board(hub, 1)
    hub.admin.push("ada/app", "work", {"w.txt": "1\n"}, author="bob")
    return hub


def expect_the_end(hub: Hub) -> None:
    """What every story leaves behind."""
    seen = hub.admin.snapshot()
    text = json.dumps(seen)
    assert hub.admin.status("ada/app", 1) == "Done"
    assert hub.admin.show("ada/app", "main", "w.txt") == "1\n"
    assert "Noted" in text
    assert "Story" in text


def many(hub: Hub) -> None:
    hub.admin.repo("ada/many", files={"a": "1\n"})
    for n in range(ISSUES):
        hub.admin.issue("ada/many", f"Number {n}", author="ada")


def pygithub(hub: Hub, prefix: str = "") -> Any:
    from github import Auth, Github

    token = hub.admin.token("ada")
    return Github(auth=Auth.Token(token), base_url=hub.url + prefix, seconds_between_requests=0,
                  seconds_between_writes=0, retry=None)  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_pygithub_files_labels_comments_opens_checks_and_merges(world: Hub, prefix: str) -> None:
    from github import GithubException

    client = pygithub(world, prefix)
    repo = client.get_repo("ada/app")
    issue = repo.create_issue("Story", body="text", labels=["bug"])
    issue.add_to_labels("ready")
    issue.create_comment("Noted")
    pull = repo.create_pull(base="main", head="work", title="Work", body=f"Closes #{issue.number}")
    assert world.ci_idle(30)
    checks = {run.name: run.conclusion for run in repo.get_commit(pull.head.sha).get_check_runs()}
    with pytest.raises(GithubException) as stale:
        pull.merge(sha="0" * 40)
    merged = pull.merge(sha=pull.head.sha, merge_method="squash")
    issue = repo.get_issue(issue.number)
    actors = {event.event: event.actor.login for event in issue.get_timeline()}
    graphql_move(world)
    client.close()

    assert checks == {"test": "success"}
    assert stale.value.status == 409
    assert merged.merged
    assert (issue.state, issue.state_reason) == ("closed", "completed")
    assert (actors["labeled"], actors["closed"]) == ("ada", "ada")
    expect_the_end(world)


def graphql_move(hub: Hub) -> None:
    """Move the card, by a client of the test's own."""
    from tests.hub.client import Client
    from tests.hub.graphql import move

    with Client(hub, hub.admin.token("ada")) as client:
        move(client, 1, "Done")


def test_pygithub_pages_through_all_issues_and_pays_nothing_for_what_did_not_change(world: Hub) -> None:
    many(world)
    client = pygithub(world)
    repo = client.get_repo("ada/many")
    titles = [issue.title for issue in repo.get_issues(state="all", direction="asc")]
    used = client.get_rate_limit().resources.core.used
    changed = repo.update()
    after = client.get_rate_limit().resources.core.used
    client.close()

    assert titles == [f"Number {n}" for n in range(ISSUES)]
    assert changed is False
    assert after == used


def test_pygithub_speaks_graphql(world: Hub) -> None:
    client = pygithub(world)
    _, answer = client.requester.graphql_query("query($n: Int!) { user(login: \"ada\") { projectV2(number: $n) {"
                                               " title } } }", {"n": 1})  # fmt: skip
    client.close()

    assert answer["data"]["user"]["projectV2"]["title"] == "Sprint"


def test_gql_checks_the_schema_by_introspection_and_moves_a_card(world: Hub) -> None:
    from gql import Client, gql
    from gql.transport.exceptions import TransportQueryError
    from gql.transport.httpx import HTTPXTransport

    headers = {"authorization": f"bearer {world.admin.token('ada')}"}
    transport = HTTPXTransport(url=f"{world.url}/graphql", headers=headers)
    with Client(transport=transport, fetch_schema_from_transport=True) as session:
        status, move = gql(STATUS), gql(MOVE)
        status.variable_values = {"number": 1}
        found = session.execute(status)["user"]["projectV2"]
        option = next(o["id"] for o in found["field"]["options"] if o["name"] == "Done")
        item = found["items"]["nodes"][0]["id"]
        move.variable_values = {"project": found["id"], "item": item, "field": found["field"]["id"], "option": option}
        session.execute(move)
        move.variable_values = {**move.variable_values, "option": "ffffffff"}
        with pytest.raises(TransportQueryError) as refused:
            session.execute(move)

    assert refused.value.errors is not None
    assert refused.value.errors[0]["type"] == "UNPROCESSABLE"
    assert world.admin.status("ada/app", 1) == "Done"


def run(argv: list[str], folder: Path, **env: str) -> str:
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "*", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, cwd=folder, env=known | env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return done.stdout


def node() -> str | None:
    """The node program (the machine's, or the one bin/setup-contracts fetched), if there is one with octokit."""
    bundled = ROOT / ".cache/node/bin/node"
    found = shutil.which("node") or (str(bundled) if bundled.exists() else None)
    return found if (ROOT / ".cache/contracts/node_modules/octokit").is_dir() else None


def test_octokit_files_labels_comments_moves_opens_checks_and_merges(world: Hub, tmp_path: Path) -> None:
    program = node()
    if program is None:
        pytest.skip("no node with octokit on this machine")
    many(world)
    os.symlink(ROOT / ".cache/contracts/node_modules", tmp_path / "node_modules")
    script = tmp_path / "story.mjs"
    script.write_text((Path(__file__).with_name("octokit_story.mjs")).read_text(encoding="utf-8"), encoding="utf-8")
    said = json.loads(run([program, str(script)], tmp_path, HUB=world.url, TOKEN=world.admin.token("ada"),
                          STATUS=STATUS, MOVE=MOVE))  # fmt: skip

    assert said == {
        "paged": ISSUES, "notModified": 304, "stale": 409, "merged": True, "checks": ["test:success"],
        "state": "closed/completed", "closer": "ada", "graphqlError": "NOT_FOUND",
    }  # fmt: skip
    expect_the_end(world)


def gh(program: str, hub: Hub, folder: Path) -> Callable[..., Any]:
    """The `gh api` command with full urls (GH_TOKEN speaks for every host then)."""
    token = hub.admin.token("ada")

    def call(method: str, path: str, **fields: str) -> Any:
        flags = [part for name, value in fields.items() for part in ("-f", f"{name}={value}")]
        out = run([program, "api", "--method", method, hub.url + path, *flags], folder, GH_TOKEN=token,
                  GH_ENTERPRISE_TOKEN=token, GH_HOST=hub.url.removeprefix("http://"))  # fmt: skip
        return json.loads(out) if out.strip() else None

    return call


def test_gh_files_comments_opens_checks_and_merges(world: Hub, tmp_path: Path) -> None:
    program = shutil.which("gh")
    if program is None:
        pytest.skip("no gh on this machine")
    api = gh(program, world, tmp_path)
    issue = api("POST", "/repos/ada/app/issues", title="Story")
    api("POST", f"/repos/ada/app/issues/{issue['number']}/comments", body="Noted")
    pull = api("POST", "/repos/ada/app/pulls", title="Work", head="work", base="main", body="Closes #2")
    assert world.ci_idle(30)
    runs = api("GET", f"/repos/ada/app/commits/{pull['head']['sha']}/check-runs")["check_runs"]
    merged = api("PUT", f"/repos/ada/app/pulls/{pull['number']}/merge", sha=pull["head"]["sha"])
    found = api("POST", "/graphql", query='{ repository(owner: "ada", name: "app") { issue(number: 2) { state } } }')
    graphql_move(world)

    assert [entry["conclusion"] for entry in runs] == ["success"]
    assert merged["merged"] is True
    assert found["data"]["repository"]["issue"]["state"] == "CLOSED"
    expect_the_end(world)
