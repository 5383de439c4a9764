"""The roots of a query: who I am, things by name or id, search, and what the query costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from orchestrator.hub import nodes
from orchestrator.hub.graphql import ids
from orchestrator.hub.graphql.boards import Draft, field_kind
from orchestrator.hub.graphql.commits import commit_row, repo_row
from orchestrator.hub.graphql.errors import Refusal, no_node, not_found
from orchestrator.hub.graphql.pages import Connection
from orchestrator.hub.graphql.refs import GitRef
from orchestrator.hub.graphql.registry import Rows, connection, field
from orchestrator.hub.graphql.repository import issue_kind
from orchestrator.hub.graphql.reviews import pull_thing
from orchestrator.hub.graphql.things import Kind, Thing, alone, spread
from orchestrator.hub.graphql.world import World
from orchestrator.hub.store import cards, checks, issues, projects, pulls, repos, users
from orchestrator.hub.store.comments import Comment
from orchestrator.hub.store.pulls import Review, ReviewComment

Finder = Callable[[World, list[int]], Mapping[int, Any]]


@field("Query.viewer")
def viewer(root: Thing) -> Thing:
    """The caller; an app's bot comes as a User too."""
    return alone(root.world, "User", root.world.user)


@field("Query.id")
def query_id(root: Thing) -> str:
    """The root's own id."""
    return "Q_hub"


@field("Query.repository")
def repository(root: Thing, owner: str, name: str, follow_renames: bool = True) -> Thing:
    """A repository that the caller may see."""
    found = repos.by_name(root.world.db, owner, name)
    if found is None or not root.world.sees(found):
        raise not_found(f"a Repository with the name '{owner}/{name}'")
    return alone(root.world, "Repository", found)


@field("Query.user")
def user(root: Thing, login: str) -> Thing:
    """A person."""
    return _account(root, login, "User", "a User")


@field("Query.organization")
def organization(root: Thing, login: str) -> Thing:
    """An organization."""
    return _account(root, login, "Organization", "an Organization")


@field("Query.repositoryOwner")
def repository_owner(root: Thing, login: str) -> Thing | None:
    """A person or organization, None when there is none."""
    found = users.by_login(root.world.db, login)
    return None if found is None or found.kind == "Bot" else alone(root.world, found.kind, found)


def _account(root: Thing, login: str, kind: str, what: str) -> Thing:
    found = users.by_login(root.world.db, login)
    if found is None or found.kind != kind:
        raise not_found(f"{what} with the login of '{login}'")
    return alone(root.world, kind, found)


@connection("Query.search")
def search(root: Thing, query: str, type: str) -> Rows:
    """Issues and pull requests, as the REST search finds them."""
    from orchestrator.hub.rest.search import find

    return Rows(kind=issue_kind, rows=find(root.world.db, root.world.viewer, query))


@field("SearchResultItemConnection.issueCount")
def issue_count(page: Connection) -> int:
    """How many were found in all."""
    return len(page.whole)


@field("Query.rateLimit")
def rate_limit(root: Thing) -> dict[str, Any]:
    """The budget after this query was charged."""
    world = root.world
    budget = world.hub.limits.budget(world.viewer.key, "graphql")
    reset = datetime.fromtimestamp(budget.reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "cost": world.cost.points, "limit": budget.limit, "nodeCount": world.cost.nodes,
        "remaining": budget.remaining, "resetAt": reset, "used": budget.used,
    }  # fmt: skip


@field("Query.node")
def node(root: Thing, id: str) -> Thing:
    """Anything by its id."""
    return find_node(root.world, id)


@field("Query.nodes")
def node_list(root: Thing, ids: list[str]) -> list[Thing | Exception]:
    """Many things by their ids; one that cannot be found is null, with an error at its place."""
    if len(ids) > 100:
        raise Refusal("ARGUMENT_LIMIT", f"You may not provide more than 100 node ids; you provided {len(ids)}.")
    found = find_nodes(root.world, ids)
    return [found.get(one) or no_node(one) for one in ids]


def find_node(world: World, node_id: str) -> Thing:
    """The thing with that id. Raises Refusal NOT_FOUND, also for what the caller may not see."""
    found = find_nodes(world, [node_id]).get(node_id)
    if found is None:
        raise no_node(node_id)
    return found


