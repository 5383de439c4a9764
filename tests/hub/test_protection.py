"""Protected branches: direct pushes, required checks by the right app, required reviews, staleness."""

from __future__ import annotations

from pathlib import Path

from orchestrator.hub import Hub
from tests.hub.client import APP, Client, clone, commit, git

NONE = {
    "required_status_checks": None, "enforce_admins": True, "required_pull_request_reviews": None, "restrictions": None,
}  # fmt: skip


def change(hub: Hub, ada: Client) -> tuple[int, str]:
    sha = hub.admin.push("ada/app", "f", {"a.txt": "1\n"}, author="bob")
    return hub.admin.open_pull("ada/app", "f", author="bob"), sha


def merging(client: Client, number: int) -> str:
    return str(client.put(f"{APP}/pulls/{number}/merge", json={}).json()["message"])


def state(ada: Client, number: int) -> str:
    ada.ok("GET", f"{APP}/pulls/{number}")
    return str(ada.ok("GET", f"{APP}/pulls/{number}")["mergeable_state"])


def test_protection_is_written_read_and_removed(hub: Hub, ada: Client, bob: Client) -> None:
    path = f"{APP}/branches/main/protection"
    assert ada.refused(404, "GET", path)["message"] == "Branch not protected"
    ada.refused(422, "PUT", path, {"enforce_admins": True})
    checks = {"strict": True, "contexts": ["lint"], "checks": [{"context": "test", "app_id": 15368}]}
    made = ada.ok("PUT", path, NONE | {"required_status_checks": checks})
    assert made["required_status_checks"]["strict"] is True
    assert {(c["context"], c["app_id"]) for c in made["required_status_checks"]["checks"]} == {
        ("test", 15368), ("lint", None),
    }  # fmt: skip
    assert ada.ok("GET", path) == made
    assert ada.ok("GET", f"{APP}/branches/main")["protected"] is True
    bob.refused(403, "GET", path)
    ada.ok("DELETE", path)
    assert ada.ok("GET", f"{APP}/branches")[0]["protected"] is False


def test_a_required_check_must_be_green_by_the_right_app(hub: Hub, ada: Client) -> None:
    required = {"strict": False, "checks": [{"context": "test", "app_id": 15368}]}
    ada.ok("PUT", f"{APP}/branches/main/protection", NONE | {"required_status_checks": required})
    number, sha = change(hub, ada)
    assert state(ada, number) == "blocked"
    assert merging(ada, number) == 'Required status check "test" is expected.'
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "success", "context": "test"})
    assert merging(ada, number) == 'Required status check "test" is expected.'
    from orchestrator.hub.store import checks

    repo = hub.admin.repository("ada/app")
    run = checks.add_run(hub.db, repo.id, 15368, sha, "test")
    assert merging(ada, number) == 'Required status check "test" is in progress.'
    checks.update_run(hub.db, run.id, status="completed", conclusion="failure")
    assert merging(ada, number) == 'Required status check "test" is failing.'
    checks.update_run(hub.db, run.id, conclusion="success")
    assert merging(ada, number) == "Pull Request successfully merged"


def test_a_status_satisfies_a_check_of_any_app(hub: Hub, ada: Client) -> None:
    hub.admin.protect("ada/app", "main", checks=["agent-os/review"], enforce_admins=True)
    number, sha = change(hub, ada)
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "pending", "context": "agent-os/review"})
    assert state(ada, number) == "blocked"
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "success", "context": "agent-os/review"})
    assert state(ada, number) == "clean"
    combined = ada.ok("GET", f"{APP}/commits/{sha}/status")
    assert (combined["state"], combined["total_count"]) == ("success", 1)
    assert [found["state"] for found in ada.ok("GET", f"{APP}/commits/{sha}/statuses")] == ["success", "pending"]


