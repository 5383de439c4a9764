"""GitHub Apps: who am I, where am I installed, a token for an installation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, missing
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.store import repos, users
from orchestrator.hub.store.users import App, Installation

routes = Routes()
TOKEN_SECONDS = 3600
_RANK = {"none": 0, "read": 1, "write": 2, "admin": 3}


def _app(call: Call) -> App:
    if call.viewer.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return call.viewer.app


@routes.on("GET /app", area="app")
def own(call: Call) -> Answer:
    """The app of the JWT."""
    return Answer(body=accounts.app(call, _app(call)))


@routes.on("GET /app/installations", area="app")
def installations(call: Call) -> Answer:
    """Where it is installed."""
    found: Sequence[Installation] = users.installations(call.db, _app(call).id)
    return call.page(found, lambda page: [accounts.installation(call, each) for each in page])


def _installation(call: Call) -> Installation:
    wanted = call.number("id")
    found = [each for each in users.installations(call.db, _app(call).id) if each.id == wanted]
    if not found:
        raise missing()
    return found[0]


@routes.on("GET /app/installations/{id}", area="app")
def installation(call: Call) -> Answer:
    """One installation."""
    return Answer(body=accounts.installation(call, _installation(call)))


@routes.on("POST /app/installations/{id}/access_tokens", area="app")
def access_token(call: Call) -> Answer:
    """A token for an hour, with all the app's permissions or some, for all its repositories or some."""
    app, found, body = _app(call), _installation(call), call.body()
    granted: dict[str, str] = json.loads(app.permissions)
    wanted = body.get("permissions") or granted
    for area, level in wanted.items():
        if _RANK.get(level, 9) > _RANK[granted.get(area, "none")]:
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    owned = {repo.id: repo for repo in repos.of_owner(call.db, found.account_id)}
    names = {repo.name: repo.id for repo in owned.values()}
    chosen: list[int] | None = None
    if body.get("repositories") or body.get("repository_ids"):
        chosen = [names.get(name, 0) for name in body.get("repositories") or ()] + list(
            body.get("repository_ids") or ()
        )
        if any(repo_id not in owned for repo_id in chosen):
            raise ApiError(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            )
    expires = (call.hub.clock.now() + timedelta(seconds=TOKEN_SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = users.create_token(
        call.db, app.bot_id, kind="installation", permissions=wanted, app_id=app.id, installation_id=found.id,
        repos=chosen, expires_at=expires,
    )  # fmt: skip
    shape: Json = {"token": token.token, "expires_at": expires, "permissions": wanted}
    shape["repository_selection"] = "all" if chosen is None else "selected"
    if chosen is not None:
        shape["repositories"] = [accounts.repo(call, owned[repo_id]) for repo_id in chosen]
    return Answer(body=shape, status=201)


@routes.on("GET /installation/repositories")
def accessible(call: Call) -> Answer:
    """What an installation token reaches."""
    if call.viewer.account_id is None or call.viewer.token is None:
        raise ApiError(
            403,
            "You must authenticate with an installation access token in order to list repositories "
            "for an installation.",
        )
    only = json.loads(call.viewer.token.repos) if call.viewer.token.repos else None
    found = [repo for repo in repos.of_owner(call.db, call.viewer.account_id) if only is None or repo.id in only]
    return call.page_in("repositories", found, lambda page: [accounts.repo(call, repo) for repo in page],
                        repository_selection="all" if only is None else "selected")  # fmt: skip


@routes.on("DELETE /installation/token")
def revoke(call: Call) -> Answer:
    """Give the token back."""
    assert call.viewer.token is not None
    users.revoke(call.db, call.viewer.token.token)
    return Answer(status=204)


@routes.on("GET /repos/{owner}/{repo}/installation", area="app")
def of_repo(call: Call) -> Answer:
    """The app's installation on a repository's owner."""
    found = users.installation(call.db, _app(call).id, call.repo.owner_id)
    if found is None:
        raise missing()
    return Answer(body=accounts.installation(call, found))


@routes.on("GET /users/{login}/installation", area="app")
def of_user(call: Call) -> Answer:
    """The app's installation on a user."""
    return _of_account(call)


@routes.on("GET /orgs/{login}/installation", area="app")
def of_org(call: Call) -> Answer:
    """The app's installation on an organization."""
    return _of_account(call)


def _of_account(call: Call) -> Answer:
    account = users.by_login(call.db, call.params["login"])
    found = users.installation(call.db, _app(call).id, account.id) if account else None
    if found is None:
        raise missing()
    return Answer(body=accounts.installation(call, found))


@routes.on("GET /apps/{slug}")
def by_slug(call: Call) -> Answer:
    """A public app."""
    app = users.app_by_slug(call.db, call.params["slug"])
    if app is None:
        raise missing()
    return Answer(body=accounts.app(call, app))
