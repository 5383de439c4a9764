"""Pull requests: opening, mergeability, merging, reviews, closing keywords."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.hub import Hub
from orchestrator.hub.store import pulls
from tests.hub.client import APP, Client


def opened(hub: Hub, ada: Client, branch: str = "f", body: str = "", **files: str) -> int:
    hub.admin.push("ada/app", branch, files or {"a.txt": "1\n"}, author="bob", message=f"Work on {branch}")
    new = {"title": f"Add {branch}", "head": branch, "base": "main", "body": body}
    return int(ada.ok("POST", f"{APP}/pulls", new)["number"])


def head(hub: Hub, branch: str = "f") -> str:
    return hub.admin.branches("ada/app")[branch]


def settled(ada: Client, number: int) -> tuple[bool | None, str]:
    ada.ok("GET", f"{APP}/pulls/{number}")
    pull = ada.ok("GET", f"{APP}/pulls/{number}")
    return pull["mergeable"], pull["mergeable_state"]


def test_one_open_pull_request_for_a_head_and_none_without_commits(hub: Hub, ada: Client) -> None:
    opened(hub, ada)
    twice = ada.refused(422, "POST", f"{APP}/pulls", {"title": "t", "head": "f", "base": "main"})
    assert twice["errors"][0]["message"] == "A pull request already exists for ada:f."
    ada.ok("POST", f"{APP}/git/refs", {"ref": "refs/heads/same", "sha": head(hub, "main")})
    empty = ada.refused(422, "POST", f"{APP}/pulls", {"title": "t", "head": "same", "base": "main"})
    assert empty["errors"][0]["message"] == "No commits between main and same"
    none = ada.refused(422, "POST", f"{APP}/pulls", {"title": "t", "head": "nowhere", "base": "main"})
    assert (none["errors"][0]["field"], none["errors"][0]["code"]) == ("head", "invalid")
    assert ada.refused(422, "POST", f"{APP}/pulls", {"title": "t", "head": "f"})["errors"][0]["field"] == "base"


def test_mergeability_is_unknown_first_and_then_computed(hub: Hub, ada: Client) -> None:
    hub.admin.push("ada/app", "f", {"a.txt": "1\n"})
    first = ada.ok("POST", f"{APP}/pulls", {"title": "t", "head": "f", "base": "main"})
    assert (first["mergeable"], first["mergeable_state"]) == (None, "unknown")
    second = ada.ok("GET", f"{APP}/pulls/1")
    assert (second["mergeable"], second["mergeable_state"]) == (True, "clean")
    hub.admin.push("ada/app", "main", {"b.txt": "1\n"})
    assert ada.ok("GET", f"{APP}/pulls/1")["mergeable"] is None
    assert ada.ok("GET", f"{APP}/pulls/1")["mergeable"] is True


def test_a_conflict_is_found_and_refused(hub: Hub, ada: Client) -> None:
    one, two = opened(hub, ada, "f", **{"same.txt": "one\n"}), opened(hub, ada, "g", **{"same.txt": "two\n"})
    assert settled(ada, two) == (True, "clean")
    ada.ok("PUT", f"{APP}/pulls/{one}/merge", {"merge_method": "squash"})
    assert settled(ada, two) == (False, "dirty")
    refusal = ada.refused(405, "PUT", f"{APP}/pulls/{two}/merge", {})
    assert refusal["message"] == "Pull Request is not mergeable"
    assert hub.admin.show("ada/app", "main", "same.txt") == "one\n"


def test_a_merge_by_a_stale_sha_is_409(hub: Hub, ada: Client) -> None:
    number, old = opened(hub, ada), head(hub)
    hub.admin.push("ada/app", "f", {"late.txt": "x"})
    refusal = ada.refused(409, "PUT", f"{APP}/pulls/{number}/merge", {"sha": old})
    assert refusal["message"] == "Head branch was modified. Review and try the merge again."
    ada.ok("PUT", f"{APP}/pulls/{number}/merge", {"sha": head(hub)})
    assert ada.refused(405, "PUT", f"{APP}/pulls/{number}/merge", {})["message"] == "Pull Request is not mergeable"


@pytest.mark.parametrize(("method", "parents", "commits"), [("merge", 2, 4), ("squash", 1, 2), ("rebase", 1, 3)])
def test_the_three_ways_to_merge(hub: Hub, ada: Client, method: str, parents: int, commits: int) -> None:
    number = opened(hub, ada)
    hub.admin.push("ada/app", "f", {"b.txt": "2\n"}, author="bob", message="Second")
    done = ada.ok("PUT", f"{APP}/pulls/{number}/merge", {"merge_method": method})
    log = hub.admin.log("ada/app", "main")
    assert (log[0].sha, len(log[0].parents), len(log)) == (done["sha"], parents, commits)
    assert hub.admin.show("ada/app", "main", "b.txt") == "2\n"
    pull = ada.ok("GET", f"{APP}/pulls/{number}")
    assert (pull["merged"], pull["state"], pull["merge_commit_sha"]) == (True, "closed", done["sha"])
    assert pull["merged_by"]["login"] == "ada"
    ada.ok("GET", f"{APP}/pulls/{number}/merge")


def test_a_squash_takes_the_given_words(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    ada.ok("PUT", f"{APP}/pulls/{number}/merge",
           {"merge_method": "squash", "commit_title": "Title", "commit_message": "Body\n\nTask: x"})  # fmt: skip
    assert hub.admin.log("ada/app", "main")[0].message == "Title\n\nBody\n\nTask: x"


def test_a_rebase_over_a_moved_base_keeps_both(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    hub.admin.push("ada/app", "main", {"m.txt": "m\n"})
    ada.ok("PUT", f"{APP}/pulls/{number}/merge", {"merge_method": "rebase"})
    assert [c.message for c in hub.admin.log("ada/app", "main")][:2] == ["Work on f", "Change"]
    assert hub.admin.show("ada/app", "main", "m.txt") + hub.admin.show("ada/app", "main", "a.txt") == "m\n1\n"


def test_closing_words_close_on_a_merge_into_the_default_branch(hub: Hub, ada: Client) -> None:
    for title in ("one", "two", "three", "four"):
        hub.admin.issue("ada/app", title)
    number = opened(hub, ada, body="Closes #1, fixes ada/app#2 and `resolves #3`. See #4")
    ada.ok("PUT", f"{APP}/pulls/{number}/merge", {"merge_method": "squash", "commit_message": "no words"})
    states = {n: ada.ok("GET", f"{APP}/issues/{n}")["state"] for n in (1, 2, 3, 4)}
    assert states == {1: "closed", 2: "closed", 3: "open", 4: "open"}
    assert ada.ok("GET", f"{APP}/issues/1")["closed_by"]["login"] == "ada"


def test_closing_words_do_nothing_on_another_branch(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "one")
    hub.admin.push("ada/app", "dev", {"d": "1"})
    hub.admin.push("ada/app", "f", {"a": "1"}, base="dev")
    ada.ok("POST", f"{APP}/pulls", {"title": "t", "head": "f", "base": "dev", "body": "Closes #1"})
    assert pulls.closing_of(hub.db, [hub.admin.find_pull("ada/app", 2).id]).popitem()[1] == []
    ada.ok("PUT", f"{APP}/pulls/2/merge", {})
    assert ada.ok("GET", f"{APP}/issues/1")["state"] == "open"


def test_nobody_approves_their_own_pull_request(hub: Hub, ada: Client, bob: Client) -> None:
    number = opened(hub, ada)
    refusal = ada.refused(422, "POST", f"{APP}/pulls/{number}/reviews", {"event": "APPROVE"})
    assert refusal["errors"] == ["Review Can not approve your own pull request"]
    ada.ok("POST", f"{APP}/pulls/{number}/reviews", {"event": "COMMENT", "body": "note"})
    bob.refused(422, "POST", f"{APP}/pulls/{number}/reviews", {"event": "REQUEST_CHANGES"})
    review = bob.ok("POST", f"{APP}/pulls/{number}/reviews", {"event": "APPROVE"})
    assert (review["state"], review["commit_id"], review["user"]["login"]) == ("APPROVED", head(hub), "bob")
    ada.ok("PUT", f"{APP}/pulls/{number}/reviews/{review['id']}/dismissals", {"message": "stale"})
    states = [found["state"] for found in ada.ok("GET", f"{APP}/pulls/{number}/reviews")]
    assert states == ["COMMENTED", "DISMISSED"]


def test_line_comments_make_threads_and_take_answers(hub: Hub, ada: Client, bob: Client) -> None:
    number = opened(hub, ada)
    note = {"path": "a.txt", "line": 1, "body": "why?", "commit_id": head(hub)}
    first = bob.ok("POST", f"{APP}/pulls/{number}/comments", note)
    answer = ada.ok("POST", f"{APP}/pulls/{number}/comments/{first['id']}/replies", {"body": "because"})
    assert answer["in_reply_to_id"] == first["id"]
    assert first["diff_hunk"] == "@@ -0,0 +1 @@\n+1"
    assert [c["body"] for c in ada.ok("GET", f"{APP}/pulls/{number}/comments")] == ["why?", "because"]
    bob.refused(422, "POST", f"{APP}/pulls/{number}/comments", note | {"path": "none.txt"})


def test_a_branch_behind_is_updated_only_from_the_expected_head(hub: Hub, ada: Client) -> None:
    number, old = opened(hub, ada), head(hub)
    ada.refused(422, "PUT", f"{APP}/pulls/{number}/update-branch", {})
    hub.admin.push("ada/app", "main", {"m.txt": "m\n"})
    ada.refused(422, "PUT", f"{APP}/pulls/{number}/update-branch", {"expected_head_sha": "0" * 40})
    ada.ok("PUT", f"{APP}/pulls/{number}/update-branch", {"expected_head_sha": old})
    assert hub.admin.log("ada/app", "f")[0].parents == (old, head(hub, "main"))
    assert ada.ok("GET", f"{APP}/pulls/{number}")["head"]["sha"] == head(hub)


def test_the_list_is_filtered_by_head_base_and_state(hub: Hub, ada: Client) -> None:
    opened(hub, ada, "f")
    opened(hub, ada, "g", **{"g.txt": "1"})
    hub.admin.close_pull("ada/app", 2)

    def numbers(query: str) -> list[int]:
        return [pull["number"] for pull in ada.ok("GET", f"{APP}/pulls?{query}")]

    assert numbers("") == [1]
    assert numbers("state=all") == [2, 1]
    assert numbers("head=ada:g&state=all") == [2]
    assert numbers("base=dev") == []


def test_files_and_commits_of_a_pull_request(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    hub.admin.push("ada/app", "main", {"elsewhere.txt": "m\n"})
    assert [f["filename"] for f in ada.ok("GET", f"{APP}/pulls/{number}/files")] == ["a.txt"]
    assert [c["commit"]["message"] for c in ada.ok("GET", f"{APP}/pulls/{number}/commits")] == ["Work on f"]
    pull = ada.ok("GET", f"{APP}/pulls/{number}")
    assert (pull["changed_files"], pull["additions"], pull["commits"]) == (1, 1, 1)


def test_the_branch_goes_after_the_merge_where_the_repository_says_so(hub: Hub, ada: Client) -> None:
    ada.ok("PATCH", APP, {"delete_branch_on_merge": True})
    number = opened(hub, ada)
    ada.ok("PUT", f"{APP}/pulls/{number}/merge", {})
    assert set(hub.admin.branches("ada/app")) == {"main"}
    ada.refused(422, "PATCH", f"{APP}/pulls/{number}", {"state": "open"})


def test_a_deleted_head_closes_and_a_person_may_reopen(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    sha = head(hub)
    hub.admin.delete_branch("ada/app", "f")
    assert ada.ok("GET", f"{APP}/pulls/{number}")["state"] == "closed"
    ada.refused(422, "PATCH", f"{APP}/pulls/{number}", {"state": "open"})
    ada.ok("POST", f"{APP}/git/refs", {"ref": "refs/heads/f", "sha": sha})
    assert ada.ok("PATCH", f"{APP}/pulls/{number}", {"state": "open"})["state"] == "open"


def test_drafts_are_not_merged(hub: Hub, ada: Client) -> None:
    hub.admin.push("ada/app", "f", {"a": "1"})
    ada.ok("POST", f"{APP}/pulls", {"title": "t", "head": "f", "base": "main", "draft": True})
    assert settled(ada, 1) == (True, "draft")
    assert ada.refused(405, "PUT", f"{APP}/pulls/1/merge", {})["message"] == "Pull Request is still a draft"


def test_reviewers_are_collaborators_and_not_the_author(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    path = f"{APP}/pulls/{number}/requested_reviewers"
    ada.ok("POST", path, {"reviewers": ["bob"]})
    assert [user["login"] for user in ada.ok("GET", path)["users"]] == ["bob"]
    ada.refused(422, "POST", path, {"reviewers": ["ada"]})
    hub.admin.review("ada/app", number, "APPROVE", actor="bob")
    assert ada.ok("GET", path)["users"] == []


def test_merges_at_the_same_time_lose_nothing(hub: Hub, ada: Client) -> None:
    numbers = [opened(hub, ada, f"f{n}", **{f"{n}.txt": f"{n}\n"}) for n in range(5)]

    def merge(number: int) -> int:
        return ada.put(f"{APP}/pulls/{number}/merge", json={"merge_method": "squash"}).status_code

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(merge, numbers)) == [200] * 5
    assert [hub.admin.show("ada/app", "main", f"{n}.txt") for n in range(5)] == [f"{n}\n" for n in range(5)]
    assert len(hub.admin.log("ada/app", "main")) == 6
