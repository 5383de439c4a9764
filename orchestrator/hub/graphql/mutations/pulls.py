"""Pull requests: opening, changing, updating, merging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.graphql.mutations.common import (
    all_of,
    fresh,
    names,
    need_text,
    repo_of,
    repo_row,
    the,
    through_rest,
)
from orchestrator.hub.graphql.mutations.issues import lists, patch
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.graphql.world import World
from orchestrator.hub.rest import pulls as rest
from orchestrator.hub.rules import opening
from orchestrator.hub.store import issues, pulls
from orchestrator.hub.store.repos import LEVELS

Payload = dict[str, Any]


def _rest(world: World, found: Thing, handler: Any, body: dict[str, Any], *, role: str = "read",
          area: str = "pull_requests") -> Payload:  # fmt: skip
    through_rest(world, repo_row(found), handler, area=area, role=role, params={"number": found.row.number}, body=body)
    return {"pullRequest": fresh(world, found), "actor": alone(world, world.user.kind, world.user)}


@mutation("createPullRequest")
def create(
    world: World, repository_id: str, base_ref_name: str, head_ref_name: str, title: str, body: str | None = None,
    draft: bool | None = False, head_repository_id: str | None = None, maintainer_can_modify: bool | None = True,
) -> Payload:  # fmt: skip
    """Open one."""
    repo = repo_of(world, repository_id)
    if head_repository_id is not None and repo_of(world, head_repository_id).id != repo.id:
        raise Refusal("UNPROCESSABLE", "Head repository can't be another one: the hub has no forks")
    plain = [name.removeprefix("refs/heads/") for name in (head_ref_name, base_ref_name)]
    # Not through REST: its answer would be the first look at mergeability, which belongs to GraphQL's caller.
    world.need_write(repo, "pull_requests", "read")
    need_text(title, "Title")
    half = opening.open_pull(world.hub, world.viewer, repo, title=title, body=body, head=plain[0], base=plain[1],
                             draft=bool(draft))  # fmt: skip
    return {"pullRequest": alone(world, "PullRequest", issues.get(world.db, half.issue_id))}


@mutation("updatePullRequest")
def update(
    world: World, pull_request_id: str, title: str | None = None, body: str | None = None,
    base_ref_name: str | None = None, state: str | None = None, assignee_ids: Sequence[str] | None = None,
    label_ids: Sequence[str] | None = None, maintainer_can_modify: bool | None = None,
) -> Payload:  # fmt: skip
    """Change text, base, state, labels, assignees."""
    found = the(world, pull_request_id, "PullRequest")
    payload = _edit(world, found, title=title, body=body, base=base_ref_name, state=state.lower() if state else None)
    if assignee_ids is not None or label_ids is not None:
        payload["pullRequest"] = patch(world, found, lists(world, assignee_ids, label_ids))
    return payload


def _edit(world: World, found: Thing, **wanted: str | None) -> Payload:
    repo = repo_row(found)
    mine = found.row.author_id == world.user.id
    world.need_write(repo, "pull_requests", "read" if mine else "triage")
    opening.edit_pull(world.hub, world.viewer, repo, pull_of(found), **wanted)
    return {"pullRequest": fresh(world, found), "actor": alone(world, world.user.kind, world.user)}


@mutation("closePullRequest")
def close(world: World, pull_request_id: str) -> Payload:
    """Close without merging."""
    found = the(world, pull_request_id, "PullRequest")
    if found.row.state == "closed":
        raise Refusal("UNPROCESSABLE", "Could not close the pull request.")
    return _edit(world, found, state="closed")


@mutation("reopenPullRequest")
def reopen(world: World, pull_request_id: str) -> Payload:
    """Open again."""
    found = the(world, pull_request_id, "PullRequest")
    if found.row.state == "open":
        raise Refusal("UNPROCESSABLE", "Could not open the pull request.")
    return _edit(world, found, state="open")


@mutation("mergePullRequest")
def merge(
    world: World, pull_request_id: str, expected_head_oid: str | None = None, merge_method: str | None = "MERGE",
    commit_headline: str | None = None, commit_body: str | None = None,
) -> Payload:  # fmt: skip
    """Merge, if the head is still the expected one."""
    found = the(world, pull_request_id, "PullRequest")
    wanted = {"sha": expected_head_oid, "merge_method": (merge_method or "MERGE").lower(),
              "commit_title": commit_headline, "commit_message": commit_body}  # fmt: skip
    return _rest(world, found, rest.merge, wanted, role="write", area="contents")


@mutation("enablePullRequestAutoMerge")
def auto_merge(
    world: World, pull_request_id: str, expected_head_oid: str | None = None, merge_method: str | None = "MERGE"
) -> Payload:
    """Refused, as GitHub does where the repository does not allow it or nothing is left to wait for."""
    found = the(world, pull_request_id, "PullRequest")
    world.need_write(repo_row(found), "pull_requests")
    if not repo_row(found).allow_auto_merge:
        raise Refusal("UNPROCESSABLE", "Auto merge is not allowed for this repository")
    raise Refusal("UNPROCESSABLE", "Pull request Auto merge can not be enabled: the hub does not do it")


@mutation("updatePullRequestBranch")
def update_branch(world: World, pull_request_id: str, expected_head_oid: str | None = None) -> Payload:
    """Merge the base into the head branch."""
    found = the(world, pull_request_id, "PullRequest")
    return _rest(world, found, rest.update_branch, {"expected_head_sha": expected_head_oid}, role="write")


@mutation("markPullRequestReadyForReview")
def ready(world: World, pull_request_id: str) -> Payload:
    """No draft any more."""
    return _draft(world, pull_request_id, False)


@mutation("convertPullRequestToDraft")
def draft(world: World, pull_request_id: str) -> Payload:
    """A draft again."""
    return _draft(world, pull_request_id, True)


def _draft(world: World, node_id: str, wanted: bool) -> Payload:
    found = the(world, node_id, "PullRequest")
    repo = repo_row(found)
    mine = found.row.author_id == world.user.id and LEVELS.index(world.role(repo)) >= LEVELS.index("read")
    world.need_write(repo, "pull_requests", "read" if mine else "write")
    opening.set_draft(world.hub, world.viewer, pull_of(found), wanted)
    return {"pullRequest": fresh(world, found)}


@mutation("requestReviews")
def request_reviews(
    world: World, pull_request_id: str, user_ids: Sequence[str] | None = None, union: bool | None = False
) -> Payload:
    """Ask people for reviews; without `union` those asked before and not named now are let off."""
    found = the(world, pull_request_id, "PullRequest")
    logins = names(all_of(world, user_ids or [], "User"), "login")
    payload = _rest(world, found, rest.request_reviewers, {"reviewers": logins}, role="write")
    if not union:
        half = pull_of(found)
        for user in pulls.requested_of(world.db, [half.id])[half.id]:
            if user.login not in logins:
                pulls.drop_review_request(world.db, half.id, user.id)
    return payload
