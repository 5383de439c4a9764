"""Repositories, owners, collaborators."""

from __future__ import annotations

import sqlite3

from orchestrator.hub import auth
from orchestrator.hub.http import Answer, ApiError, Call, Routes, invalid, missing, text_field
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.store import repos, users
from orchestrator.hub.store.repos import LEVELS, Repo
from orchestrator.hub.store.users import User

routes = Routes()
REPO = "/repos/{owner}/{repo}"
_SWITCHES = ("private", "archived", "delete_branch_on_merge", "allow_merge_commit", "allow_squash_merge",
             "allow_rebase_merge", "allow_auto_merge")  # fmt: skip


@routes.on("GET " + REPO)
def read(call: Call) -> Answer:
    """One repository."""
    return Answer(body=accounts.full_repo(call, call.repo))


@routes.on("PATCH " + REPO, area="administration", role="admin")
def change(call: Call) -> Answer:
    """Change settings."""
    body = call.body()
    columns: dict[str, str | int | None] = {name: int(bool(body[name])) for name in _SWITCHES if name in body}
    for name in ("description", "default_branch"):
        if name in body:
            columns[name] = text_field(body, name, "Repository")
    branch = columns.get("default_branch")
    if branch is not None and call.hub.bare(call.repo).branch(str(branch)) is None:
        raise invalid("Repository", "default_branch", "invalid", "The branch was not found.")
    repos.update(call.db, call.repo.id, **columns)
    return Answer(body=accounts.full_repo(call, repos.get(call.db, call.repo.id)))


@routes.on("POST /user/repos", area="administration")
def create_own(call: Call) -> Answer:
    """Make a repository of one's own."""
    return _create(call, call.user)


@routes.on("POST /orgs/{org}/repos", area="administration")
def create_for_org(call: Call) -> Answer:
    """Make a repository of an organization; its members may."""
    org = users.by_login(call.db, call.params["org"])
    if org is None or org.kind != "Organization":
        raise missing()
    if users.member_role(call.db, org.id, call.user.id) is None and call.viewer.account_id != org.id:
        raise ApiError(403, "You need admin access to the organization before adding a repository to it.")
    return _create(call, org)


def _create(call: Call, owner: User) -> Answer:
    if not call.viewer.grants("administration", "write"):
        raise ApiError(403, call.viewer.refusal())
    body = call.body()
    name = text_field(body, "name", "Repository", required=True) or ""
    branch = "main"
    try:
        made = repos.create(
            call.db, owner.id, name, private=int(bool(body.get("private"))),
            description=text_field(body, "description", "Repository"), default_branch=branch,
            delete_branch_on_merge=int(bool(body.get("delete_branch_on_merge"))),
        )  # fmt: skip
    except sqlite3.IntegrityError as error:
        raise ApiError(422, "Repository creation failed.", [
            {"resource": "Repository", "code": "custom", "field": "name",
             "message": "name already exists on this account"},
        ]) from error  # fmt: skip
    call.hub.bare(made).create(branch)
    if body.get("auto_init"):
        call.hub.admin.push(made.full_name, branch, {"README.md": f"# {name}\n"}, author=call.user.login,
                            message="Initial commit")  # fmt: skip
    return Answer(body=accounts.full_repo(call, repos.get(call.db, made.id)), status=201)


def _visible(call: Call, found: list[Repo]) -> list[Repo]:
    return [repo for repo in found if auth.role(call.db, call.viewer, repo) != "none"]


@routes.on("GET /user/repos")
def own_repos(call: Call) -> Answer:
    """Repositories the caller owns, shares or reaches through an organization."""
    user = call.user
    found = [
        repo for repo in _visible(call, repos.every(call.db))
        if repo.owner_id == user.id or LEVELS.index(repos.permission(call.db, repo, user)) > LEVELS.index("read")
    ]  # fmt: skip
    return call.page(found, lambda page: [accounts.repo(call, repo) for repo in page])


@routes.on("GET /users/{login}/repos")
def repos_of_user(call: Call) -> Answer:
    """A user's repositories that the caller can see."""
    return _of_owner(call, call.params["login"])


@routes.on("GET /orgs/{login}/repos")
def repos_of_org(call: Call) -> Answer:
    """An organization's repositories that the caller can see."""
    return _of_owner(call, call.params["login"])


def _of_owner(call: Call, login: str) -> Answer:
    owner = users.by_login(call.db, login)
    if owner is None:
        raise missing()
    found = _visible(call, repos.of_owner(call.db, owner.id))
    return call.page(found, lambda page: [accounts.minimal_repo(call, repo) for repo in page])


@routes.on("GET " + REPO + "/collaborators", role="write")
def collaborators(call: Call) -> Answer:
    """Who has access."""
    return call.page(repos.collaborators(call.db, call.repo), lambda page: [_collaborator(call, user) for user in page])


def _collaborator(call: Call, user: User) -> dict[str, object]:
    level = repos.permission(call.db, call.repo, user)
    needs = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    flags = {name: LEVELS.index(level) >= LEVELS.index(needed) for name, needed in needs.items()}
    return accounts.user(call, user) | {"permissions": flags, "role_name": level}


@routes.on("GET " + REPO + "/collaborators/{login}", role="write")
def is_collaborator(call: Call) -> Answer:
    """204 or 404."""
    user = users.by_login(call.db, call.params["login"])
    if user is None or user.id not in {found.id for found in repos.collaborators(call.db, call.repo)}:
        raise missing()
    return Answer(status=204)


@routes.on("GET " + REPO + "/collaborators/{login}/permission")
def permission(call: Call) -> Answer:
    """A user's role: the old four words and the role's own name."""
    user = users.by_login(call.db, call.params["login"])
    if user is None:
        raise missing()
    level = repos.permission(call.db, call.repo, user)
    word = {"triage": "read", "maintain": "write"}.get(level, level)
    return Answer(body={"permission": word, "role_name": level, "user": _collaborator(call, user)})
