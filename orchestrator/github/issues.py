"""Issues and their comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from orchestrator.github import documents, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Invalid, NotFound, PartialAnswer, after_write
from orchestrator.github.repos import path
from orchestrator.github.words import Json, objects
from orchestrator.model.issue import Comment, Happened, Issue
from orchestrator.model.names import Public, RepoName

PER_QUERY = 50
NEWEST = 300
"""Issues, newest first, that are looked through for our own; what we filed minutes ago is among them."""
Ref = tuple[RepoName, int]


def read(gh: GitHub, repo: RepoName, number: int) -> Issue:
    """One issue with its editor. Raises NotFound when it is not there (a pull request is no issue)."""
    found = state_of(gh, [(repo, number)])
    if (repo, number) not in found:
        raise NotFound(f"{repo}#{number} is not there, or not visible to this token")
    return found[repo, number]


def state_of(gh: GitHub, refs: Sequence[Ref]) -> dict[Ref, Issue]:
    """The issues that are there, with their bodies, 50 to a request; what is missing or invisible is left out.

    A number that belongs to a pull request is answered too, open or not as it is.
    """
    found: dict[Ref, Issue] = {}
    wanted = list(dict.fromkeys(refs))
    for start in range(0, len(wanted), PER_QUERY):
        missing = _batch(gh, wanted[start : start + PER_QUERY], found)
        for repo, number in missing:
            try:
                found[repo, number] = wire.issue_rest(gh.rest("GET", f"{path(repo)}/issues/{number}").data, repo)
            except NotFound:
                continue
    return found


def _batch(gh: GitHub, refs: list[Ref], found: dict[Ref, Issue]) -> list[Ref]:
    """Fills `found`; returns what GitHub says is no issue. An answer with errors is not used: it is asked anew without
    the ones that GitHub named missing."""
    missing: list[Ref] = []
    while refs:
        variables: dict[str, Json] = {}
        for i, (repo, number) in enumerate(refs):
            variables[f"owner{i}"], _, variables[f"name{i}"] = repo.partition("/")
            variables[f"number{i}"] = number
        try:
            data = gh.probe(documents.widened("issues", len(refs)), variables)
        except PartialAnswer as partial:
            gone = _missing(partial, refs)
            missing += gone
            refs = [r for r in refs if r not in gone]
            continue
        for i, (repo, number) in enumerate(refs):
            issue = wire.issue(data.one(f"r{i}").one("issue"))
            found[repo, number] = issue
        break
    return missing


def _missing(partial: PartialAnswer, refs: list[Ref]) -> list[Ref]:
    """The refs whose aliases GitHub named NOT_FOUND; the error again when anything else is wrong."""
    aliases = {f"r{i}": ref for i, ref in enumerate(refs)}
    if not partial.only_missing() or any(f.path[0] not in aliases for f in partial.faults):
        raise partial
    return [aliases[f.path[0]] for f in partial.faults]


def listed(gh: GitHub, repo: RepoName, *, state: str = "open", since: str = "") -> tuple[Issue, ...]:
    """All issues in that state (open, closed, all), newest first, to the last page; pull requests are left out.

    `since`: only those changed since then, ISO 8601. As `wire.issue_rest` they tell no editor.
    """
    params = {"state": state, "sort": "created", "direction": "desc", **({"since": since} if since else {})}
    found = gh.pages(f"{path(repo)}/issues", params)
    return tuple(wire.issue_rest(dict(i.data), repo) for i in found if not i.has("pull_request"))


def newest(gh: GitHub, repo: RepoName) -> str:
    """When anything of the repository's issues and pull requests last changed, ISO 8601; empty where there is none.

    One small request, which costs nothing while the answer stays the same.
    """
    params: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 1}
    found = objects(gh.rest("GET", f"{path(repo)}/issues", params=params).data, f"issues of {repo}")
    return found[0].text("updated_at") if found else ""


def history(gh: GitHub, repo: RepoName, number: int) -> tuple[Happened, ...]:
    """What happened to an issue, oldest first: closed, reopened, labelled, ...; no comments and no edits."""
    return tuple(wire.happened(e) for e in gh.pages(f"{path(repo)}/issues/{number}/events"))


def comments(gh: GitHub, repo: RepoName, number: int) -> tuple[Comment, ...]:
    """All comments, oldest first."""
    where = f"{path(repo)}/issues/{number}/comments"
    return tuple(wire.comment(dict(c.data), c.where) for c in gh.pages(where))


def comment(gh: GitHub, repo: RepoName, number: int, body: Public) -> Comment:
    """Writes one comment. Not safe twice: look for its marker first."""
    reply = gh.rest("POST", f"{path(repo)}/issues/{number}/comments", body={"body": body})
    with after_write():
        return wire.comment(reply.data, "comment")


def find_marked(gh: GitHub, repo: RepoName, number: int, marker: str) -> Comment | None:
    """Our own comment that carries `marker`; the same text in somebody else's comment is only a quotation."""
    found = [c for c in comments(gh, repo, number) if marker in c.body]
    return next((c for c in found if gh.is_me(c.author)), None)


