"""Timelines: events, comments and reviews in the order in which they happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.hub.graphql.accounts import account, kind_of
from orchestrator.hub.graphql.commits import commit_thing, repo_row
from orchestrator.hub.graphql.issues import comments_of, issue_of, numbered_url
from orchestrator.hub.graphql.pages import Connection
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.registry import connection, field, rows_of
from orchestrator.hub.graphql.repository import issue_kind
from orchestrator.hub.graphql.reviews import reviews_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.store import events, issues, pulls, users
from orchestrator.hub.store.events import Event
from orchestrator.hub.store.repos import Label

KINDS = {
    "labeled": "LabeledEvent", "unlabeled": "UnlabeledEvent", "closed": "ClosedEvent", "reopened": "ReopenedEvent",
    "assigned": "AssignedEvent", "unassigned": "UnassignedEvent", "renamed": "RenamedTitleEvent",
    "cross-referenced": "CrossReferencedEvent", "sub_issue_added": "SubIssueAddedEvent",
    "sub_issue_removed": "SubIssueRemovedEvent", "parent_issue_added": "ParentIssueAddedEvent",
    "parent_issue_removed": "ParentIssueRemovedEvent", "merged": "MergedEvent",
    "head_ref_deleted": "HeadRefDeletedEvent", "head_ref_force_pushed": "HeadRefForcePushedEvent",
    "ready_for_review": "ReadyForReviewEvent", "convert_to_draft": "ConvertToDraftEvent",
    "review_requested": "ReviewRequestedEvent", "removed_from_merge_queue": "RemovedFromMergeQueueEvent",
}  # fmt: skip
"""Kinds of stored events that the schema knows; the others are REST's alone."""

_ON_ISSUES_ONLY = {"sub_issue_added", "sub_issue_removed", "parent_issue_added", "parent_issue_removed"}
_PULL_EVENTS = (
    "MergedEvent", "HeadRefDeletedEvent", "HeadRefForcePushedEvent", "ReadyForReviewEvent", "ConvertToDraftEvent",
    "ReviewRequestedEvent", "RemovedFromMergeQueueEvent",
)  # fmt: skip

rows_of(Event, *KINDS.values())


@connection("Issue.timelineItems", "PullRequest.timelineItems")
def timeline(thing: Thing, item_types: Sequence[str] | None = None, since: str | None = None) -> list[Thing]:
    """What happened, oldest first; `itemTypes` and `since` choose."""
    found = [one for one in thing.many("events", events.of_issues, _kind) if one.kind in KINDS.values()]
    if thing.kind == "PullRequest":
        found = [one for one in found if one.row.kind not in _ON_ISSUES_ONLY]
    found += comments_of(thing)
    if thing.kind == "PullRequest":
        found += reviews_of(thing)
    wanted = set(item_types or ())
    kept = [one for one in found if (not wanted or _type(one) in wanted) and (since is None or _at(one) >= since)]
    return sorted(kept, key=_at)


def _kind(event: Event) -> str:
    return KINDS.get(event.kind, "")


def _at(one: Thing) -> str:
    return str(one.row.created_at)


def _type(one: Thing) -> str:
    """LabeledEvent -> LABELED_EVENT."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in one.kind).lstrip("_").upper()


@field("IssueTimelineItemsConnection.filteredCount", "PullRequestTimelineItemsConnection.filteredCount")
def filtered(page: Connection) -> int:
    """How many are left after choosing."""
    return len(page.whole)


@field("IssueTimelineItemsConnection.pageCount", "PullRequestTimelineItemsConnection.pageCount")
def on_page(page: Connection) -> int:
    """How many are on this page."""
    return len(page.items)


@field("IssueTimelineItemsConnection.updatedAt", "PullRequestTimelineItemsConnection.updatedAt")
def updated(page: Connection) -> str:
    """When the issue last changed."""
    return str(page.source.row.updated_at)


def _places(name: str, *but: str) -> list[str]:
    return [f"{kind}.{name}" for kind in KINDS.values() if kind not in but]


@field(*_places("actor"))
def actor(thing: Thing) -> Thing | None:
    """Who did it."""
    return account(thing, "actor", lambda row: row.actor_id)


field("LabeledEvent.labelable", "UnlabeledEvent.labelable", "ClosedEvent.closable", "ReopenedEvent.closable",
      "AssignedEvent.assignable", "UnassignedEvent.assignable", "CrossReferencedEvent.target",
      *(f"{kind}.pullRequest" for kind in _PULL_EVENTS))(issue_of)  # fmt: skip


@field("LabeledEvent.label", "UnlabeledEvent.label")
def label(thing: Thing) -> Thing:
    """The label, as it was named then when it is gone."""
    told = thing.row.facts["label"]
    known: dict[int, dict[str, Label]] = thing.shared("labels", lambda rows: _labels(thing, rows))
    found = known[thing.row.repo_id].get(told["name"])
    if found is None:
        found = Label(id=0, repo_id=thing.row.repo_id, name=told["name"], color=told["color"], description=None,
                      created_at=thing.row.created_at)  # fmt: skip
    return alone(thing.world, "Label", found)


def _labels(thing: Thing, rows: list[Event]) -> dict[int, dict[str, Label]]:
    from orchestrator.hub.store import repos

    wanted = {row.repo_id for row in rows}
    return {repo_id: {one.name: one for one in repos.labels(thing.world.db, repo_id)} for repo_id in wanted}


@field("ClosedEvent.stateReason", "ReopenedEvent.stateReason")
def reason(thing: Thing) -> str | None:
    """Why it was closed or reopened."""
    found = thing.row.facts.get("state_reason")
    return str(found).upper() if found else None


@field("ClosedEvent.closer")
def closer(thing: Thing) -> Thing | None:
    """The pull request or commit that closed it, None for a person by hand."""
    sha = thing.row.facts.get("commit_id")
    if sha is None:
        return None
    for half in pulls.closers_of(thing.world.db, [thing.row.issue_id])[thing.row.issue_id]:
        if half.merge_sha == sha:
            return alone(thing.world, "PullRequest", issues.get(thing.world.db, half.issue_id))
    return commit_thing(thing, "closer", lambda row: row.facts.get("commit_id"))


@field("ClosedEvent.url", "MergedEvent.url", "CrossReferencedEvent.url", "ReadyForReviewEvent.url",
       "ConvertToDraftEvent.url")  # fmt: skip
def url(thing: Thing) -> str:
    """The event's place on its page."""
    return f"{numbered_url(issue_of(thing))}#event-{thing.row.id}"


