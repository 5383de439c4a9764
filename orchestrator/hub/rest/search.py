"""Search over issues and pull requests, with its own delay.

Syntax: https://docs.github.com/en/search-github/searching-on-github/searching-issues-and-pull-requests
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from orchestrator.hub import auth
from orchestrator.hub.auth import Viewer
from orchestrator.hub.db import Database
from orchestrator.hub.http import Answer, ApiError, Call, Routes
from orchestrator.hub.rest.shapes import issues as shapes
from orchestrator.hub.store import issues, repos, users
from orchestrator.hub.store.issues import Filter, Issue

routes = Routes()


@dataclass(kw_only=True)
class Query:
    """A parsed query; `words` are sought in `fields`."""

    words: list[str] = field(default_factory=list)
    fields: tuple[str, ...] = ("title", "body")
    qualifiers: list[tuple[str, str]] = field(default_factory=list)


def parse(text: str) -> Query:
    """Split into words and qualifiers. Raises ApiError 422 for an unclosed quote."""
    query = Query()
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ApiError(422, "Validation Failed", [
            {"message": "The search contains an unclosed quote.", "resource": "Search", "field": "q", "code": "invalid"}
        ]) from error  # fmt: skip
    for part in parts:
        name, mark, value = part.partition(":")
        if mark and name == "in":
            query.fields = tuple(value.split(","))
        elif mark and name.lstrip("-") in _TESTS:
            query.qualifiers.append((name, value))
        else:
            query.words.append(part.lower())
    return query


_TESTS = {"repo", "org", "user", "is", "type", "state", "label", "author", "assignee", "no"}


def find(db: Database, viewer: Viewer, text: str) -> list[Issue]:
    """What a query finds among the repositories the viewer can see, newest first. Used by GraphQL too."""
    query = parse(text)
    visible = [repo for repo in repos.every(db) if auth.role(db, viewer, repo) != "none"]
    named = {value.lower() for name, value in query.qualifiers if name == "repo"}
    owners = {value.lower() for name, value in query.qualifiers if name in ("org", "user")}
    if named:
        visible = [repo for repo in visible if repo.full_name.lower() in named]
    if owners:
        visible = [repo for repo in visible if repo.owner_login.lower() in owners]
    hidden = db.lags.hidden("issues", "search")
    found = issues.find(db, Filter(repo_ids=tuple(repo.id for repo in visible), state="all"))
    found = [issue for issue in found if issue.id not in hidden and _says(issue, query)]
    labels = issues.labels_of(db, [issue.id for issue in found])
    people = users.by_ids(db, {issue.author_id for issue in found})
    assigned = issues.assignees_of(db, [issue.id for issue in found])
    merged = _merged(db, found)

    def facts(issue: Issue) -> dict[str, set[str]]:
        kind = "pr" if issue.is_pull else "issue"
        names = {label.name.lower() for label in labels[issue.id]}
        folk = {person.login.lower() for person in assigned[issue.id]}
        words = {
            kind,
            "pull-request" if issue.is_pull else kind,
            issue.state,
            "merged" if issue.id in merged else "unmerged",
        }
        empty = {word for word, values in (("label", names), ("assignee", folk)) if not values}
        return {
            "is": words, "type": words, "state": words, "label": names, "assignee": folk, "no": empty,
            "author": {people[issue.author_id].login.lower()},
        }  # fmt: skip

    return [issue for issue in found if _fits(facts(issue), query)]


def _says(issue: Issue, query: Query) -> bool:
    text = " ".join(
        (issue.title if "title" in query.fields else "", (issue.body or "") if "body" in query.fields else "")
    )
    return all(word in text.lower() for word in query.words)


def _fits(facts: dict[str, set[str]], query: Query) -> bool:
    for name, value in query.qualifiers:
        word = name.lstrip("-")
        if word in facts and (value.lower() in facts[word]) == name.startswith("-"):
            return False
    return True


def _merged(db: Database, found: list[Issue]) -> set[int]:
    from orchestrator.hub.store import pulls

    halves = pulls.of_issues(db, [issue.id for issue in found if issue.is_pull])
    return {issue_id for issue_id, half in halves.items() if half.merged}


@routes.on("GET /search/issues")
def search(call: Call) -> Answer:
    """Search issues and pull requests; at most 1000 results."""
    text = call.query.get("q", "")
    if not text.strip():
        raise ApiError(422, "Validation Failed", [{"resource": "Search", "field": "q", "code": "missing"}])
    found = find(call.db, call.viewer, text)
    if call.query.get("sort") == "updated":
        found.sort(key=lambda issue: issue.updated_at, reverse=True)
    if call.query.get("order") == "asc":
        found.reverse()
    return call.page_in(
        "items", found[:1000], lambda page: [shape | {"score": 1.0} for shape in shapes.issues(call, page)],
        incomplete_results=False,
        search_type="lexical",
    )  # fmt: skip
