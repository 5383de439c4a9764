"""What follows when a ref has moved: pull requests, pull refs, closing keywords, CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.hub import diffs
from orchestrator.hub.auth import Viewer
from orchestrator.hub.gitops import ZERO, Bare
from orchestrator.hub.rules import closing, protection
from orchestrator.hub.store import events, issues, pulls, repos
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.world import World


def after_update(hub: World, viewer: Viewer, repo: Repo, ref: str, before: str, after: str) -> None:
    """Everything GitHub does after a push, an API change or a merge moved `ref` (ZERO: made or deleted)."""
    if viewer.user is None or before == after:
        return
    repos.add_push(hub.db, repo.id, viewer.user.id, ref, before, after)
    if not ref.startswith("refs/heads/"):
        return
    branch = ref.removeprefix("refs/heads/")
    for pull in pulls.open_pulls(hub.db, repo.id, head_ref=branch):
        if after == ZERO:
            _head_deleted(hub, viewer, pull)
        else:
            _head_moved(hub, viewer, repo, pull, before, after)
    if after == ZERO:
        hub.ci.cancel(repo, branch)
        return
    for pull in pulls.open_pulls(hub.db, repo.id, base_ref=branch):
        _landed(hub, viewer, repo, pull, before, after)
    if branch == repo.default_branch:
        if before != ZERO:
            for commit in hub.bare(repo).commits(f"{before}..{after}", limit=100):
                closing.close(hub.db, viewer, closing.references(hub.db, repo, commit.message), commit.sha)
        hub.ci.start(repo, after, branch)


def _head_deleted(hub: World, viewer: Viewer, pull: Pull) -> None:
    assert viewer.user is not None
    issue = issues.get(hub.db, pull.issue_id)
    events.add(hub.db, repo_id=pull.repo_id, issue_id=pull.issue_id, actor_id=viewer.user.id, app_id=viewer.app_id,
               kind="head_ref_deleted")  # fmt: skip
    issues.set_state(hub.db, issue, viewer.user.id, "closed", app_id=viewer.app_id)


def _head_moved(hub: World, viewer: Viewer, repo: Repo, pull: Pull, before: str, after: str) -> None:
    assert viewer.user is not None
    bare = hub.bare(repo)
    if before != ZERO and not bare.is_ancestor(before, after):
        events.add(hub.db, repo_id=repo.id, issue_id=pull.issue_id, actor_id=viewer.user.id, app_id=viewer.app_id,
                   kind="head_ref_force_pushed", before=before, after=after, commit_id=after)  # fmt: skip
    refresh(hub, repo, pulls.update(hub.db, pull.id, head_sha=after))
    rules = protection.load(hub.db, repo, pull.base_ref)
    if rules is not None and rules.dismiss_stale:
        for review in pulls.reviews_of(hub.db, [pull.id])[pull.id]:
            if review.state == "APPROVED":
                pulls.update_review(hub.db, review.id, state="DISMISSED")
    hub.ci.start(repo, after, pull.head_ref)


def refresh(hub: World, repo: Repo, pull: Pull) -> Pull:
    """Bring the pull refs, the sizes and the base commit up to date with the head."""
    bare = hub.bare(repo)
    bare.set_ref(f"refs/pull/{pull.number}/head", pull.head_sha)
    base_sha = bare.branch(pull.base_ref) or pull.base_sha
    start = bare.merge_base(base_sha, pull.head_sha)
    changed = diffs.between(bare, start, pull.head_sha)
    ahead, _ = bare.ahead_behind(base_sha, pull.head_sha)
    with hub.db.write():
        hub.db.update("issues", pull.issue_id, updated_at=hub.db.now())
        return pulls.update(
            hub.db, pull.id, base_sha=base_sha, commits=ahead, changed_files=len(changed),
            additions=sum(file.additions for file in changed), deletions=sum(file.deletions for file in changed),
        )  # fmt: skip


def _landed(hub: World, viewer: Viewer, repo: Repo, pull: Pull, before: str, after: str) -> None:
    """A push to the base that contains the head merges the pull request, as on GitHub."""
    bare: Bare = hub.bare(repo)
    if not bare.is_ancestor(pull.head_sha, after) or (before != ZERO and bare.is_ancestor(pull.head_sha, before)):
        return
    mark_merged(hub, viewer, pull, after)


def mark_merged(hub: World, viewer: Viewer, pull: Pull, sha: str) -> None:
    """Record a merge: the pull request is closed by it."""
    assert viewer.user is not None
    now = hub.db.now()
    with hub.db.write():
        pulls.update(hub.db, pull.id, merged=1, merged_at=now, merged_by_id=viewer.user.id, merge_sha=sha)
        events.add(hub.db, repo_id=pull.repo_id, issue_id=pull.issue_id, actor_id=viewer.user.id,
                   app_id=viewer.app_id, kind="merged", commit_id=sha)  # fmt: skip
        issue = issues.get(hub.db, pull.issue_id)
        issues.set_state(hub.db, issue, viewer.user.id, "closed", app_id=viewer.app_id)
