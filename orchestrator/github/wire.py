"""GitHub's words to our values. No I/O; a missing or unknown word is Malformed.

Shapes: GraphQL as in GitHub's public schema (`@octokit/graphql-schema`), REST as in its OpenAPI description. In GraphQL
an app's login is its slug; REST writes `slug[bot]`, and so do we everywhere, since a person may own the bare name.
"""

from __future__ import annotations

from typing import TypeVar

from orchestrator.github.errors import Malformed
from orchestrator.github.words import Json, Words, object_of, objects
from orchestrator.model.issue import Act, Board, Card, Comment, Happened, Issue, Labelled
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.pull import CheckRun, CheckState, Mergeable, Pull

_T = TypeVar("_T")
_GREEN = frozenset({"success", "neutral", "skipped"})
_RED = frozenset({"failure", "timed_out", "cancelled", "action_required", "stale", "startup_failure", "error"})
_RUNNING = frozenset({"queued", "in_progress", "pending", "waiting", "requested", "expected"})


def login(actor: Words | None) -> str:
    """A login as REST spells it; empty for a deleted account. Takes both tongues."""
    if actor is None:
        return ""
    name = actor.text("login")
    is_bot = actor.has("__typename") and actor.text("__typename") == "Bot"
    return f"{name}[bot]" if is_bot and not name.endswith("[bot]") else name


def _names(labels: Words | None) -> frozenset[str]:
    return frozenset() if labels is None else frozenset(label.text("name") for label in labels.many("nodes"))


def issue(node: Words, card: Card | None = None) -> Issue:
    """An issue of a GraphQL answer (fragment Ticket)."""
    edits = _edits(node)
    last = max(edits, key=lambda edit: (edit.at, edit.by), default=Act())
    return Issue(
        repo=RepoName(node.one("repository").text("nameWithOwner")),
        number=node.number("number"),
        node_id=node.text("id"),
        title=node.text("title"),
        body=node.text("body"),
        author=login(node.maybe("author")),
        author_id=account_id(node.maybe("author")),
        editor=last.by,
        edited_at=last.at,
        edits=edits,
        labelled=tuple(
            Labelled(label=event.one("label").text("name"), act=act(event.maybe("actor"), event.text("createdAt")))
            for event in node.one("labelled").many("nodes")
        ),
        url=node.text("url"),
        open=_one_of(node, "state", {"OPEN": True, "CLOSED": False}),
        state_reason=node.text_or_none("stateReason").lower(),
        labels=_names(node.maybe("labels")),
        created_at=node.text("createdAt"),
        updated_at=node.text("updatedAt"),
        card=card,
    )


def act(actor: Words | None, at: str) -> Act:
    """Who did it and when."""
    return Act(by=login(actor), id=account_id(actor), at=at)


def account_id(actor: Words | None) -> int:
    """GitHub's number of a person or bot; 0 where it is not told."""
    told = actor.data.get("databaseId") if actor is not None else None
    return told if isinstance(told, int) else 0


def _edits(node: Words) -> tuple[Act, ...]:
    """Who changed title or body, and when. GitHub's edits are the body's alone; titles stand in the timeline."""
    found = [act(event.maybe("actor"), event.text("createdAt")) for event in node.one("renamed").many("nodes")]
    last = node.text_or_none("lastEditedAt")
    if last:
        found.append(act(node.maybe("editor"), last))
    history = node.maybe("userContentEdits")
    if history is not None:
        # The first of them is the writing itself, by the author.
        found += [act(e.maybe("editor"), e.text("editedAt")) for e in history.many("nodes")]
    more = history is not None and next_page(history) is not None
    if more or node.one("renamed").one("pageInfo").flag("hasPreviousPage"):
        found.append(Act(at=max(edit.at for edit in found)))
    writing = act(node.maybe("author"), node.text("createdAt"))
    return tuple(dict.fromkeys(edit for edit in found if edit != writing))


def issue_rest(reply: Json, repo: RepoName) -> Issue:
    """An issue of a REST answer; it tells no editor."""
    node = object_of(reply, f"issue of {repo}")
    return Issue(
        repo=repo,
        number=node.number("number"),
        node_id=node.text("node_id"),
        title=node.text("title"),
        body=node.text_or_none("body"),
        author=login(node.maybe("user")),
        url=node.text("html_url"),
        open=_one_of(node, "state", {"open": True, "closed": False}),
        state_reason=node.text_or_none("state_reason") if node.has("state_reason") else "",
        labels=frozenset(label.text("name") for label in node.many("labels")),
        created_at=node.text("created_at"),
        updated_at=node.text("updated_at"),
        closed_at=node.text_or_none("closed_at"),
    )


def happened(node: Words) -> Happened:
    """An issue event of a REST answer."""
    label = node.maybe("label") if node.has("label") else None
    actor = node.maybe("actor")
    told = actor.data.get("id") if actor is not None else None
    who = Act(by=login(actor), id=told if isinstance(told, int) else 0, at=node.text("created_at"))
    return Happened(kind=node.text("event"), act=who, label=label.text("name") if label else "")


def comment(reply: Json, where: str) -> Comment:
    """An issue comment of a REST answer."""
    node = object_of(reply, where)
    return Comment(
        id=node.number("id"),
        author=login(node.maybe("user")),
        body=node.text_or_none("body"),
        url=node.text("html_url"),
    )


def board(project: Words, owner: str, number: int) -> Board | None:
    """The ids a write needs; None when the project has no single-select field called Status."""
    field = project.maybe("field")
    if field is None or not field.has("options"):
        return None
    options = tuple((o.text("name"), o.text("id")) for o in field.many("options"))
    return Board(project_id=project.text("id"), status_field_id=field.text("id"), options=options)


