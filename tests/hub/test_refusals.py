"""What GitHub refuses, the hub refuses: who may not, what is not valid, what cannot be seen."""

from __future__ import annotations

from orchestrator.hub import Hub
from tests.hub.client import APP, Client


def test_an_unknown_token_is_401(hub: Hub) -> None:
    with Client(hub, "nonsense") as stranger:
        body = stranger.refused(401, "GET", "/user")
    assert body["message"] == "Bad credentials"
    assert body["documentation_url"].startswith("https://docs.github.com/")


def test_nobody_reads_but_does_not_write(hub: Hub) -> None:
    with Client(hub, None) as nobody:
        nobody.ok("GET", APP)
        nobody.refused(401, "GET", "/user")
        assert nobody.refused(401, "POST", f"{APP}/issues", {"title": "t"})["message"] == "Requires authentication"


def test_a_private_repository_is_404_for_those_without_access(hub: Hub, ada: Client, bob: Client) -> None:
    hub.admin.repo("ada/secret", files={"a": "1"}, private=True)
    hub.admin.issue("ada/secret", "hidden")
    ada.ok("GET", "/repos/ada/secret")
    bob.refused(404, "GET", "/repos/ada/secret")
    bob.refused(404, "POST", "/repos/ada/secret/issues", {"title": "t"})
    assert bob.ok("GET", "/search/issues?q=hidden")["total_count"] == 0
    assert [repo["name"] for repo in bob.ok("GET", "/users/ada/repos")] == ["app"]


def test_a_token_reaches_only_what_it_was_given(hub: Hub) -> None:
    token = hub.admin.token("ada", permissions={"issues": "write", "contents": "read"})
    with Client(hub, token) as limited:
        limited.ok("POST", f"{APP}/issues", {"title": "t"})
        refusal = limited.refused(403, "PUT", f"{APP}/contents/a", {"message": "m", "content": "YQ=="})
        assert refusal["message"] == "Resource not accessible by personal access token"
        limited.refused(403, "POST", f"{APP}/pulls", {"title": "t", "head": "x", "base": "main"})


def test_a_classic_token_needs_the_scope(hub: Hub) -> None:
    with Client(hub, hub.admin.token("ada", kind="classic", scopes=["read:org"])) as limited:
        limited.refused(403, "POST", f"{APP}/issues", {"title": "t"})
    with Client(hub, hub.admin.token("ada", kind="classic", scopes=["repo"])) as full:
        answer = full.post(f"{APP}/issues", json={"title": "t"})
        assert (answer.status_code, answer.headers["x-oauth-scopes"]) == (201, "repo")


def test_a_stranger_files_issues_but_neither_labels_nor_closes(hub: Hub) -> None:
    hub.admin.issue("ada/app", "ada's")
    with Client(hub, hub.admin.token("eve")) as eve:
        filed = eve.ok("POST", f"{APP}/issues", {"title": "t", "labels": ["ready"]})
        assert filed["labels"] == []
        assert filed["author_association"] == "NONE"
        eve.refused(403, "POST", f"{APP}/issues/1/labels", {"labels": ["ready"]})
        eve.refused(403, "PATCH", f"{APP}/issues/1", {"state": "closed"})
        assert eve.ok("PATCH", f"{APP}/issues/2", {"state": "closed"})["state"] == "closed"
        eve.refused(403, "PATCH", APP, {"private": True})


def test_missing_and_wrong_fields_are_422_with_errors(hub: Hub, ada: Client) -> None:
    assert ada.refused(422, "POST", f"{APP}/issues", {})["errors"] == [
        {"resource": "Issue", "field": "title", "code": "missing_field"}
    ]
    found = ada.refused(422, "POST", f"{APP}/issues", {"title": "t", "assignees": ["eve"]})["errors"][0]
    assert (found["field"], found["code"], found["value"]) == ("assignees", "invalid", "eve")
    long = ada.refused(422, "POST", f"{APP}/issues", {"title": "x" * 257})
    assert "256" in long["errors"][0]["message"]
    ada.ok("POST", f"{APP}/issues", {"title": "t"})
    ada.refused(422, "PATCH", f"{APP}/issues/1", {"state": "done"})
    ada.refused(422, "POST", f"{APP}/issues/1/comments", {"body": ""})
    ada.refused(422, "POST", f"{APP}/issues/1/comments", {"body": "x" * 65537})
    ada.refused(404, "GET", f"{APP}/issues/99")
    ada.refused(404, "GET", f"{APP}/issues/abc")


def test_what_is_no_json_is_400(hub: Hub, ada: Client) -> None:
    assert ada.post(f"{APP}/issues", content=b"{oops").status_code == 400
    assert ada.post(f"{APP}/issues/", content=b"[1]").status_code == 422


def test_only_the_author_or_a_member_edits_a_comment(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t")
    number = hub.admin.comment("ada/app", 1, "hers")
    with Client(hub, hub.admin.token("eve")) as eve:
        eve.refused(403, "PATCH", f"{APP}/issues/comments/{number}", {"body": "mine"})
        eve.refused(403, "DELETE", f"{APP}/issues/comments/{number}")
    assert ada.ok("PATCH", f"{APP}/issues/comments/{number}", {"body": "better"})["body"] == "better"
    ada.ok("DELETE", f"{APP}/issues/comments/{number}")
    ada.refused(404, "GET", f"{APP}/issues/comments/{number}")


def test_an_archived_repository_is_read_only(hub: Hub, ada: Client) -> None:
    ada.ok("PATCH", APP, {"archived": True})
    assert "archived" in ada.refused(403, "POST", f"{APP}/issues", {"title": "t"})["message"]
    assert ada.ok("GET", f"{APP}/issues") == []


def test_a_repository_name_is_taken_once(hub: Hub, ada: Client) -> None:
    made = ada.ok("POST", "/user/repos", {"name": "new", "auto_init": True})
    assert made["full_name"] == "ada/new"
    assert hub.admin.show("ada/new", "main", "README.md") == "# new\n"
    assert "already exists" in ada.refused(422, "POST", "/user/repos", {"name": "new"})["errors"][0]["message"]


def test_only_members_make_repositories_of_an_organization(hub: Hub, ada: Client, bob: Client) -> None:
    hub.admin.org("acme", members={"ada": "admin"})
    assert ada.ok("POST", "/orgs/acme/repos", {"name": "tool"})["owner"]["type"] == "Organization"
    bob.refused(403, "POST", "/orgs/acme/repos", {"name": "other"})
    assert ada.ok("GET", "/repos/acme/tool/collaborators/ada/permission")["permission"] == "admin"