def find_nodes(world: World, node_ids: list[str]) -> dict[str, Thing]:
    """Things by id, those of one type in one batch; what is not there or not to be seen is left out."""
    by_prefix: dict[str, dict[int, str]] = {}
    found: dict[str, Thing] = {}
    for node_id in node_ids:
        decoded = nodes.decode(node_id)
        if decoded is not None and decoded[0] in _FINDERS and decoded[1]:
            by_prefix.setdefault(decoded[0], {})[decoded[1][-1]] = node_id
        else:
            thing = _git_thing(world, node_id)
            found |= {node_id: thing} if thing is not None else {}
    for prefix, wanted in by_prefix.items():
        kind, finder = _FINDERS[prefix]
        rows = {identity: row for identity, row in finder(world, list(wanted)).items() if identity in wanted}
        for identity, thing in zip(rows, spread(world, kind, rows.values()), strict=True):
            if _visible(thing):
                found[wanted[identity]] = thing
    return found


def _git_thing(world: World, node_id: str) -> Thing | None:
    decoded = ids.decode(node_id)
    repo = repos.by_ids(world.db, [decoded[1]]).get(decoded[1]) if decoded else None
    if decoded is None or repo is None or not world.may_read(repo, "contents"):
        return None
    if decoded[0] == "REF":
        sha = world.hub.bare(repo).ref(decoded[2])
        return alone(world, "Ref", GitRef(repo_id=repo.id, path=decoded[2], sha=sha)) if sha else None
    if decoded[0] == "C" and world.hub.bare(repo).resolve(decoded[2]) is not None:
        return alone(world, "Commit", commit_row(repo.id, decoded[2]))
    return None


def _pull_issues(world: World, pull_ids: list[int]) -> dict[int, Any]:
    halves = pulls.by_ids(world.db, pull_ids)
    rows = issues.by_ids(world.db, [half.issue_id for half in halves.values()])
    return {identity: rows[half.issue_id] for identity, half in halves.items()}


def _table(row: type, table: str) -> Finder:
    def find(world: World, wanted: list[int]) -> Mapping[int, Any]:
        rows: list[Any] = world.db.by_ids(row, table, wanted)
        return {one.id: one for one in rows}

    return find


_FINDERS: dict[str, tuple[Kind, Finder]] = {
    "U": ("User", lambda world, wanted: users.by_ids(world.db, wanted)),
    "O": ("Organization", lambda world, wanted: users.by_ids(world.db, wanted)),
    "BOT": ("Bot", lambda world, wanted: users.by_ids(world.db, wanted)),
    "A": ("App", lambda world, wanted: users.apps(world.db, wanted)),
    "R": ("Repository", lambda world, wanted: repos.by_ids(world.db, wanted)),
    "LA": ("Label", _table(repos.Label, "labels")),
    "I": (issue_kind, lambda world, wanted: issues.by_ids(world.db, wanted)),
    "PR": ("PullRequest", _pull_issues),
    "IC": ("IssueComment", _table(Comment, "comments")),
    "PRR": ("PullRequestReview", _table(Review, "reviews")),
    "PRRT": ("PullRequestReviewThread", lambda world, wanted: pulls.threads(world.db, wanted)),
    "PRRC": ("PullRequestReviewComment", _table(ReviewComment, "review_comments")),
    "CR": ("CheckRun", _table(checks.CheckRun, "check_runs")),
    "CS": ("CheckSuite", lambda world, wanted: checks.suites_by_ids(world.db, wanted)),
    "SC": ("StatusContext", _table(checks.Status, "statuses")),
    "PVT": ("ProjectV2", lambda world, wanted: projects.by_ids(world.db, wanted)),
    "PVTF": (field_kind, lambda world, wanted: projects.fields(world.db, wanted)),
    "PVTSSF": (field_kind, lambda world, wanted: projects.fields(world.db, wanted)),
    "PVTI": ("ProjectV2Item", lambda world, wanted: cards.by_ids(world.db, wanted)),
    "DI": ("DraftIssue", lambda world, wanted: {
        identity: Draft(item=item) for identity, item in cards.by_ids(world.db, wanted).items()
    }),
}  # fmt: skip
_ON_PULLS = ("PullRequestReview", "PullRequestReviewThread", "PullRequestReviewComment")


def _visible(thing: Thing) -> bool:
    world, kind = thing.world, thing.kind
    if kind in ("User", "Organization", "Bot", "App"):
        return True
    if kind == "Repository":
        return world.sees(thing.row)
    if kind.startswith("ProjectV2") or kind == "DraftIssue":
        row = thing.row.item if kind == "DraftIssue" else thing.row
        board = row if kind == "ProjectV2" else projects.get(world.db, row.project_id)
        return world.board_level(board) != "none"
    where = pull_thing(thing) if kind in _ON_PULLS else thing
    area = {"Issue": "issues", "IssueComment": "issues", "Label": "metadata"}.get(kind, "pull_requests")
    return world.may_read(repo_row(where), area)
