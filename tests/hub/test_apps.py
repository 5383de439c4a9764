"""GitHub Apps: JWTs, installation tokens, bots, checks by their app."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestrator.hub import Hub
from tests.hub.client import APP, Client, clone, commit, git

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def signed(app_id: int, key: rsa.RSAPrivateKey = KEY, age: float = 0) -> str:
    now = int(time.time() - age)
    return jwt.encode({"iss": str(app_id), "iat": now - 10, "exp": now + 300}, key, algorithm="RS256")


class AppClient(Client):
    def __init__(self, hub: Hub, token: str) -> None:
        super().__init__(hub, None)
        self.headers["authorization"] = f"Bearer {token}"


@pytest.fixture
def app_id(hub: Hub) -> int:
    return hub.admin.app("agent-os", pem(KEY), installations=["ada"]).id


@pytest.fixture
def bot(hub: Hub, app_id: int) -> Iterator[AppClient]:
    with AppClient(hub, signed(app_id)) as app:
        installation = app.ok("GET", f"{APP}/installation")["id"]
        token = app.ok("POST", f"/app/installations/{installation}/access_tokens")["token"]
    with AppClient(hub, token) as client:
        yield client


def test_a_jwt_is_verified_with_the_registered_key(hub: Hub, app_id: int) -> None:
    with AppClient(hub, signed(app_id)) as app:
        assert app.ok("GET", "/app")["slug"] == "agent-os"
        assert [found["account"]["login"] for found in app.ok("GET", "/app/installations")] == ["ada"]
        app.refused(403, "POST", f"{APP}/issues", {"title": "t"})
    with AppClient(hub, signed(app_id, age=900)) as late:
        late.refused(401, "GET", "/app")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with AppClient(hub, signed(app_id, other)) as forged:
        forged.refused(401, "GET", "/app")


def test_an_installation_acts_as_a_bot_named_for_its_app(hub: Hub, bot: AppClient) -> None:
    issue = bot.ok("POST", f"{APP}/issues", {"title": "t", "labels": ["x"]})
    assert (issue["user"]["login"], issue["user"]["type"]) == ("agent-os[bot]", "Bot")
    assert issue["performed_via_github_app"]["slug"] == "agent-os"
    assert [label["name"] for label in issue["labels"]] == ["x"]
    assert bot.refused(403, "GET", "/user")["message"] == "Resource not accessible by integration"
    assert bot.ok("GET", "/installation/repositories")["total_count"] == 1


def test_an_installation_does_not_reach_other_accounts(hub: Hub, bot: AppClient) -> None:
    hub.admin.repo("bob/own", files={"a": "1"}, private=True)
    assert bot.refused(404, "GET", "/repos/bob/own")["message"] == "Not Found"


def test_a_token_may_ask_for_less_but_not_for_more(hub: Hub, app_id: int) -> None:
    with AppClient(hub, signed(app_id)) as app:
        path = f"/app/installations/{app.ok('GET', f'{APP}/installation')['id']}/access_tokens"
        app.refused(422, "POST", path, {"permissions": {"administration": "write"}})
        app.refused(422, "POST", path, {"repositories": ["nothing"]})
        small = app.ok("POST", path, {"permissions": {"issues": "read"}, "repositories": ["app"]})
    assert small["repository_selection"] == "selected"
    with AppClient(hub, small["token"]) as reader:
        refusal = reader.refused(403, "POST", f"{APP}/issues", {"title": "t"})
        assert refusal["message"] == "Resource not accessible by integration"


def test_an_installation_token_ends_after_an_hour(hub: Hub, bot: AppClient) -> None:
    bot.ok("GET", APP)
    assert hub.clock.file is not None
    hub.clock.file.write_text("3601")
    assert bot.refused(401, "GET", APP)["message"] == "Bad credentials"


def test_an_app_without_workflows_may_not_push_them(hub: Hub, app_id: int, tmp_path: Path) -> None:
    with AppClient(hub, signed(app_id)) as app:
        path = f"/app/installations/{app.ok('GET', f'{APP}/installation')['id']}/access_tokens"
        token = app.ok("POST", path, {"permissions": {"contents": "write"}})["token"]
    work = clone(hub, token, tmp_path)
    commit(work, {".github/workflows/ci.yml": "on: push"})
    done = git(work, "push", "origin", "main", check=False)
    assert "refusing to allow a GitHub App to create or update workflow" in done.stderr
    assert "without `workflows` permission" in done.stderr


def test_only_apps_make_check_runs_and_only_their_own(hub: Hub, ada: Client, bot: AppClient) -> None:
    sha = hub.admin.branches("ada/app")["main"]
    new = {"name": "review", "head_sha": sha}
    assert ada.refused(403, "POST", f"{APP}/check-runs", new)["message"] == "You must authenticate via a GitHub App."
    run = bot.ok("POST", f"{APP}/check-runs", new | {"output": {"title": "T", "summary": "S"}})
    assert (run["status"], run["conclusion"], run["app"]["slug"]) == ("queued", None, "agent-os")
    bot.refused(422, "PATCH", f"{APP}/check-runs/{run['id']}", {"status": "completed"})
    done = bot.ok("PATCH", f"{APP}/check-runs/{run['id']}", {"conclusion": "success"})
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    bot.refused(422, "POST", f"{APP}/check-runs", {"name": "x", "head_sha": "1" * 40})
    assert ada.ok("GET", f"{APP}/commits/main/check-runs")["check_runs"][0]["output"]["title"] == "T"
