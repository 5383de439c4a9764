"""Repositories, their labels, refs and protection rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from orchestrator.hub.graphql.accounts import account
from orchestrator.hub.graphql.errors import not_found
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.store import issues, projects, pulls, repos, users
from orchestrator.hub.store.issues import Filter, Issue
from orchestrator.hub.store.repos import LEVELS, Label, Repo

_STATES = {"OPEN": "open", "CLOSED": "closed"}
_ORDER = {"CREATED_AT": "created", "UPDATED_AT": "updated", "COMMENTS": "comments"}


rows_of(Repo, "Repository")
rows_of(Label, "Label")


def repository_of(thing: Thing) -> Thing:
    """The repository that a row's `repo_id` names."""
    found = thing.one("repository", repos.by_ids, "Repository", lambda row: row.repo_id)
    assert found is not None
    return found


field("Label.repository", "Ref.repository", "Issue.repository", "PullRequest.repository", "IssueComment.repository",
      "Commit.repository", "Tree.repository", "Blob.repository", "CheckRun.repository", "CheckSuite.repository")(
    repository_of
)  # fmt: skip


@field("Repository.nameWithOwner")
def full_name(thing: Thing) -> str:
    """owner/name."""
    return str(thing.row.full_name)


@field("Repository.owner")
def owner(thing: Thing) -> Thing | None:
    """The user or organization."""
    return account(thing, "owner", lambda row: row.owner_id)


@field("Repository.url")
def url(thing: Thing) -> str:
    """The page."""
    return f"{thing.world.web}/{thing.row.full_name}"


@field("Repository.sshUrl")
def ssh_url(thing: Thing) -> str:
    """The address for git over ssh (which the hub does not serve; GitHub always names one)."""
    return f"git@{urlsplit(thing.world.hub.url).hostname}:{thing.row.full_name}.git"


@field("Repository.isPrivate")
def is_private(thing: Thing) -> bool:
    """Hidden from strangers?"""
    return bool(thing.row.private)


@field("Repository.visibility")
def visibility(thing: Thing) -> str:
    """PRIVATE or PUBLIC."""
    return "PRIVATE" if thing.row.private else "PUBLIC"


@field("Repository.isArchived")
def is_archived(thing: Thing) -> bool:
    """Read-only?"""
    return bool(thing.row.archived)


@field("Repository.isFork")
def is_fork(thing: Thing) -> bool:
    """The hub has no forks."""
    return False


@field("Repository.hasIssuesEnabled", "Repository.hasProjectsEnabled")
def always(thing: Thing) -> bool:
    """Never switched off here."""
    return True


@field("Repository.isEmpty")
def is_empty(thing: Thing) -> bool:
    """Without any commit?"""
    return thing.world.hub.bare(thing.row).branch(thing.row.default_branch) is None


@field("Repository.isInOrganization")
def in_organization(thing: Thing) -> bool:
    """Owned by an organization?"""
    found = owner(thing)
    return found is not None and found.kind == "Organization"


@field("Repository.mergeCommitAllowed")
def merge_allowed(thing: Thing) -> bool:
    """Merge commits."""
    return bool(thing.row.allow_merge_commit)


@field("Repository.squashMergeAllowed")
def squash_allowed(thing: Thing) -> bool:
    """Squashing."""
    return bool(thing.row.allow_squash_merge)


@field("Repository.rebaseMergeAllowed")
def rebase_allowed(thing: Thing) -> bool:
    """Rebasing."""
    return bool(thing.row.allow_rebase_merge)


@field("Repository.autoMergeAllowed")
def auto_merge_allowed(thing: Thing) -> bool:
    """Automatic merging."""
    return bool(thing.row.allow_auto_merge)


@field("Repository.viewerPermission")
def viewer_permission(thing: Thing) -> str | None:
    """The caller's role."""
    role = thing.world.role(thing.row)
    return None if role == "none" else role.upper()


@field("Repository.viewerCanAdminister")
def viewer_administers(thing: Thing) -> bool:
    """Has the caller the highest role?"""
    return thing.world.role(thing.row) == LEVELS[-1]


@field("Repository.issue")
def issue(thing: Thing, number: int) -> Thing:
    """An issue (a pull request is none here)."""
    return _numbered(thing, number, False, "an Issue")


@field("Repository.pullRequest")
def pull(thing: Thing, number: int) -> Thing:
    """A pull request."""
    return _numbered(thing, number, True, "a PullRequest")


@field("Repository.issueOrPullRequest")
def issue_or_pull(thing: Thing, number: int) -> Thing:
    """Whatever has the number."""
    return _numbered(thing, number, None, "an issue or pull request")


def issue_kind(row: Issue) -> str:
    """The GraphQL type of an issue row."""
    return "PullRequest" if row.is_pull else "Issue"


def _numbered(thing: Thing, number: int, is_pull: bool | None, what: str) -> Thing:
    found = issues.by_number(thing.world.db, thing.row.id, number)
    if found is None or (is_pull is not None and found.is_pull != is_pull):
        raise not_found(f"{what} with the number of {number}")
    thing.world.need_read(thing.row, "pull_requests" if found.is_pull else "issues")
    return alone(thing.world, issue_kind(found), found)


