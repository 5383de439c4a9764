"""Every REST operation of the hub is used once, and every answer is held against GitHub's OpenAPI."""

from __future__ import annotations

import base64
import copy
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestrator.hub import Hub
from tests.hub.conformance import contracts
from tests.hub.conformance.recorder import Record, Recorded, judge

APP = "/repos/ada/app"


def accounts(hub: Hub, ada: Recorded, record: Record) -> None:
    for path in ("/rate_limit", "/user", "/user/orgs", "/users/ada", "/orgs/acme", "/meta", "/user/repos", APP,
                 "/users/ada/repos", "/orgs/acme/repos", "/apps/github-actions", f"{APP}/collaborators",
                 f"{APP}/collaborators/bob/permission", f"{APP}/assignees", "/search/issues?q=a"):  # fmt: skip
        ada.ok("GET", path)
    ada.ok("GET", f"{APP}/collaborators/bob")
    ada.ok("GET", f"{APP}/assignees/bob")
    ada.ok("POST", "/user/repos", {"name": "own", "auto_init": True})
    ada.ok("POST", "/orgs/acme/repos", {"name": "theirs", "private": True})
    ada.ok("PATCH", APP, {"description": "An app", "delete_branch_on_merge": False})
    ada.refused(422, "POST", "/user/repos", {"name": "own"})
    ada.refused(404, "GET", "/repos/ada/none")
    weak = hub.admin.token("ada", permissions={"issues": "read"})
    for token, status, method, path in (
        ("nonsense", 401, "GET", "/user"),
        (hub.admin.token("eve"), 404, "GET", "/repos/acme/theirs"),
        (weak, 403, "POST", f"{APP}/issues"),
    ):
        with Recorded(hub, token, record) as client:
            client.refused(status, method, path, {"title": "x"} if method == "POST" else None)


def issues(hub: Hub, ada: Recorded, record: Record) -> None:
    own = f"{APP}/issues"
    ada.ok("POST", f"{APP}/labels", {"name": "bug", "color": "ff0000", "description": "Broken"})
    ada.ok("GET", f"{APP}/labels")
    ada.ok("GET", f"{APP}/labels/bug")
    ada.ok("PATCH", f"{APP}/labels/bug", {"color": "00ff00"})
    ada.refused(422, "POST", f"{APP}/labels", {"name": "bug", "color": "ff0000"})
    first = ada.ok("POST", own, {"title": "One", "body": "text", "labels": ["bug"], "assignees": ["bob"]})
    second = ada.ok("POST", own, {"title": "Two"})
    number = first["number"]
    ada.refused(422, "POST", own, {"body": "no title"})
    ada.ok("GET", own)
    ada.ok("GET", f"{own}/{number}")
    ada.ok("POST", f"{own}/{number}/labels", {"labels": ["p1"]})
    ada.ok("PUT", f"{own}/{number}/labels", {"labels": ["bug", "p2"]})
    ada.ok("GET", f"{own}/{number}/labels")
    ada.ok("DELETE", f"{own}/{number}/labels/p2")
    ada.refused(404, "DELETE", f"{own}/{number}/labels/p2")
    ada.ok("POST", f"{own}/{number}/assignees", {"assignees": ["ada"]})
    ada.ok("DELETE", f"{own}/{number}/assignees", {"assignees": ["ada"]})
    ada.ok("POST", f"{own}/{number}/sub_issues", {"sub_issue_id": second["id"]})
    ada.ok("GET", f"{own}/{number}/sub_issues")
    ada.ok("GET", f"{own}/{second['number']}/parent")
    ada.ok("DELETE", f"{own}/{number}/sub_issue", {"sub_issue_id": second["id"]})
    comment = ada.ok("POST", f"{own}/{number}/comments", {"body": "Hello"})
    for path in (f"{own}/comments", f"{own}/comments/{comment['id']}", f"{own}/{number}/comments"):
        ada.ok("GET", path)
    ada.ok("PATCH", f"{own}/comments/{comment['id']}", {"body": "Hello again"})
    ada.ok("PATCH", f"{own}/{number}", {"title": "One!", "body": "other", "state": "closed"})
    ada.ok("PATCH", f"{own}/{number}", {"state": "open"})
    ada.ok("PATCH", f"{own}/{number}", {"state": "closed", "state_reason": "not_planned"})
    ada.ok("GET", f"{own}/{number}")
    events = ada.ok("GET", f"{own}/events")
    ada.ok("GET", f"{own}/events/{events[0]['id']}")
    ada.ok("GET", f"{own}/{number}/events")
    ada.ok("GET", f"{own}/{number}/timeline")
    ada.ok("DELETE", f"{own}/comments/{comment['id']}")
    ada.ok("DELETE", f"{own}/{number}/labels")
    ada.ok("DELETE", f"{APP}/labels/p1")


