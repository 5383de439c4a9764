"""How the hub answers: ETags, pages, limits, headers, lists, search, the request log."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrator.hub import Hub
from tests.hub.client import APP, Client


def test_an_unchanged_resource_is_304_and_costs_nothing(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "one")
    first = ada.get(f"{APP}/issues")
    again = ada.get(f"{APP}/issues", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"] == "1"
    hub.admin.comment("ada/app", 1, "news")
    assert ada.get(f"{APP}/issues", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_an_etag_belongs_to_one_token(hub: Hub, ada: Client, bob: Client) -> None:
    tag = ada.get(f"{APP}/labels").headers["etag"]
    assert bob.get(f"{APP}/labels", headers={"if-none-match": tag}).status_code == 200


def test_lists_are_paged_with_links_that_can_be_followed(hub: Hub, ada: Client) -> None:
    for n in range(7):
        hub.admin.issue("ada/app", f"issue {n}")
    page = ada.get(f"{APP}/issues", params={"per_page": 3})
    assert set(page.links) == {"next", "last"}
    seen = [issue["number"] for issue in page.json()]
    while "next" in page.links:
        page = ada.get(page.links["next"]["url"])
        seen += [issue["number"] for issue in page.json()]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert set(page.links) == {"prev", "first"}


def test_a_page_holds_at_most_a_hundred(hub: Hub, ada: Client) -> None:
    for n in range(101):
        hub.admin.issue("ada/app", f"issue {n}")
    assert len(ada.ok("GET", f"{APP}/issues?per_page=1000")) == 100


def test_both_prefixes_serve_and_urls_keep_the_one_that_was_used(hub: Hub, ada: Client) -> None:
    assert ada.ok("GET", "/api/v3/repos/ada/app")["url"] == f"{hub.url}/api/v3/repos/ada/app"
    assert ada.ok("GET", "/repos/ada/app")["url"] == f"{hub.url}/repos/ada/app"


def test_a_used_up_budget_is_403_until_the_hour_is_over(hub: Hub, ada: Client, tmp_path: Path) -> None:
    ada.ok("GET", "/user")
    hub.limits.exhaust(str(ada.headers["authorization"]).removeprefix("token "))
    refusal = ada.get("/user")
    assert refusal.status_code == 403
    assert refusal.headers["x-ratelimit-remaining"] == "0"
    assert "API rate limit exceeded" in refusal.json()["message"]
    assert ada.ok("GET", "/rate_limit")["rate"]["remaining"] == 0
    (tmp_path / "clock").write_text("3601")
    ada.ok("GET", "/user")


def test_fast_content_creation_meets_the_secondary_limit(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub", clock_file=tmp_path / "clock", secondary_limits=True) as hub:
        hub.admin.user("ada")
        hub.admin.repo("ada/app")
        with Client(hub, hub.admin.token("ada")) as ada:
            ada.ok("POST", f"{APP}/issues", {"title": "t"})
            for _ in range(79):
                ada.ok("POST", f"{APP}/issues/1/comments", {"body": "b"})
            refusal = ada.post(f"{APP}/issues/1/comments", json={"body": "b"})
            assert refusal.status_code == 403
            assert 1 <= int(refusal.headers["retry-after"]) <= 61
            (tmp_path / "clock").write_text("62")
            ada.ok("POST", f"{APP}/issues/1/comments", {"body": "b"})


def test_issues_are_filtered_and_sorted_as_asked(hub: Hub, ada: Client, tmp_path: Path) -> None:
    hub.admin.issue("ada/app", "a", labels=["bug", "ready"])
    hub.admin.issue("ada/app", "b", labels=["bug"], author="bob", assignees=["bob"])
    hub.admin.issue("ada/app", "c", author="eve")
    hub.admin.close("ada/app", 3)

    def numbers(**query: str) -> list[int]:
        return [issue["number"] for issue in ada.get(f"{APP}/issues", params=query).json()]

    assert numbers() == [2, 1]
    assert numbers(state="all", direction="asc") == [1, 2, 3]
    assert numbers(state="closed") == [3]
    assert numbers(labels="bug,ready") == [1]
    assert numbers(creator="bob") == [2]
    assert numbers(assignee="bob") == [2]
    assert numbers(assignee="none", state="all") == [3, 1]
    (tmp_path / "clock").write_text("100")
    hub.admin.comment("ada/app", 1, "touch")
    since = ada.ok("GET", f"{APP}/issues/1")["updated_at"]
    assert numbers(since=since, state="all") == [1]
    assert numbers(sort="updated") == [1, 2]


def test_search_finds_by_qualifier_and_text(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "Parser breaks", "on commas", labels=["bug"])
    hub.admin.issue("ada/app", "Other", "parser in the body", author="bob")

    def numbers(query: str) -> list[int]:
        return [item["number"] for item in ada.ok("GET", "/search/issues", params={"q": query})["items"]]

    assert numbers("repo:ada/app parser") == [2, 1]
    assert numbers("repo:ada/app in:title parser") == [1]
    assert numbers('repo:ada/app label:"bug" is:open is:issue') == [1]
    assert numbers("repo:ada/app author:bob") == [2]
    assert numbers("repo:ada/app -label:bug") == [2]
    assert ada.refused(422, "GET", "/search/issues")["errors"][0]["code"] == "missing"


def test_search_trails_behind_the_list(hub: Hub, ada: Client) -> None:
    hub.db.lags.search_seconds = 0.15
    hub.admin.issue("ada/app", "fresh")
    assert len(ada.ok("GET", f"{APP}/issues")) == 1
    assert ada.ok("GET", "/search/issues?q=repo:ada/app")["total_count"] == 0
    time.sleep(0.16)
    assert ada.ok("GET", "/search/issues?q=repo:ada/app")["total_count"] == 1


def test_the_timeline_names_who_did_what(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "old title")
    hub.admin.label("ada/app", 1, "ready", actor="bob")
    hub.admin.unlabel("ada/app", 1, "ready", actor="ada")
    hub.admin.edit_issue("ada/app", 1, title="new title", actor="bob")
    hub.admin.comment("ada/app", 1, "hm", actor="eve")
    hub.admin.close("ada/app", 1, actor="bob", reason="not_planned")
    hub.admin.reopen("ada/app", 1, actor="ada")
    found = ada.ok("GET", f"{APP}/issues/1/timeline")
    assert [(entry["event"], entry["actor"]["login"]) for entry in found] == [
        ("labeled", "bob"), ("unlabeled", "ada"), ("renamed", "bob"), ("commented", "eve"), ("closed", "bob"),
        ("reopened", "ada"),
    ]  # fmt: skip
    assert found[0]["label"]["name"] == "ready"
    kinds = [event["event"] for event in ada.ok("GET", f"{APP}/issues/1/events")]
    assert kinds == ["labeled", "unlabeled", "renamed", "closed", "reopened"]


def test_labels_are_made_put_on_and_taken_off(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t")
    assert ada.ok("POST", f"{APP}/labels", {"name": "p/high", "color": "ff0000"})["color"] == "ff0000"
    assert ada.refused(422, "POST", f"{APP}/labels", {"name": "P/HIGH"})["errors"][0]["code"] == "already_exists"
    on = ada.ok("POST", f"{APP}/issues/1/labels", {"labels": ["p/high", "new"]})
    assert [label["name"] for label in on] == ["p/high", "new"]
    assert [label["name"] for label in ada.ok("DELETE", f"{APP}/issues/1/labels/p%2Fhigh")] == ["new"]
    ada.refused(404, "DELETE", f"{APP}/issues/1/labels/p%2Fhigh")
    assert [label["name"] for label in ada.ok("PUT", f"{APP}/issues/1/labels", ["a", "b"])] == ["a", "b"]
    ada.ok("DELETE", f"{APP}/labels/a")
    assert [label["name"] for label in ada.ok("GET", f"{APP}/issues/1/labels")] == ["b"]


def test_sub_issues_have_one_parent(hub: Hub, ada: Client) -> None:
    ids = [ada.ok("POST", f"{APP}/issues", {"title": title})["id"] for title in ("mission", "part", "other")]
    ada.ok("POST", f"{APP}/issues/1/sub_issues", {"sub_issue_id": ids[1]})
    assert [child["number"] for child in ada.ok("GET", f"{APP}/issues/1/sub_issues")] == [2]
    assert ada.ok("GET", f"{APP}/issues/2/parent")["number"] == 1
    ada.refused(422, "POST", f"{APP}/issues/3/sub_issues", {"sub_issue_id": ids[1]})
    assert ada.ok("GET", f"{APP}/issues/1")["sub_issues_summary"]["total"] == 1
    ada.ok("DELETE", f"{APP}/issues/1/sub_issue", {"sub_issue_id": ids[1]})
    ada.refused(404, "GET", f"{APP}/issues/2/parent")


def test_files_are_written_through_the_api_only_against_their_present_blob(hub: Hub, ada: Client) -> None:
    path = f"{APP}/contents/docs/a.md"
    made = ada.ok("PUT", path, {"message": "m", "content": "b25l"})
    assert hub.admin.show("ada/app", "main", "docs/a.md") == "one"
    ada.refused(422, "PUT", path, {"message": "m", "content": "dHdv"})
    ada.refused(409, "PUT", path, {"message": "m", "content": "dHdv", "sha": "0" * 40})
    ada.ok("PUT", path, {"message": "m", "content": "dHdv", "sha": made["content"]["sha"]})
    assert ada.ok("GET", path)["content"] == "dHdv\n"
    assert [entry["type"] for entry in ada.ok("GET", f"{APP}/contents/docs")] == ["file"]
    ada.refused(404, "GET", f"{APP}/contents/docs/b.md")


def test_refs_are_made_moved_and_removed(hub: Hub, ada: Client) -> None:
    main = ada.ok("GET", f"{APP}/git/ref/heads/main")["object"]["sha"]
    ada.ok("POST", f"{APP}/git/refs", {"ref": "refs/heads/x/y", "sha": main})
    again = ada.refused(422, "POST", f"{APP}/git/refs", {"ref": "refs/heads/x/y", "sha": main})
    assert again["message"] == "Reference already exists"
    ada.refused(422, "POST", f"{APP}/git/refs", {"ref": "refs/heads/z", "sha": "1" * 40})
    new = hub.admin.push("ada/app", "main", {"a": "1"})
    ada.ok("PATCH", f"{APP}/git/refs/heads/x/y", {"sha": new})
    back = ada.refused(422, "PATCH", f"{APP}/git/refs/heads/x/y", {"sha": main})
    assert back["message"] == "Update is not a fast forward"
    ada.ok("PATCH", f"{APP}/git/refs/heads/x/y", {"sha": main, "force": True})
    assert [ref["ref"] for ref in ada.ok("GET", f"{APP}/git/matching-refs/heads/x")] == ["refs/heads/x/y"]
    ada.ok("DELETE", f"{APP}/git/refs/heads/x/y")
    ada.refused(404, "GET", f"{APP}/git/ref/heads/x/y")


def test_a_comparison_counts_commits_and_lists_files(hub: Hub, ada: Client) -> None:
    hub.admin.push("ada/app", "f", {"a.txt": "1\n2\n", "README.md": None})
    hub.admin.push("ada/app", "main", {"b.txt": "1\n"})
    found = ada.ok("GET", f"{APP}/compare/main...f")
    assert (found["status"], found["ahead_by"], found["behind_by"]) == ("diverged", 1, 1)
    assert {file["filename"]: file["status"] for file in found["files"]} == {"README.md": "removed", "a.txt": "added"}
    assert found["files"][1]["patch"] == "@@ -0,0 +1,2 @@\n+1\n+2"


def test_the_log_counts_requests_and_writes(hub: Hub, ada: Client) -> None:
    ada.ok("GET", "/user")
    ada.ok("POST", f"{APP}/issues", {"title": "t"})
    ada.refused(422, "POST", f"{APP}/issues", {})
    assert hub.requests.counters == {"requests": 3, "graphql_points": 0, "writes": 2}
    last = hub.requests.all()[-1]
    assert (last.method, last.status, last.applied, last.login) == ("POST", 422, False, "ada")
    assert [record["status"] for record in ada.ok("GET", "/_hub/requests")["requests"]] == [200, 201, 422]
    ada.ok("DELETE", "/_hub/requests")
    assert hub.requests.counters["requests"] == 0


@pytest.mark.parametrize("path", ["/user", APP, f"{APP}/issues"])
def test_every_answer_has_githubs_headers(hub: Hub, ada: Client, path: str) -> None:
    answer = ada.get(path)
    names = ("limit", "remaining", "used", "reset", "resource")
    assert all(f"x-ratelimit-{name}" in answer.headers for name in names)
    assert answer.headers["x-github-request-id"] != ada.get(path).headers["x-github-request-id"]


def test_a_read_is_quick(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t")
    ada.ok("GET", f"{APP}/issues/1")
    times = [ada.get(f"{APP}/issues/1").elapsed.total_seconds() for _ in range(20)]
    assert sorted(times)[10] < 0.02
