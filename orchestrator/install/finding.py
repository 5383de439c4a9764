"""What set-up finds out by itself: what the token may do, what a repository is called, holds, and is checked by.

Only reads. Files of the repository are foreign: of them is read whether a known thing stands there, and no word of
theirs becomes part of a command.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from orchestrator.github import health, projects
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Forbidden, NotFound
from orchestrator.github.repos import path
from orchestrator.github.words import object_of, objects
from orchestrator.install.words import comment
from orchestrator.model.errors import Told
from orchestrator.model.names import RepoName
from orchestrator.model.settings import Checks

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_FILE_BYTES = 200_000
_TARGET = re.compile(rb"^(test|check)[ \t]*:(?!=)")
_NPM_DEFAULT = "no test specified"


@dataclass(frozen=True, kw_only=True)
class Found:
    """One repository as set-up sees it."""

    name: RepoName
    """As GitHub spells it now."""
    node_id: str
    branch: str
    verify: str
    """A command, or `none`."""
    why: str
    """Where that was seen."""
    checks: Checks
    ci: str
    """Where CI was seen; empty = nowhere."""

    @property
    def owner(self) -> str:
        return self.name.partition("/")[0]


def repository(gh: GitHub, name: str, verify: str) -> Found:
    """Raises Told where the work could not be done there: not there, archived, no push; and GitHubError."""
    if not _REPO.fullmatch(name):
        raise Told(f"{name!r} is no repository: expected owner/name")
    repo = RepoName(name)
    try:
        told = object_of(gh.rest("GET", path(repo)).data, name)
    except NotFound:
        raise Told(f"{name} is not there, or this token may not see it (give it access to that repository)") from None
    reach = health.reach(gh, repo)
    if reach.archived:
        raise Told(f"{name} is archived: GitHub takes no work there")
    if not reach.push:
        raise Told(f"{gh.login()} may not push to {name}: give that account write access, or use another token")
    repo = RepoName(told.text("full_name"))
    proposed, why = (verify, "as you said") if verify else _proposal(gh, repo)
    ci = _ci(gh, repo, reach.branch)
    return Found(
        name=repo,
        node_id=told.text("node_id"),
        branch=reach.branch,
        verify=proposed,
        why=why,
        checks=Checks.REQUIRED if ci else Checks.NONE,
        ci=ci,
    )


def token(gh: GitHub, *, board: bool) -> str:
    """What the token is, in words. Raises Told where a classic one lacks a scope, Unauthorized where there is none."""
    login = gh.login()
    worth = health.worth(gh)
    if worth.expires is not None and worth.expires < gh.clock.now():
        raise Told(f"the token of {login} has expired ({worth.expires:%Y-%m-%d}); make a new one")
    ends = f", good until {worth.expires:%Y-%m-%d}" if worth.expires else ""
    if worth.scopes is None:
        return f"token of {login} (fine-grained or an App's; what it may do shows as it is used){ends}"
    wanted = ["repo", *(["project"] if board else [])]
    has = {*worth.scopes, *(["repo"] if "public_repo" in worth.scopes else [])}
    if lacking := [scope for scope in wanted if scope not in has]:
        more = ", or say --board none" if "project" in lacking else ""
        raise Told(
            f"the token of {login} lacks the scope {' and '.join(lacking)}: "
            f"`gh auth refresh -s {','.join(lacking)}`, or tick it at {gh.settings.web_url}/settings/tokens{more}"
        )
    return f"token of {login} with the scopes {', '.join(worth.scopes)}{ends}"


def boards(gh: GitHub, owner: str) -> None:
    """May this token see boards of the owner at all? Raises Told with what to do."""
    try:
        projects.owned(gh, owner)
    except Forbidden as why:
        raise Told(
            f"this token may not see boards of {owner} ({why}): fine-grained tokens reach organizations' boards only, "
            "with the permission Projects: write; else take a classic token with `project`, or say --board none"
        ) from None


def _ci(gh: GitHub, repo: RepoName, branch: str) -> str:
    seen = health.checked_by(gh, repo, branch)
    if seen:
        return comment(f"checks seen: {', '.join(sorted(seen)[:4])}")
    return "workflows in .github/workflows" if health.workflows(gh, repo) else ""


def _proposal(gh: GitHub, repo: RepoName) -> tuple[str, str]:
    """The command that most people with such files run."""
    try:
        listed = objects(gh.rest("GET", f"{path(repo)}/contents").data, "files")
    except NotFound:
        return "none", "the repository is empty"
    names = {entry.text("name") for entry in listed}
    for makefile in sorted({"Makefile", "makefile", "GNUmakefile"} & names):
        for line in _file(gh, repo, makefile).splitlines():
            if (target := _TARGET.match(line)) is not None:
                return f"make {target[1].decode()}", makefile
    if "package.json" in names and _has_npm_test(_file(gh, repo, "package.json")):
        return ("npm ci && npm test" if "package-lock.json" in names else "npm test"), "package.json"
    for file, command in _BY_FILE:
        if file in names:
            return command, file
    return "none", "no test command was recognized"


_BY_FILE = (
    ("tox.ini", "python3 -m pytest -q"),
    ("pytest.ini", "python3 -m pytest -q"),
    ("pyproject.toml", "python3 -m pytest -q"),
    ("setup.py", "python3 -m pytest -q"),
    ("Cargo.toml", "cargo test"),
    ("go.mod", "go test ./..."),
    ("pom.xml", "mvn -q test"),
    ("gradlew", "./gradlew test"),
    ("mix.exs", "mix test"),
    ("Rakefile", "bundle exec rake test"),
    ("composer.json", "composer test"),
    ("test.sh", "sh test.sh"),
)


def _file(gh: GitHub, repo: RepoName, name: str) -> bytes:
    """A file of the top folder; empty where it is large or no file."""
    data = gh.rest("GET", f"{path(repo)}/contents/{name}").data
    if not isinstance(data, dict):
        return b""
    told = object_of(data, name)
    if not told.has("content") or told.number("size") > _FILE_BYTES:
        return b""
    try:
        return base64.b64decode(told.text_or_none("content"))
    except binascii.Error:
        return b""


def _has_npm_test(text: bytes) -> bool:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return False
    scripts = data.get("scripts") if isinstance(data, dict) else None
    test = scripts.get("test") if isinstance(scripts, dict) else None
    return isinstance(test, str) and _NPM_DEFAULT not in test