def git_data(hub: Hub, ada: Recorded, record: Record) -> None:
    text = base64.b64encode(b"print(1)\n").decode()
    made = ada.ok("PUT", f"{APP}/contents/a/b.py", {"message": "Add", "content": text})
    sha, file = made["commit"]["sha"], made["content"]["sha"]
    for path in ("", "/a", "/a/b.py"):
        ada.ok("GET", f"{APP}/contents{path}")
    ada.refused(404, "GET", f"{APP}/contents/none")
    ada.refused(409, "PUT", f"{APP}/contents/a/b.py", {"message": "Stale", "content": text, "sha": "0" * 40})
    ada.ok("GET", f"{APP}/readme")
    ada.ok("POST", f"{APP}/git/refs", {"ref": "refs/heads/side", "sha": sha})
    ada.refused(422, "POST", f"{APP}/git/refs", {"ref": "refs/heads/side", "sha": sha})
    ada.ok("GET", f"{APP}/git/ref/heads/side")
    ada.ok("GET", f"{APP}/git/matching-refs/heads/")
    moved = ada.ok("DELETE", f"{APP}/contents/a/b.py", {"message": "Remove", "sha": file})["commit"]["sha"]
    ada.ok("PATCH", f"{APP}/git/refs/heads/side", {"sha": moved})
    ada.refused(422, "PATCH", f"{APP}/git/refs/heads/side", {"sha": sha})
    for path in ("branches", "branches/main", "commits", f"commits/{sha}", f"git/commits/{sha}", f"git/trees/{sha}",
                 f"git/blobs/{file}", f"compare/{sha}...main"):  # fmt: skip
        ada.ok("GET", f"{APP}/{path}")
    ada.ok("DELETE", f"{APP}/git/refs/heads/side")
    ada.ok("PUT", f"{APP}/branches/main/protection", {
        "required_status_checks": {"strict": True, "checks": [{"context": "test"}]}, "enforce_admins": False,
        "required_pull_request_reviews": {"required_approving_review_count": 1}, "restrictions": None,
    })  # fmt: skip
    ada.ok("GET", f"{APP}/branches/main/protection")
    ada.ok("GET", f"{APP}/branches/main/protection/required_status_checks")
    ada.ok("GET", f"{APP}/branches/main")
    ada.ok("DELETE", f"{APP}/branches/main/protection")
    ada.refused(404, "GET", f"{APP}/branches/main/protection")


def pulls(hub: Hub, ada: Recorded, record: Record) -> None:
    with Recorded(hub, hub.admin.token("bob"), record, prefix="/api/v3") as bob:
        pull_story(hub, ada, bob)


def pull_story(hub: Hub, ada: Recorded, bob: Recorded) -> None:
    head = hub.admin.push("ada/app", "work", {"w.txt": "1\n2\n"}, author="bob")
    new = {"title": "Work", "head": "work", "base": "main", "body": "Closes #2"}
    number = ada.ok("POST", f"{APP}/pulls", new)["number"]
    own = f"{APP}/pulls/{number}"
    ada.refused(422, "POST", f"{APP}/pulls", new)
    for path in (f"{APP}/pulls", own, own, f"{own}/files", f"{own}/commits", f"{own}/requested_reviewers"):
        ada.ok("GET", path)
    ada.ok("PATCH", own, {"title": "Work!"})
    ada.ok("POST", f"{own}/requested_reviewers", {"reviewers": ["bob"]})
    ada.ok("DELETE", f"{own}/requested_reviewers", {"reviewers": ["bob"]})
    ada.refused(422, "POST", f"{own}/reviews", {"event": "APPROVE"})
    note = {"path": "w.txt", "line": 1, "side": "RIGHT", "body": "Why?"}
    bob.ok("POST", f"{own}/reviews", {"event": "REQUEST_CHANGES", "body": "No", "comments": [note]})
    pending = bob.ok("POST", f"{own}/reviews", {"body": "Later"})["id"]
    bob.ok("POST", f"{own}/reviews/{pending}/events", {"event": "COMMENT", "body": "Well"})
    approval = bob.ok("POST", f"{own}/reviews", {"event": "APPROVE"})["id"]
    ada.ok("GET", f"{own}/reviews")
    ada.ok("GET", f"{own}/reviews/{approval}")
    ada.ok("PUT", f"{own}/reviews/{approval}/dismissals", {"message": "Not yet"})
    said = bob.ok("POST", f"{own}/comments", {**note, "commit_id": head})
    ada.ok("POST", f"{own}/comments/{said['id']}/replies", {"body": "Because"})
    ada.ok("GET", f"{own}/comments")
    hub.admin.push("ada/app", "main", {"m.txt": "1\n"}, author="ada")
    ada.ok("PUT", f"{own}/update-branch", {})
    ada.refused(404, "GET", f"{own}/merge")
    ada.refused(409, "PUT", f"{own}/merge", {"sha": head})
    ada.ok("PUT", f"{own}/merge", {"merge_method": "squash"})
    ada.refused(405, "PUT", f"{own}/merge", {})
    ada.ok("GET", f"{own}/merge")
    ada.ok("GET", own)
    ada.ok("GET", f"{APP}/issues/{number}")
    ada.ok("GET", f"{APP}/issues/{number}/timeline")


