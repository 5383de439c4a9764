"""Repositories, and who may do what in them."""

from __future__ import annotations

from urllib.parse import quote

from orchestrator.github.client import GitHub
from orchestrator.github.errors import NotFound
from orchestrator.github.words import object_of
from orchestrator.model.names import RepoName


def path(repo: RepoName) -> str:
    """`/repos/owner/name`, safe in an address."""
    return f"/repos/{quote(repo, safe='/')}"


def default_branch(gh: GitHub, repo: RepoName) -> str:
    """Raises NotFound for a repository that is not there or not visible."""
    return object_of(gh.rest("GET", path(repo)).data, repo).text("default_branch")


def permission(gh: GitHub, repo: RepoName, login: str) -> str:
    """admin, write, read or none. The word is GitHub's legacy one: `maintain` reads write, `triage` reads read."""
    try:
        reply = gh.rest("GET", f"{path(repo)}/collaborators/{quote(login, safe='')}/permission")
    except NotFound:
        return "none"
    return object_of(reply.data, f"permission of {login}").text("permission")


def viewer(gh: GitHub) -> str:
    """Login of whoever the token belongs to."""
    return gh.login()
