"""Opening a pull request and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.hub import auth
from orchestrator.hub.auth import Viewer
from orchestrator.hub.errors import ApiError, invalid
from orchestrator.hub.rules import closing, pushing
from orchestrator.hub.store import events, issues, pulls
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import LEVELS, Repo

if TYPE_CHECKING:
    from orchestrator.hub.world import World


def open_pull(
    hub: World, viewer: Viewer, repo: Repo, *, title: str, body: str | None, head: str, base: str, draft: bool = False
) -> Pull:
    """Open a pull request from `head` (a branch, or owner:branch). Raises ApiError 422 as GitHub does."""
    assert viewer.user is not None
    owner, mark, branch = head.rpartition(":")
    bare = hub.bare(repo)
    head_sha = bare.branch(branch) if not mark or owner.lower() == repo.owner_login.lower() else None
    if head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    base_sha = bare.branch(base)
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    if LEVELS.index(auth.role(hub.db, viewer, repo)) < LEVELS.index("write"):
        raise ApiError(403, "Must have push access to the head repository")
    with hub.repo_lock(repo):
        for existing in pulls.open_pulls(hub.db, repo.id, head_ref=branch, base_ref=base):
            message = f"A pull request already exists for {repo.owner_login}:{branch}."
            raise ApiError(422, "Validation Failed", [
                {"resource": "PullRequest", "code": "custom", "message": message, "number": existing.number}
            ])  # fmt: skip
        if branch == base or bare.ahead_behind(base_sha, head_sha)[0] == 0:
            message = f"No commits between {base} and {branch}"
            raise ApiError(422, "Validation Failed", [
                {"resource": "PullRequest", "code": "custom", "message": message}
            ])  # fmt: skip
        with hub.db.write():
            issue = issues.create(hub.db, repo.id, viewer.user.id, title, body, is_pull=True, app_id=viewer.app_id)
            pull = pulls.create(
                hub.db, issue, head_repo_id=repo.id, head_ref=branch, head_sha=head_sha, base_ref=base,
                base_sha=base_sha, draft=draft,
            )  # fmt: skip
            closing.link(hub.db, repo, pull, body)
            _mention(hub, viewer, repo, issue)
        pull = pushing.refresh(hub, repo, pull)
    hub.ci.start(repo, head_sha, branch)
    return pull


def _mention(hub: World, viewer: Viewer, repo: Repo, issue: Issue) -> None:
    """A cross-referenced event on each issue the pull request promises to close."""
    assert viewer.user is not None
    for target in closing.references(hub.db, repo, issue.body):
        events.add(hub.db, repo_id=target.repo_id, issue_id=target.id, actor_id=viewer.user.id, app_id=viewer.app_id,
                   kind="cross-referenced", source=issue.id)  # fmt: skip


def edit_pull(
    hub: World, viewer: Viewer, repo: Repo, pull: Pull, *, title: str | None = None, body: str | None = None,
    state: str | None = None, base: str | None = None,
) -> Pull:  # fmt: skip
    """Change title, body, base or state. Raises ApiError 422 where GitHub refuses (reopening a merged one, ...)."""
    assert viewer.user is not None
    bare = hub.bare(repo)
    issue = issues.get(hub.db, pull.issue_id)
    if state is not None and state != issue.state:
        if pull.merged:
            raise invalid("PullRequest", "state", "invalid", "The pull request is merged.")
        if state == "open" and bare.branch(pull.head_ref) is None:
            raise invalid("PullRequest", "state", "invalid", f"The {pull.head_ref} branch was deleted.")
    if base is not None and bare.branch(base) is None:
        raise invalid("PullRequest", "base", "invalid")
    with hub.db.write():
        issue = issues.edit(hub.db, issue, viewer.user.id, title=title, body=body, app_id=viewer.app_id)
        if base is not None and base != pull.base_ref:
            events.add(hub.db, repo_id=repo.id, issue_id=issue.id, actor_id=viewer.user.id, app_id=viewer.app_id,
                       kind="base_ref_changed")  # fmt: skip
            pull = pulls.update(hub.db, pull.id, base_ref=base)
        if state is not None:
            issues.set_state(hub.db, issue, viewer.user.id, state, app_id=viewer.app_id)
        closing.link(hub.db, repo, pull, issue.body)
    if base is not None:
        pull = pushing.refresh(hub, repo, pull)
    if state == "open":
        # Pushes to a closed pull request's branch are caught up with when it opens again.
        pull = pushing.refresh(hub, repo, pulls.update(hub.db, pull.id, head_sha=bare.branch(pull.head_ref)))
        hub.ci.start(repo, pull.head_sha, pull.head_ref)
    return pull


def set_draft(hub: World, viewer: Viewer, pull: Pull, draft: bool) -> Pull:
    """Mark as a draft or as ready for review."""
    assert viewer.user is not None
    if pull.draft == draft:
        return pull
    with hub.db.write():
        kind = "convert_to_draft" if draft else "ready_for_review"
        events.add(hub.db, repo_id=pull.repo_id, issue_id=pull.issue_id, actor_id=viewer.user.id,
                   app_id=viewer.app_id, kind=kind)  # fmt: skip
        return pulls.update(hub.db, pull.id, draft=int(draft))