def apps_and_checks(hub: Hub, ada: Recorded, record: Record) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    app = hub.admin.app("checker", pem, installations=["ada", "acme"])
    now = int(time.time())
    signed = jwt.encode({"iss": str(app.id), "iat": now - 10, "exp": now + 300}, key, algorithm="RS256")
    with Recorded(hub, signed, record, scheme="Bearer") as machine:
        for path in ("/app", "/app/installations", f"{APP}/installation", "/users/ada/installation",
                     "/orgs/acme/installation"):  # fmt: skip
            machine.ok("GET", path)
        here = machine.ok("GET", f"{APP}/installation")["id"]
        machine.ok("GET", f"/app/installations/{here}")
        token = machine.ok("POST", f"/app/installations/{here}/access_tokens", {})["token"]
    with Recorded(hub, token, record) as bot:
        checks(hub, ada, bot)
    logs(hub, ada)


def checks(hub: Hub, ada: Recorded, bot: Recorded) -> None:
    bot.ok("GET", "/installation/repositories")
    sha = hub.admin.branches("ada/app")["main"]
    output = {"title": "Tests", "summary": "3 passed"}
    run = bot.ok("POST", f"{APP}/check-runs", {"name": "test", "head_sha": sha, "status": "in_progress"})["id"]
    done = {"status": "completed", "conclusion": "success", "output": output}
    suite = bot.ok("PATCH", f"{APP}/check-runs/{run}", done)["check_suite"]["id"]
    ada.refused(403, "POST", f"{APP}/check-runs", {"name": "test", "head_sha": sha})
    for path in (f"check-runs/{run}", f"commits/{sha}/check-runs", f"commits/{sha}/check-suites",
                 f"check-suites/{suite}", f"check-suites/{suite}/check-runs"):  # fmt: skip
        ada.ok("GET", f"{APP}/{path}")
    bot.ok("POST", f"{APP}/statuses/{sha}", {"state": "success", "context": "agent-os/review", "description": "ok"})
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "pending", "context": "slow"})
    ada.ok("GET", f"{APP}/commits/{sha}/statuses")
    ada.ok("GET", f"{APP}/commits/{sha}/status")
    bot.ok("POST", f"{APP}/issues", {"title": "By a bot"})
    ada.ok("GET", f"{APP}/issues")
    bot.ok("DELETE", "/installation/token")


def logs(hub: Hub, ada: Recorded) -> None:
    hub.admin.set_ci("ada/app", {"unit": "echo fine"})
    sha = hub.admin.push("ada/app", "main", {"n.txt": "1\n"}, author="ada")
    assert hub.ci_idle(30)
    runs = ada.ok("GET", f"{APP}/commits/{sha}/check-runs")["check_runs"]
    answer = ada.get(f"{APP}/actions/jobs/{runs[0]['id']}/logs", follow_redirects=True)
    assert "fine" in answer.text


@pytest.fixture
def world(hub: Hub) -> Hub:
    hub.admin.org("acme", members={"ada": "admin"})
    return hub


def test_every_rest_operation_is_used_and_every_answer_is_as_githubs_contract_says(world: Hub) -> None:
    record = Record()
    with Recorded(world, world.admin.token("ada"), record) as ada:
        for story in (accounts, issues, git_data, pulls, apps_and_checks):
            story(world, ada, record)
    unused = {f"{method} {path}" for method, path in contracts.hub_routes()} - set(record.seen)

    assert record.wrong == [], "\n".join(record.wrong)
    assert unused == set()


def test_github_has_every_operation_that_the_hub_has() -> None:
    assert contracts.unknown_to_github(contracts.hub_routes()) == ["GET /repos/{owner}/{repo}/contents"]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda issue: issue.pop("number"), "number"),
        (lambda issue: issue.update(number="1"), "number"),
        (lambda issue: issue["user"].pop("login"), "user"),
        (lambda issue: issue.update(labels=None), "labels"),
    ],
)
def test_an_answer_that_departs_from_the_contract_is_caught(hub: Hub, ada: Any, spoil: Any, named: str) -> None:
    issue = ada.ok("POST", f"{APP}/issues", {"title": "One"})
    operation = "POST /repos/{owner}/{repo}/issues"
    assert judge(operation, 201, issue) == []
    bad = copy.deepcopy(issue)
    spoil(bad)

    assert any(named in problem for problem in judge(operation, 201, bad))


def test_the_cut_contract_is_kept_beside_the_download(tmp_path: Path) -> None:
    contracts.cut()

    assert len(list(contracts.CONTRACTS.glob("cut-*.json"))) == 1
