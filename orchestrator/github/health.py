"""What the doctor asks: what the token is worth, GitHub's time, what a repository lets us do, what checks it."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from orchestrator.github.client import AGENT, GitHub
from orchestrator.github.errors import NotFound, Unavailable
from orchestrator.github.repos import path
from orchestrator.github.words import object_of
from orchestrator.model.names import RepoName
from orchestrator.model.settings import GitHubSettings

LOOKED_AT = 5
"""Newest pull requests whose heads tell what checks there are."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a token is worth now."""

    scopes: tuple[str, ...] | None
    """Of a classic token; None: a fine-grained or an App's, which has permissions instead."""
    expires: datetime | None
    remaining: int
    """Requests left until `reset`, of `limit`; the smaller of REST and GraphQL by share."""
    limit: int
    reset: datetime


def worth(gh: GitHub) -> Worth:
    """`GET /rate_limit`, which costs nothing. Raises Unauthorized and what the client raises.

    GitHub's documentation: `x-oauth-scopes` ("Scopes for OAuth apps"), `github-authentication-token-expiration`
    ("Managing your personal access tokens").
    """
    reply = gh.rest("GET", "/rate_limit")
    resources = object_of(reply.data, "rate limit").one("resources")
    parts = [resources.one(name) for name in ("core", "graphql") if resources.has(name)]
    least = min(parts, key=lambda p: p.number("remaining") / max(1, p.number("limit")))
    told = reply.headers.get("x-oauth-scopes")
    return Worth(
        scopes=None if told is None else tuple(s for s in (part.strip() for part in told.split(",")) if s),
        expires=_expiry(reply.headers.get("github-authentication-token-expiration", "")),
        remaining=least.number("remaining"),
        limit=least.number("limit"),
        reset=datetime.fromtimestamp(least.number("reset"), UTC),
    )


def _expiry(words: str) -> datetime | None:
    """`2026-12-24 08:00:00 UTC` or with an offset for the zone."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        with contextlib.suppress(ValueError):
            found = datetime.strptime(words, form)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def date(settings: GitHubSettings, *, timeout: float) -> datetime:
    """GitHub's own time, from the Date header of any answer: asked without a token, for a wrong clock can be what
    makes one invalid. Raises Unavailable."""
    request = urllib.request.Request(f"{settings.api_url}/meta", headers={"User-Agent": AGENT})
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if settings.loopback else []))
    try:
        with opener.open(request, timeout=timeout) as reply:
            told = reply.headers.get("Date", "")
    except urllib.error.HTTPError as refused:
        with refused:
            told = refused.headers.get("Date", "")
    except OSError as why:
        raise Unavailable(f"{settings.api_url}: {why!r}") from why
    try:
        return parsedate_to_datetime(told)
    except (TypeError, ValueError):
        raise Unavailable(f"{settings.api_url}: its answer has no date") from None


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A repository as this token may use it."""

    name: str
    """What it is called now."""
    branch: str
    """Its default branch."""
    push: bool
    archived: bool


def reach(gh: GitHub, repo: RepoName) -> Reach:
    """Raises NotFound for one that is not there or not visible, and what the client raises."""
    told = object_of(gh.rest("GET", path(repo)).data, repo)
    rights = told.maybe("permissions") if told.has("permissions") else None
    return Reach(
        name=told.text("full_name"),
        branch=told.text("default_branch"),
        # An App's token is told no permissions: what it may do shows when it does it.
        push=rights is None or rights.flag("push"),
        archived=told.flag("archived"),
    )


def checked_by(gh: GitHub, repo: RepoName, branch: str) -> frozenset[str]:
    """Names of all checks and statuses seen on the branch's head and on the heads of the newest pull requests."""
    reply = gh.rest("GET", f"{path(repo)}/pulls", params={"state": "all", "per_page": LOOKED_AT})
    pulls = object_of({"list": reply.data}, "pull requests").many("list")
    heads = [quote(branch, safe=""), *(p.one("head").text("sha") for p in pulls)]
    found: set[str] = set()
    for head in dict.fromkeys(heads):
        with contextlib.suppress(NotFound):
            found |= {r.text("name") for r in gh.pages(f"{path(repo)}/commits/{head}/check-runs", key="check_runs")}
            found |= {s.text("context") for s in gh.pages(f"{path(repo)}/commits/{head}/status", key="statuses")}
    return frozenset(found)


def workflows(gh: GitHub, repo: RepoName) -> tuple[str, ...]:
    """Files in `.github/workflows` of the default branch."""
    try:
        reply = gh.rest("GET", f"{path(repo)}/contents/.github/workflows")
    except NotFound:
        return ()
    files = object_of({"list": reply.data}, "workflows").many("list") if isinstance(reply.data, list) else ()
    return tuple(f.text("name") for f in files)


def refs(gh: GitHub, repo: RepoName, prefix: str) -> tuple[str, ...]:
    """Full names of the refs that begin so (`refs/x/y`)."""
    below = quote(prefix.removeprefix("refs/"), safe="/")
    return tuple(r.text("ref") for r in gh.pages(f"{path(repo)}/git/matching-refs/{below}"))