def edit_comment(gh: GitHub, repo: RepoName, id: int, body: Public) -> Comment:
    reply = gh.rest("PATCH", f"{path(repo)}/issues/comments/{id}", body={"body": body})
    with after_write():
        return wire.comment(reply.data, "comment")


def add_labels(gh: GitHub, repo: RepoName, number: int, labels: Iterable[str]) -> None:
    """Adds labels; those that the repository lacks are made. Adding what stands already changes nothing."""
    wanted: list[Json] = [*sorted(set(labels))]
    if wanted:
        gh.rest("POST", f"{path(repo)}/issues/{number}/labels", body={"labels": wanted})


def remove_label(gh: GitHub, repo: RepoName, number: int, label: str) -> None:
    """Takes a label off; one that does not stand there is fine."""
    try:
        gh.rest("DELETE", f"{path(repo)}/issues/{number}/labels/{quote(label, safe='')}")
    except NotFound:
        return


def ensure_labels(gh: GitHub, repo: RepoName, names: Iterable[str]) -> None:
    """Makes the labels that the repository lacks; GitHub compares their names without case."""
    have = {label.text("name").casefold() for label in gh.pages(f"{path(repo)}/labels")}
    for name in sorted(n for n in set(names) if n.casefold() not in have):
        try:
            gh.rest("POST", f"{path(repo)}/labels", body={"name": name})
        except Invalid as why:
            if "already_exists" not in str(why):
                raise


def close(gh: GitHub, repo: RepoName, number: int, reason: str = "completed") -> None:
    """`reason`: completed or not_planned."""
    gh.rest("PATCH", f"{path(repo)}/issues/{number}", body={"state": "closed", "state_reason": reason})


def reopen(gh: GitHub, repo: RepoName, number: int) -> None:
    gh.rest("PATCH", f"{path(repo)}/issues/{number}", body={"state": "open"})


def create(gh: GitHub, repo: RepoName, title: Public, body: Public, labels: Iterable[str] = ()) -> Issue:
    """Files an issue. Not safe twice: look for its marker first."""
    wanted: list[Json] = [*sorted(set(labels))]
    reply = gh.rest("POST", f"{path(repo)}/issues", body={"title": title, "body": body, "labels": wanted})
    with after_write():
        return wire.issue_rest(reply.data, repo)


def filed(gh: GitHub, repo: RepoName, marker: str, *, since: str = "") -> int | None:
    """Number of our own newest issue that carries `marker`. Lists, for a search lags behind what was just filed.

    Looks at all issues made from `since` on (UTC, ISO 8601); without it at the newest NEWEST. Raises Incomplete beyond
    10,000.
    """
    listed = gh.pages(f"{path(repo)}/issues", {"state": "all", "sort": "created", "direction": "desc"})
    for seen, issue in enumerate(listed):
        if issue.text("created_at") < since if since else seen >= NEWEST:
            return None
        if marker in issue.text_or_none("body") and gh.is_me(wire.login(issue.maybe("user"))):
            return issue.number("number")
    return None