def test_a_strict_branch_wants_the_head_up_to_date(hub: Hub, ada: Client) -> None:
    hub.admin.protect("ada/app", "main", checks=[], strict=True, enforce_admins=True)
    number, _ = change(hub, ada)
    hub.admin.push("ada/app", "main", {"m": "1"})
    assert state(ada, number) == "behind"
    assert "out of date" in merging(ada, number)
    ada.ok("PUT", f"{APP}/pulls/{number}/update-branch", {})
    assert state(ada, number) == "clean"
    assert merging(ada, number) == "Pull Request successfully merged"


def test_required_reviews_count_writers_only_and_fall_with_a_push(hub: Hub, ada: Client, bob: Client) -> None:
    reviews = {"required_approving_review_count": 1, "dismiss_stale_reviews": True}
    ada.ok("PUT", f"{APP}/branches/main/protection", NONE | {"required_pull_request_reviews": reviews})
    number, _ = change(hub, ada)
    hub.admin.review("ada/app", number, "APPROVE", actor="eve")
    assert merging(bob, number).startswith("At least 1 approving review is required")
    hub.admin.review("ada/app", number, "APPROVE", actor="ada")
    assert state(ada, number) == "clean"
    hub.admin.push("ada/app", "f", {"late": "1"}, author="bob")
    assert state(ada, number) == "blocked"
    hub.admin.review("ada/app", number, "REQUEST_CHANGES", "no", actor="ada")
    assert merging(bob, number) == "Changes have been requested on this pull request."


def test_administrators_stand_above_rules_that_are_not_enforced_for_them(hub: Hub, ada: Client, bob: Client) -> None:
    hub.admin.protect("ada/app", "main", checks=["test"])
    number, _ = change(hub, ada)
    assert merging(bob, number) == 'Required status check "test" is expected.'
    assert merging(ada, number) == "Pull Request successfully merged"


def test_a_protected_branch_refuses_direct_pushes(hub: Hub, ada: Client, tmp_path: Path) -> None:
    hub.admin.protect("ada/app", "main", reviews=1, enforce_admins=True)
    work = clone(hub, hub.admin.token("ada"), tmp_path)
    before = hub.admin.branches("ada/app")["main"]
    commit(work, {"a": "1"})
    done = git(work, "push", "origin", "main", "main:free", check=False)
    assert "GH006: Protected branch update failed for refs/heads/main." in done.stderr
    assert "Changes must be made through a pull request." in done.stderr
    assert "main -> main (protected branch hook declined)" in done.stderr
    assert hub.admin.branches("ada/app")["main"] == before
    assert "free" in hub.admin.branches("ada/app")
    refusal = ada.refused(409, "PUT", f"{APP}/contents/x", {"message": "m", "content": "YQ=="})
    assert "pull request" in refusal["message"]
    ada.refused(422, "DELETE", f"{APP}/git/refs/heads/main")


def test_a_protected_branch_refuses_force_even_to_its_administrator(hub: Hub, tmp_path: Path) -> None:
    hub.admin.protect("ada/app", "main")
    hub.admin.push("ada/app", "main", {"b": "1"})
    work = clone(hub, hub.admin.token("ada"), tmp_path)
    git(work, "reset", "-q", "--hard", "HEAD~1")
    commit(work, {"c": "1"})
    done = git(work, "push", "--force", "origin", "main", check=False)
    assert "Cannot force-push to this branch" in done.stderr
    assert "protected branch hook declined" in done.stderr
    git(work, "pull", "-q", "--no-edit", "--no-rebase", "origin", "main")
    git(work, "push", "-q", "origin", "main")


def test_restrictions_name_who_may_push(hub: Hub, tmp_path: Path) -> None:
    hub.admin.protect("ada/app", "main", restrictions={"users": ["ada"], "teams": []}, enforce_admins=True)
    work = clone(hub, hub.admin.token("bob"), tmp_path)
    commit(work, {"a": "1"})
    done = git(work, "push", "origin", "main", check=False)
    assert "You're not authorized to push to this branch." in done.stderr
