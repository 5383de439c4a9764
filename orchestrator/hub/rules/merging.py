"""Merging a pull request, and bringing its branch up to date with the base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.hub.auth import Viewer
from orchestrator.hub.errors import ApiError
from orchestrator.hub.gitops import ZERO, Commit, Person
from orchestrator.hub.rules import closing, protection, pushing
from orchestrator.hub.rules.mergeability import GITHUB
from orchestrator.hub.store import events, issues, pulls, queues
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.world import World


def merge(
    hub: World, viewer: Viewer, repo: Repo, number: int, *, sha: str | None = None, method: str = "merge",
    title: str | None = None, message: str | None = None,
) -> str:  # fmt: skip
    """Merge and return the new commit. Raises ApiError: 405 not mergeable (closed, draft, conflict, protection,
    method not allowed), 409 when `sha` is not the head any more, or the base moved meanwhile."""
    with hub.repo_lock(repo):
        pull = pulls.by_number(hub.db, repo.id, number)
        if pull is None:
            raise ApiError(404, "Not Found")
        _admit(hub, viewer, repo, pull, sha, method)
        bare = hub.bare(repo)
        before = bare.branch(pull.base_ref) or ZERO
        new = _land(hub, viewer, repo, pull, before, method, title, message)
        landed(hub, viewer, repo, pull, before, new)
        return new


def landed(hub: World, viewer: Viewer, repo: Repo, pull: Pull, before: str, new: str) -> None:
    """The base branch goes from `before` to `new`, and what follows from that. Raises ApiError 409 when it moved."""
    if not hub.bare(repo).set_ref(f"refs/heads/{pull.base_ref}", new, before):
        raise ApiError(409, "Base branch was modified. Review and try the merge again.")
    promised = pulls.closing_of(hub.db, [pull.id])[pull.id]
    # What landed is known before the push is worked off, which would take the head for pushed by hand.
    pushing.mark_merged(hub, viewer, pull, new)
    pushing.after_update(hub, viewer, repo, f"refs/heads/{pull.base_ref}", before, new)
    if pull.base_ref == repo.default_branch:
        fresh = issues.by_ids(hub.db, [issue.id for issue in promised]).values()
        closing.close(hub.db, viewer, list(fresh), new)
    if repo.delete_branch_on_merge:
        _delete_head(hub, viewer, repo, pull)


def squashed(hub: World, viewer: Viewer, repo: Repo, pull: Pull, before: str) -> str:
    """The commit that a squash of the pull request onto `before` makes; nothing is moved."""
    return _land(hub, viewer, repo, pull, before, "squash", None, None)


def _admit(hub: World, viewer: Viewer, repo: Repo, pull: Pull, sha: str | None, method: str) -> None:
    if issues.get(hub.db, pull.issue_id).state == "closed":
        raise ApiError(405, "Pull Request is not mergeable")
    if sha is not None and sha != pull.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    if pull.draft:
        raise ApiError(405, "Pull Request is still a draft")
    allowed = {"merge": repo.allow_merge_commit, "squash": repo.allow_squash_merge, "rebase": repo.allow_rebase_merge}
    if not allowed[method]:
        name = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
        raise ApiError(405, f"{name} are not allowed on this repository.")
    verdict = hub.mergeability.settled(repo, pull)
    if not verdict.mergeable:
        raise ApiError(405, "Pull Request is not mergeable")
    if queues.of_branch(hub.db, repo.id, pull.base_ref) is not None:
        raise ApiError(405, "Changes must be made through the merge queue")
    rules = protection.load(hub.db, repo, pull.base_ref)
    if rules is None or protection.bypasses(hub.db, viewer, repo, rules):
        return
    if not protection.may_push(hub.db, viewer, rules):
        raise ApiError(405, "You're not authorized to push to this branch.")
    if rules.linear and method == "merge":
        raise ApiError(405, "Merge commits are not allowed on this repository.")
    reasons = protection.unmet(hub.db, repo, pull, rules)
    if reasons:
        raise ApiError(405, " ".join(reasons))
    if verdict.state == "behind":
        raise ApiError(405, "Head branch is out of date. Update the branch and try the merge again.")


def _land(
    hub: World, viewer: Viewer, repo: Repo, pull: Pull, before: str, method: str, title: str | None, message: str | None
) -> str:
    assert viewer.user is not None
    bare, now = hub.bare(repo), hub.db.now()
    committer = Person(name=GITHUB[0], email=GITHUB[1], date=now)
    author = hub.person(viewer.user, now)
    commits = bare.commits(f"{before}..{pull.head_sha}")
    tree = bare.merge_tree(before, pull.head_sha)
    if tree is None:
        raise ApiError(405, "Pull Request is not mergeable")
    if method == "merge":
        head = f"{repo.owner_login}/{pull.head_ref}"
        text = title or f"Merge pull request #{pull.number} from {head}"
        text += f"\n\n{issues.get(hub.db, pull.issue_id).title if message is None else message}"
        return bare.commit_tree(tree, (before, pull.head_sha), text.rstrip(), author, committer)
    if method == "squash":
        text = _squash_message(hub, pull, commits, title, message)
        first = hub.person_of_issue(pull.issue_id, now)
        return bare.commit_tree(tree, (before,), text, first, committer)
    tip = before
    for commit in reversed([commit for commit in commits if len(commit.parents) == 1]):
        replayed = bare.replay(tip, commit, committer)
        if replayed is None:
            raise ApiError(405, "This branch can't be rebased due to conflicts")
        tip = replayed
    return tip


def _squash_message(hub: World, pull: Pull, commits: Sequence[Commit], title: str | None, message: str | None) -> str:
    """GitHub's default: one commit lends its message, several are listed under the pull request's title."""
    issue = issues.get(hub.db, pull.issue_id)
    if len(commits) == 1:
        first, _, rest = commits[0].message.partition("\n\n")
    else:
        first, rest = issue.title, "\n\n".join(f"* {commit.message}" for commit in reversed(commits))
    subject = title or f"{first} (#{pull.number})"
    body = rest if message is None else message
    return f"{subject}\n\n{body}".rstrip()


def _delete_head(hub: World, viewer: Viewer, repo: Repo, pull: Pull) -> None:
    assert viewer.user is not None
    bare = hub.bare(repo)
    tip = bare.branch(pull.head_ref)
    if tip is None or pull.head_ref == repo.default_branch:
        return
    bare.delete_ref(f"refs/heads/{pull.head_ref}")
    events.add(hub.db, repo_id=repo.id, issue_id=pull.issue_id, actor_id=viewer.user.id, app_id=viewer.app_id,
               kind="head_ref_deleted")  # fmt: skip
    pushing.after_update(hub, viewer, repo, f"refs/heads/{pull.head_ref}", tip, ZERO)


def update_branch(hub: World, viewer: Viewer, repo: Repo, pull: Pull, expected: str | None) -> str:
    """Merge the base into the head. Raises ApiError 422: stale `expected`, conflict, or nothing new."""
    assert viewer.user is not None
    with hub.repo_lock(repo):
        bare = hub.bare(repo)
        if expected is not None and expected != pull.head_sha:
            raise ApiError(422, "expected head sha didn’t match current head ref.")
        tip = bare.branch(pull.base_ref)
        if tip is None or bare.is_ancestor(tip, pull.head_sha):
            raise ApiError(422, "There are no new commits on the base branch.")
        tree = bare.merge_tree(pull.head_sha, tip)
        if tree is None:
            raise ApiError(422, "merge conflict between base and head")
        now = hub.db.now()
        text = f"Merge branch '{pull.base_ref}' into {pull.head_ref}"
        committer = Person(name=GITHUB[0], email=GITHUB[1], date=now)
        new = bare.commit_tree(tree, (pull.head_sha, tip), text, hub.person(viewer.user, now), committer)
        if not bare.set_ref(f"refs/heads/{pull.head_ref}", new, pull.head_sha):
            raise ApiError(422, "expected head sha didn’t match current head ref.")
        pushing.after_update(hub, viewer, repo, f"refs/heads/{pull.head_ref}", pull.head_sha, new)
        return new
