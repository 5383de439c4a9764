"""Who am I, and what have I left."""

from __future__ import annotations

from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, missing
from orchestrator.hub.limits import HOURLY
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.store import users
from orchestrator.hub.store.users import User

routes = Routes()


@routes.on("GET /rate_limit")
def rate_limit(call: Call) -> Answer:
    """The budgets of the caller's token."""
    resources = {}
    for resource in HOURLY:
        budget = call.hub.limits.budget(call.viewer.key, resource)
        resources[resource] = {
            "limit": budget.limit, "used": budget.used, "remaining": budget.remaining, "reset": budget.reset,
        }  # fmt: skip
    return Answer(body={"resources": resources, "rate": resources["core"]})


@routes.on("GET /user")
def viewer(call: Call) -> Answer:
    """The caller. An installation's bot has no such page."""
    if call.viewer.token is not None and call.viewer.token.kind == "installation":
        raise ApiError(403, "Resource not accessible by integration")
    return Answer(body=accounts.full_user(call, call.user, private=True))


@routes.on("GET /user/orgs")
def own_orgs(call: Call) -> Answer:
    """The caller's organizations."""
    return call.page(users.orgs_of(call.db, call.user.id), lambda page: [_simple_org(call, org) for org in page])


def _simple_org(call: Call, org: User) -> Json:
    names = ("login", "id", "node_id", "url", "repos_url", "events_url", "hooks_url", "issues_url", "members_url",
             "public_members_url", "avatar_url", "description")  # fmt: skip
    shape = accounts.organization(call, org)
    return {name: shape[name] for name in names}


@routes.on("GET /users/{login}")
def user(call: Call) -> Answer:
    """Any account."""
    found = users.by_login(call.db, call.params["login"])
    if found is None:
        raise missing()
    return Answer(body=accounts.full_user(call, found))


@routes.on("GET /orgs/{org}")
def org(call: Call) -> Answer:
    """An organization."""
    found = users.by_login(call.db, call.params["org"])
    if found is None or found.kind != "Organization":
        raise missing()
    return Answer(body=accounts.organization(call, found))


@routes.on("GET /meta")
def meta(call: Call) -> Answer:
    """What the host says of itself."""
    return Answer(body={"verifiable_password_authentication": False})
