"""Git over HTTP with a real git: clone, push, leases, refusals, pull refs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.hub import Hub
from tests.hub.client import APP, Client, clone, commit, git, remote


@pytest.fixture
def work(hub: Hub, tmp_path: Path) -> Path:
    return clone(hub, hub.admin.token("bob"), tmp_path)


def test_a_push_moves_the_branch_the_pull_request_and_its_refs(hub: Hub, ada: Client, work: Path) -> None:
    git(work, "checkout", "-q", "-b", "f")
    first = commit(work, {"a": "1"})
    git(work, "push", "-q", "origin", "f")
    number = ada.ok("POST", f"{APP}/pulls", {"title": "t", "head": "f", "base": "main"})["number"]
    second = commit(work, {"a": "2"})
    git(work, "push", "-q", "origin", "f")
    assert first != second == ada.ok("GET", f"{APP}/pulls/{number}")["head"]["sha"]
    ada.ok("GET", f"{APP}/pulls/{number}")
    refs = git(work, "ls-remote", "origin").stdout
    assert f"{second}\trefs/pull/1/head" in refs
    git(work, "fetch", "-q", "origin", "refs/pull/1/merge")
    assert len(git(work, "rev-list", "--parents", "-n1", "FETCH_HEAD").stdout.split()) == 3
    from orchestrator.hub.store import repos

    assert repos.pushes(hub.db, hub.admin.repository("ada/app").id)[-1].after == second


def test_a_force_push_is_seen_in_the_timeline(hub: Hub, ada: Client, work: Path) -> None:
    git(work, "checkout", "-q", "-b", "f")
    commit(work, {"a": "1"})
    git(work, "push", "-q", "origin", "f")
    hub.admin.open_pull("ada/app", "f")
    git(work, "commit", "-q", "--amend", "-m", "again")
    assert git(work, "push", "origin", "f", check=False).returncode != 0
    git(work, "push", "-q", "--force-with-lease", "origin", "f")
    events = ada.ok("GET", f"{APP}/issues/1/events")
    assert [(event["event"], event["actor"]["login"]) for event in events] == [("head_ref_force_pushed", "bob")]


def test_a_lease_on_an_old_commit_is_refused(hub: Hub, work: Path) -> None:
    git(work, "checkout", "-q", "-b", "f")
    old = commit(work, {"a": "1"})
    git(work, "push", "-q", "origin", "f")
    newer = hub.admin.push("ada/app", "f", {"person": "1"}, author="ada")
    git(work, "commit", "-q", "--amend", "-m", "again")
    done = git(work, "push", f"--force-with-lease=refs/heads/f:{old}", "origin", "f", check=False)
    assert "stale info" in done.stderr
    assert hub.admin.branches("ada/app")["f"] == newer


def test_an_atomic_push_is_all_or_nothing(hub: Hub, work: Path) -> None:
    hub.admin.push("ada/app", "g", {"g": "1"})
    commit(work, {"a": "1"})
    done = git(work, "push", "--atomic", "origin", "main:new", "main:g", check=False)
    assert done.returncode != 0
    assert "new" not in hub.admin.branches("ada/app")


def test_a_large_chunked_push_arrives_whole(hub: Hub, work: Path, tmp_path: Path) -> None:
    (work / "big.bin").write_bytes(os.urandom(6 << 20))
    sha = commit(work, {"a": "1"})
    git(work, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--depth", "1", remote(hub, None), "shallow")
    assert git(tmp_path / "shallow", "rev-parse", "HEAD").stdout.strip() == sha
    assert (tmp_path / "shallow" / "big.bin").read_bytes() == (work / "big.bin").read_bytes()


def test_who_may_not_write_may_not_push(hub: Hub, work: Path) -> None:
    commit(work, {"a": "1"})
    denied = git(work, "push", remote(hub, hub.admin.token("eve")), "main", check=False)
    assert "403" in denied.stderr
    only_read = hub.admin.token("bob", permissions={"contents": "read"})
    assert "403" in git(work, "push", remote(hub, only_read), "main", check=False).stderr
    assert git(work, "push", remote(hub, None), "main", check=False).returncode != 0
    wrong = git(work, "push", remote(hub, "wrong"), "main", check=False)
    assert "Authentication failed" in wrong.stderr
    assert len(hub.admin.log("ada/app", "main")) == 1


def test_a_private_repository_is_not_there_for_strangers(hub: Hub, tmp_path: Path) -> None:
    hub.admin.repo("ada/secret", files={"a": "1"}, private=True)
    done = git(tmp_path, "clone", remote(hub, hub.admin.token("bob"), "ada/secret"), "x", check=False)
    assert "not found" in done.stderr
    git(tmp_path, "clone", "-q", remote(hub, hub.admin.token("ada"), "ada/secret"), "y")


def test_workflows_need_their_own_permission(hub: Hub, tmp_path: Path, work: Path) -> None:
    commit(work, {".github/workflows/ci.yml": "on: push\n"})
    token = hub.admin.token("bob", permissions={"contents": "write"})
    done = git(work, "push", remote(hub, token), "main", check=False)
    assert (
        "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` "
        "without `workflow` scope" in done.stderr
    )
    assert len(hub.admin.log("ada/app", "main")) == 1
    allowed = hub.admin.token("bob", permissions={"contents": "write", "workflows": "write"})
    git(work, "push", "-q", remote(hub, allowed), "main")
    commit(work, {"other": "1"})
    git(work, "push", "-q", remote(hub, token), "main")


def test_pull_refs_cannot_be_pushed(hub: Hub, work: Path) -> None:
    commit(work, {"a": "1"})
    assert git(work, "push", "origin", "main:refs/pull/1/head", check=False).returncode != 0


def test_a_push_that_contains_the_head_merges_the_pull_request(hub: Hub, ada: Client, work: Path) -> None:
    git(work, "checkout", "-q", "-b", "f")
    commit(work, {"a": "1"})
    git(work, "push", "-q", "origin", "f")
    hub.admin.open_pull("ada/app", "f")
    git(work, "push", "-q", "origin", "f:main")
    pull = ada.ok("GET", f"{APP}/pulls/1")
    assert (pull["merged"], pull["merged_by"]["login"]) == (True, "bob")