def card(item: Words) -> Card:
    """A project item with its Status value; an unset status is empty."""
    value = item.maybe("fieldValueByName")
    if value is None or not value.has("name"):
        return Card(item_id=item.text("id"), status="")
    # Only of a value that never changed is it sure that its creator set what it is now.
    fresh = value.text("createdAt") == value.text("updatedAt")
    who = value.maybe("creator") if fresh else None
    return Card(
        item_id=item.text("id"),
        status=value.text_or_none("name"),
        set_by=login(who),
        set_by_id=account_id(who),
        set_at=value.text("updatedAt"),
    )


def next_page(connection: Words) -> str | None:
    """The cursor of the page after this one; None on the last."""
    page = connection.one("pageInfo")
    return page.text("endCursor") if page.flag("hasNextPage") else None


def page_before(connection: Words) -> str | None:
    """The cursor of the page before this one; None on the first."""
    page = connection.one("pageInfo")
    return page.text("startCursor") if page.flag("hasPreviousPage") else None


def pull(node: Words, repo: RepoName, checks: tuple[CheckRun, ...]) -> Pull:
    """A pull request of a GraphQL answer (fragment Watched)."""
    base = node.maybe("baseRef")
    tip = (base.maybe("target") if base else None) or Words(node.where, {"oid": node.text("baseRefOid")})
    merged = node.maybe("mergeCommit")
    head = node.maybe("headRepository")
    closed = node.one("timelineItems").many("nodes")
    return Pull(
        repo=repo,
        number=node.number("number"),
        node_id=node.text("id"),
        url=node.text("url"),
        title=node.text("title"),
        author=login(node.maybe("author")),
        head_ref=node.text("headRefName"),
        head_sha=Sha(node.text("headRefOid")),
        head_repo=head.text("nameWithOwner") if head else "",
        base_ref=node.text("baseRefName"),
        base_sha=Sha(tip.text("oid")),
        open=_one_of(node, "state", {"OPEN": True, "CLOSED": False, "MERGED": False}),
        merged=node.flag("merged"),
        draft=node.flag("isDraft"),
        mergeable=_one_of(
            node,
            "mergeable",
            {"MERGEABLE": Mergeable.YES, "CONFLICTING": Mergeable.CONFLICT, "UNKNOWN": Mergeable.UNKNOWN},
        ),
        merge_sha=Sha(merged.text("oid")) if merged else None,
        closed_by=login(closed[-1].maybe("actor")) if closed else "",
        checks=checks,
        labels=_names(node.maybe("labels")),
    )


def pull_rest(reply: Json, repo: RepoName) -> Pull:
    """A pull request of a REST answer. Lists say neither `merged` nor `mergeable`: merged is then told by its time."""
    node = object_of(reply, f"pull request of {repo}")
    head, base = node.one("head"), node.one("base")
    home = head.maybe("repo")
    merged = node.text_or_none("merged_at") != ""
    sha = node.text_or_none("merge_commit_sha") if node.has("merge_commit_sha") else ""
    return Pull(
        repo=repo,
        number=node.number("number"),
        node_id=node.text("node_id"),
        url=node.text("html_url"),
        title=node.text("title"),
        author=login(node.maybe("user")),
        head_ref=head.text("ref"),
        head_sha=Sha(head.text("sha")),
        head_repo=home.text("full_name") if home else "",
        base_ref=base.text("ref"),
        base_sha=Sha(base.text("sha")),
        open=_one_of(node, "state", {"open": True, "closed": False}),
        merged=merged,
        draft=node.has("draft") and node.flag("draft"),
        merge_sha=Sha(sha) if merged and sha else None,
        labels=frozenset(label.text("name") for label in node.many("labels")),
    )


def check_state(status: str, conclusion: str) -> CheckState:
    """What a check run's or a commit status's words mean. Raises Malformed on words GitHub does not document."""
    said = (conclusion or status).lower()
    if status.lower() in _RUNNING or said in _RUNNING:
        return CheckState.PENDING
    if said in _GREEN:
        return CheckState.GREEN
    if said in _RED:
        return CheckState.RED
    raise Malformed("check", f"status {status!r} with conclusion {conclusion!r}")


def context(node: Words) -> CheckRun:
    """One entry of a status check rollup: a check run or a commit status."""
    match node.text("__typename"):
        case "CheckRun":
            app = node.one("checkSuite").maybe("app")
            conclusion = node.text_or_none("conclusion").lower()
            return CheckRun(
                name=node.text("name"),
                state=check_state(node.text("status"), conclusion),
                conclusion=conclusion,
                required=node.flag("isRequired"),
                app=app.text("slug") if app else "",
                app_id=account_id(app) or None,
                url=node.text_or_none("detailsUrl"),
                summary=node.text_or_none("summary"),
                id=node.number("databaseId"),
            )
        case "StatusContext":
            state = node.text("state").lower()
            return CheckRun(
                name=node.text("context"),
                state=check_state("", state),
                conclusion=state,
                required=node.flag("isRequired"),
                url=node.text_or_none("targetUrl"),
                summary=node.text_or_none("description"),
            )
        case other:
            raise Malformed(node.where, f"a check of the kind {other!r}")


def rest_list(reply: Json, where: str, key: str = "") -> tuple[Words, ...]:
    """A REST list, bare or under `key`."""
    return object_of(reply, where).many(key) if key else objects(reply, where)


def _one_of(node: Words, key: str, values: dict[str, _T]) -> _T:
    said = node.text(key)
    if said not in values:
        raise Malformed(f"{node.where}.{key}", f"is {said!r}, not one of {', '.join(values)}")
    return values[said]
