"""A merge queue: each pull request is tested as it would land, on a branch of the queue's own, and lands when green.

One at a time, always squashed: GitHub's queue also tests several together, which shows no other words to a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.hub import auth
from orchestrator.hub.auth import Viewer
from orchestrator.hub.errors import ApiError
from orchestrator.hub.rules import merging, protection
from orchestrator.hub.store import checks, events, issues, pulls, queues, repos, users
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.queues import Entry
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.world import World

PREFIX = "gh-readonly-queue/"


def enqueue(hub: World, viewer: Viewer, repo: Repo, pull: Pull, expected: str | None) -> None:
    """Raises ApiError 422 where GitHub refuses: no queue, another head, closed, a draft, conflicts, rules unmet."""
    assert viewer.user is not None
    with hub.repo_lock(repo):
        if queues.of_branch(hub.db, repo.id, pull.base_ref) is None:
            raise ApiError(422, "The base branch does not have a merge queue")
        if expected is not None and expected != pull.head_sha:
            raise ApiError(422, "Head sha did not match the expected head oid")
        if pull.draft or issues.get(hub.db, pull.issue_id).state == "closed":
            raise ApiError(422, "Pull request is not open, or a draft")
        if not hub.mergeability.settled(repo, pull).mergeable:
            raise ApiError(422, "Pull request is not mergeable")
        rules = protection.load(hub.db, repo, pull.base_ref)
        if rules is not None and (reasons := protection.unmet(hub.db, repo, pull, rules)):
            raise ApiError(422, " ".join(reasons))
        if pull.id not in queues.of_pulls(hub.db, [pull.id]):
            queues.add(hub.db, repo.id, pull.id, pull.base_ref, viewer.user.id)
        advance(hub, repo, pull.base_ref)


def dequeue(hub: World, viewer: Viewer, repo: Repo, pull: Pull) -> None:
    """A person takes it out. Raises ApiError 422 when it is not in the queue."""
    assert viewer.user is not None
    with hub.repo_lock(repo):
        entry = queues.of_pulls(hub.db, [pull.id]).get(pull.id)
        if entry is None:
            raise ApiError(422, "Pull request is not in the merge queue")
        _out(hub, repo, entry, "manual", viewer.user.id)
        advance(hub, repo, pull.base_ref)


def tested(hub: World, repo: Repo, branch: str) -> None:
    """A job on a branch of the queue has ended."""
    if branch.startswith(PREFIX):
        with hub.repo_lock(repo):
            advance(hub, repo, branch.removeprefix(PREFIX).rpartition("/")[0])


def advance(hub: World, repo: Repo, branch: str) -> None:
    """As far as it goes without waiting: who is green lands, who is red is out, the next is put under test."""
    while waiting := queues.entries(hub.db, repo.id, branch):
        entry = waiting[0]
        pull = pulls.get(hub.db, entry.pull_id)
        if issues.get(hub.db, pull.issue_id).state == "closed":
            _out(hub, repo, entry, "already merged or closed", entry.enqueuer_id)
            continue
        tip = hub.bare(repo).branch(branch)
        if entry.head_sha is None or entry.base_sha != tip:
            if tip is None or not _put_under_test(hub, repo, entry, pull, tip):
                _out(hub, repo, entry, "merge conflict", entry.enqueuer_id)
                continue
            entry = queues.of_pulls(hub.db, [pull.id])[pull.id]
        assert entry.head_sha is not None
        runs = checks.runs(hub.db, repo.id, [entry.head_sha])[entry.head_sha]
        if any(run.status != "completed" for run in runs):
            return
        if any(run.conclusion not in ("success", "neutral", "skipped") for run in runs):
            _out(hub, repo, entry, "failed checks", entry.enqueuer_id)
            continue
        _land(hub, repo, entry, pull)


def _put_under_test(hub: World, repo: Repo, entry: Entry, pull: Pull, tip: str) -> bool:
    bare = hub.bare(repo)
    if bare.merge_tree(tip, pull.head_sha) is None:
        return False
    _clear(hub, repo, entry)
    new = merging.squashed(hub, _viewer(hub, entry), repo, pull, tip)
    queue = queues.of_branch(hub.db, repo.id, entry.branch)
    if queue is not None and queue.loses:
        person = hub.person(users.get(hub.db, entry.enqueuer_id), hub.db.now())
        new = bare.commit_tree(bare.tree_with(new, {queue.loses: None}), (tip,), "Gone wrong", person, person)
    queues.tested(hub.db, entry, tip, new)
    name = f"{PREFIX}{entry.branch}/pr-{pull.number}-{tip}"
    bare.set_ref(f"refs/heads/{name}", new)
    hub.ci.start(repos.get(hub.db, repo.id), new, name)
    return True


def _land(hub: World, repo: Repo, entry: Entry, pull: Pull) -> None:
    assert entry.head_sha is not None
    assert entry.base_sha is not None
    queues.remove(hub.db, entry)
    merging.landed(hub, _viewer(hub, entry), repo, pull, entry.base_sha, entry.head_sha)
    _clear(hub, repo, entry)


def _out(hub: World, repo: Repo, entry: Entry, reason: str, actor: int) -> None:
    queues.remove(hub.db, entry)
    pull = pulls.get(hub.db, entry.pull_id)
    events.add(hub.db, repo_id=repo.id, issue_id=pull.issue_id, actor_id=actor, kind="removed_from_merge_queue",
               reason=reason)  # fmt: skip
    _clear(hub, repo, entry)


def _clear(hub: World, repo: Repo, entry: Entry) -> None:
    pull = pulls.get(hub.db, entry.pull_id)
    bare = hub.bare(repo)
    for name in bare.refs(f"refs/heads/{PREFIX}{entry.branch}/"):
        if name.rpartition("/")[2].startswith(f"pr-{pull.number}-"):
            bare.delete_ref(name)
            hub.ci.cancel(repo, name.removeprefix("refs/heads/"))


def _viewer(hub: World, entry: Entry) -> Viewer:
    return auth.acting(users.get(hub.db, entry.enqueuer_id))