@connection("Repository.issues")
def issue_list(
    thing: Thing, states: Sequence[str] | None = None, labels: Sequence[str] | None = None,
    order_by: dict[str, str] | None = None, filter_by: dict[str, Any] | None = None,
) -> Rows:  # fmt: skip
    """Issues by state, label, author, assignee and time; oldest first unless ordered otherwise."""
    thing.world.need_read(thing.row, "issues")
    wanted = filter_by or {}
    creator = wanted.get("created_by")
    user = users.by_login(thing.world.db, creator) if creator else None
    if creator and user is None:
        return Rows(kind="Issue", rows=[])
    found = issues.find(thing.world.db, Filter(
        repo_ids=(thing.row.id,), state=_state(states or wanted.get("states")), pulls=False,
        labels=() if not wanted.get("labels") else tuple(wanted["labels"]), since=wanted.get("since"),
        creator_id=user.id if user else None, assignee=wanted.get("assignee"), **_sorting(order_by),
    ))  # fmt: skip
    return Rows(kind="Issue", rows=_labelled(thing, found, labels))


@connection("Repository.pullRequests")
def pull_list(
    thing: Thing, states: Sequence[str] | None = None, labels: Sequence[str] | None = None,
    order_by: dict[str, str] | None = None, head_ref_name: str | None = None, base_ref_name: str | None = None,
) -> Rows:  # fmt: skip
    """Pull requests by state (MERGED is one here), label and branches."""
    thing.world.need_read(thing.row, "pull_requests")
    wanted = Filter(repo_ids=(thing.row.id,), state="all", pulls=True, **_sorting(order_by))
    found = issues.find(thing.world.db, wanted)
    halves = pulls.of_issues(thing.world.db, [row.id for row in found])

    def fits(row: Issue) -> bool:
        half = halves[row.id]
        state = "MERGED" if half.merged else row.state.upper()
        refs = (head_ref_name in (None, half.head_ref)) and (base_ref_name in (None, half.base_ref))
        return refs and (not states or state in states)

    return Rows(kind="PullRequest", rows=_labelled(thing, [row for row in found if fits(row)], labels))


def _state(states: Sequence[str] | None) -> str:
    named = {_STATES[state] for state in states or ()}
    return named.pop() if len(named) == 1 else "all"


def _sorting(order_by: dict[str, str] | None) -> dict[str, Any]:
    order = order_by or {"field": "CREATED_AT", "direction": "ASC"}
    return {"sort": _ORDER.get(order["field"], "created"), "ascending": order["direction"] == "ASC"}


def _labelled(thing: Thing, rows: list[Issue], names: Sequence[str] | None) -> list[Issue]:
    """Those with at least one of the labels (the `labels` argument means any, not all)."""
    if not names:
        return rows
    wanted = {name.lower() for name in names}
    known = issues.labels_of(thing.world.db, [row.id for row in rows])
    return [row for row in rows if any(label.name.lower() in wanted for label in known[row.id])]


@field("Repository.label")
def label(thing: Thing, name: str) -> Thing | None:
    """A label by name."""
    found = repos.label(thing.world.db, thing.row.id, name)
    return alone(thing.world, "Label", found) if found else None


@connection("Repository.labels")
def labels(thing: Thing, order_by: dict[str, str] | None = None, query: str | None = None) -> Rows:
    """All labels, or those whose name holds the query."""
    found = [row for row in repos.labels(thing.world.db, thing.row.id) if not query or query in row.name]
    return Rows(kind="Label", rows=sort_labels(found, order_by))


def sort_labels(found: list[Any], order_by: dict[str, str] | None) -> list[Any]:
    """Labels (rows or things) by age, or as ordered."""
    if order_by is None:
        return found
    attribute = "name" if order_by["field"] == "NAME" else "created_at"
    down = order_by["direction"] == "DESC"
    return sorted(found, key=lambda one: getattr(getattr(one, "row", one), attribute), reverse=down)


@field("Label.url")
def label_url(thing: Thing) -> str:
    """The label's page."""
    return f"{url(repository_of(thing))}/labels/{thing.row.name}"


@field("Label.isDefault")
def label_is_default(thing: Thing) -> bool:
    """The hub makes no labels by itself."""
    return False


@field("Repository.projectV2")
def project(thing: Thing, number: int) -> Thing:
    """A board linked to the repository."""
    for found in _boards(thing):
        if found.number == number:
            return alone(thing.world, "ProjectV2", found)
    raise not_found(f"a ProjectV2 with the number {number}")


@connection("Repository.projectsV2")
def boards(thing: Thing) -> Rows:
    """The boards linked to the repository that the caller sees."""
    return Rows(kind="ProjectV2", rows=_boards(thing))


def _boards(thing: Thing) -> list[Any]:
    found = projects.of_repo(thing.world.db, thing.row.id)
    return [board for board in found if thing.world.board_level(board) != "none"]


@connection("Repository.assignableUsers")
def assignable(thing: Thing, query: str | None = None) -> Rows:
    """Who may be assigned."""
    found = repos.collaborators(thing.world.db, thing.row)
    return Rows(kind="User", rows=[user for user in found if not query or query in user.login])


@connection("Repository.collaborators")
def collaborators(thing: Thing) -> Rows | None:
    """Who has access; only told to those who may push."""
    if LEVELS.index(thing.world.role(thing.row)) < LEVELS.index("write"):
        return None
    return Rows(kind="User", rows=repos.collaborators(thing.world.db, thing.row))