@field("RemovedFromMergeQueueEvent.reason")
def removed(thing: Thing) -> str:
    """Why it left the queue."""
    return str(thing.row.facts["reason"])


@field("AssignedEvent.assignee", "UnassignedEvent.assignee")
def assignee(thing: Thing) -> Thing | None:
    """Whom it is about."""
    return thing.one("assignee", users.by_ids, kind_of, lambda row: row.facts.get("assignee"))


@field("ReviewRequestedEvent.requestedReviewer")
def requested(thing: Thing) -> Thing | None:
    """Who was asked."""
    return thing.one("reviewer", users.by_ids, kind_of, lambda row: row.facts.get("requested_reviewer"))


@field("RenamedTitleEvent.previousTitle")
def previous_title(thing: Thing) -> str:
    """Before."""
    return str(thing.row.facts["rename"]["from"])


@field("RenamedTitleEvent.currentTitle")
def current_title(thing: Thing) -> str:
    """After."""
    return str(thing.row.facts["rename"]["to"])


def _source(key: str) -> Any:
    def read(thing: Thing) -> Thing | None:
        found = thing.one(f"source:{key}", issues.by_ids, issue_kind, lambda row: row.facts.get("source"))
        if found is None or not thing.world.sees(repo_row(found)):
            return None
        return found

    return read


for _place in ("SubIssueAddedEvent.subIssue", "SubIssueRemovedEvent.subIssue", "ParentIssueAddedEvent.parent",
               "ParentIssueRemovedEvent.parent", "CrossReferencedEvent.source"):  # fmt: skip
    field(_place)(_source("issue"))


@field("CrossReferencedEvent.referencedAt")
def referenced(thing: Thing) -> str:
    """When."""
    return str(thing.row.created_at)


@field("CrossReferencedEvent.isCrossRepository")
def is_cross_repository(thing: Thing) -> bool:
    """Does the mention come from another repository?"""
    source = _source("issue")(thing)
    return source is not None and source.row.repo_id != thing.row.repo_id


@field("CrossReferencedEvent.willCloseTarget")
def will_close(thing: Thing) -> bool:
    """Does the source promise to close the target?"""
    found = pulls.closers_of(thing.world.db, [thing.row.issue_id])[thing.row.issue_id]
    return thing.row.facts.get("source") in {half.issue_id for half in found if not half.merged}


@field("MergedEvent.commit")
def merge_commit(thing: Thing) -> Any:
    """What landed."""
    return commit_thing(thing, "merge", lambda row: row.facts.get("commit_id"))


@field("MergedEvent.mergeRefName")
def merge_ref(thing: Thing) -> str:
    """Where it landed."""
    return pull_of(issue_of(thing)).base_ref


@field("HeadRefDeletedEvent.headRefName")
def head_ref(thing: Thing) -> str:
    """The branch that went."""
    return pull_of(issue_of(thing)).head_ref


@field("HeadRefForcePushedEvent.beforeCommit")
def before(thing: Thing) -> Any:
    """The old head."""
    return commit_thing(thing, "before", lambda row: row.facts.get("before"))


@field("HeadRefForcePushedEvent.afterCommit")
def after(thing: Thing) -> Any:
    """The new head."""
    return commit_thing(thing, "after", lambda row: row.facts.get("after"))
