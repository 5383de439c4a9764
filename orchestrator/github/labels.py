"""Labels of a repository: listed, made and taken away."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from orchestrator.github.client import GitHub
from orchestrator.github.errors import Invalid, NotFound
from orchestrator.github.repos import path
from orchestrator.model.names import RepoName


@dataclass(frozen=True, kw_only=True)
class Label:
    name: str
    color: str = "ededed"
    """Six hexadecimal digits."""
    description: str = ""


def listed(gh: GitHub, repo: RepoName) -> tuple[str, ...]:
    """Names of all labels of the repository."""
    return tuple(label.name for label in described(gh, repo))


def described(gh: GitHub, repo: RepoName) -> tuple[Label, ...]:
    """All labels of the repository as they stand there."""
    return tuple(
        Label(name=found.text("name"), color=found.text("color"), description=found.text_or_none("description"))
        for found in gh.pages(f"{path(repo)}/labels")
    )


def make(gh: GitHub, repo: RepoName, label: Label) -> bool:
    """False: somebody made it meanwhile. Safe to repeat."""
    try:
        gh.rest(
            "POST",
            f"{path(repo)}/labels",
            body={"name": label.name, "color": label.color, "description": label.description},
        )
    except Invalid as why:
        if "already_exists" not in str(why):
            raise
        return False
    return True


def delete(gh: GitHub, repo: RepoName, name: str) -> None:
    """From the repository and all its issues; one that is not there is fine."""
    try:
        gh.rest("DELETE", f"{path(repo)}/labels/{quote(name, safe='')}")
    except NotFound:
        return
