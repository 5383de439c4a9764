"""Branch protection."""

from __future__ import annotations

from orchestrator.hub.http import Answer, ApiError, Call, Routes
from orchestrator.hub.rest.shapes import checks as shapes
from orchestrator.hub.rules import protection
from orchestrator.hub.store import repos

routes = Routes()
PATH = "/repos/{owner}/{repo}/branches/{branch:path}/protection"
REQUIRED = ("required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions")


def _rules(call: Call) -> protection.Protection:
    name = call.params["branch"]
    if call.hub.bare(call.repo).branch(name) is None:
        raise ApiError(404, "Branch not found")
    rules = protection.load(call.db, call.repo, name)
    if rules is None:
        raise ApiError(404, "Branch not protected")
    return rules


@routes.on("GET " + PATH, area="administration", role="admin")
def read(call: Call) -> Answer:
    """The protection of a branch."""
    return Answer(body=shapes.protection(call, call.repo, call.params["branch"], _rules(call)))


@routes.on("GET " + PATH + "/required_status_checks", area="administration", role="admin")
def required_checks(call: Call) -> Answer:
    """Its required status checks."""
    shape = shapes.protection(call, call.repo, call.params["branch"], _rules(call))
    if "required_status_checks" not in shape:
        raise ApiError(404, "Required status checks not enabled")
    return Answer(body=shape["required_status_checks"])


@routes.on("PUT " + PATH, area="administration", role="admin")
def write(call: Call) -> Answer:
    """Protect a branch; GitHub wants all four main settings named, null for none."""
    name, body = call.params["branch"], call.body()
    if call.hub.bare(call.repo).branch(name) is None:
        raise ApiError(404, "Branch not found")
    absent = [field for field in REQUIRED if field not in body]
    if absent:
        wanted = ", ".join(f'"{field}"' for field in absent)
        raise ApiError(422, f"Invalid request.\n\n{wanted} weren't supplied.")
    repos.set_protection(call.db, call.repo.id, name, body)
    return Answer(body=shapes.protection(call, call.repo, name, _rules(call)))


@routes.on("DELETE " + PATH, area="administration", role="admin")
def delete(call: Call) -> Answer:
    """Take the protection away."""
    _rules(call)
    repos.set_protection(call.db, call.repo.id, call.params["branch"], None)
    return Answer(status=204)
