"""Pull requests, reviews, review comments."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.hub.http import Call, Json
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.rest.shapes import issues as issue_shapes
from orchestrator.hub.store import comments as talk
from orchestrator.hub.store import issues, repos, users
from orchestrator.hub.store import pulls as store
from orchestrator.hub.store.pulls import Pull, Review, ReviewComment
from orchestrator.hub.store.repos import Repo


def pulls(call: Call, repo: Repo, found: Sequence[Pull]) -> list[Json]:
    """pull-request-simple, for many at once."""
    db = call.db
    halves = issues.by_ids(db, [pull.issue_id for pull in found])
    ids = list(halves)
    labels, assigned = issues.labels_of(db, ids), issues.assignees_of(db, ids)
    asked = store.requested_of(db, [pull.id for pull in found])
    people = users.by_ids(db, {issue.author_id for issue in halves.values()})
    place = accounts.repo(call, repo) if found else {}
    owner = accounts.user(call, users.get(db, repo.owner_id))
    base = f"{call.api}/repos/{repo.full_name}"
    shaped = []
    for pull in found:
        issue = halves[pull.issue_id]
        author = people[issue.author_id]
        own, page = f"{base}/pulls/{pull.number}", f"{call.hub.url}/{repo.full_name}/pull/{pull.number}"
        talks = f"{base}/issues/{pull.number}"
        folk = [accounts.user(call, person) for person in assigned[issue.id]]
        links = {
            "self": own, "html": page, "issue": talks, "comments": f"{talks}/comments",
            "review_comments": f"{own}/comments", "review_comment": base + "/pulls/comments{/number}",
            "commits": f"{own}/commits", "statuses": f"{base}/statuses/{pull.head_sha}",
        }  # fmt: skip
        shaped.append({
            "url": own, "id": pull.id, "node_id": pull.node_id, "html_url": page, "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch", "issue_url": talks, "commits_url": links["commits"],
            "review_comments_url": links["review_comments"], "review_comment_url": links["review_comment"],
            "comments_url": links["comments"], "statuses_url": links["statuses"], "number": pull.number,
            "state": issue.state, "locked": issue.locked, "title": issue.title, "user": accounts.user(call, author),
            "body": issue.body, "created_at": issue.created_at, "updated_at": issue.updated_at,
            "closed_at": issue.closed_at, "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_sha or pull.test_merge_sha, "assignee": folk[0] if folk else None,
            "assignees": folk, "requested_reviewers": [accounts.user(call, person) for person in asked[pull.id]],
            "requested_teams": [], "labels": [issue_shapes.label(call, repo, each) for each in labels[issue.id]],
            "milestone": None, "draft": pull.draft, "head": _end(repo, pull.head_ref, pull.head_sha, owner, place),
            "base": _end(repo, pull.base_ref, pull.base_sha, owner, place),
            "_links": {name: {"href": url} for name, url in links.items()},
            "author_association": accounts.association(db, repo, author), "auto_merge": None,
            "active_lock_reason": None,
        })  # fmt: skip
    return shaped


def _end(repo: Repo, ref: str, sha: str, owner: Json, place: Json) -> Json:
    return {"label": f"{repo.owner_login}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": place}


def pull(call: Call, repo: Repo, found: Pull) -> Json:
    """pull-request: the single one, with mergeability (unknown at its first reading)."""
    verdict = call.hub.mergeability.read(repo, found)
    found = store.get(call.db, found.id)
    merged_by = users.by_ids(call.db, [found.merged_by_id]).get(found.merged_by_id or 0)
    return pulls(call, repo, [found])[0] | {
        "merged": found.merged, "mergeable": verdict.mergeable, "rebaseable": verdict.mergeable,
        "mergeable_state": verdict.state, "merged_by": accounts.user(call, merged_by) if merged_by else None,
        "comments": talk.counts(call.db, [found.issue_id]).get(found.issue_id, 0),
        "review_comments": len(store.review_comments(call.db, found.id)), "maintainer_can_modify": False,
        "commits": found.commits, "additions": found.additions, "deletions": found.deletions,
        "changed_files": found.changed_files,
    }  # fmt: skip


def reviews(call: Call, repo: Repo, parent: Pull, found: Sequence[Review]) -> list[Json]:
    """pull-request-review."""
    people = users.by_ids(call.db, {review.author_id for review in found})
    own = f"{call.api}/repos/{repo.full_name}/pulls/{parent.number}"
    page = f"{call.hub.url}/{repo.full_name}/pull/{parent.number}"
    shaped = []
    for review in found:
        author, html = people[review.author_id], f"{page}#pullrequestreview-{review.id}"
        shape: Json = {
            "id": review.id, "node_id": review.node_id, "user": accounts.user(call, author), "body": review.body,
            "state": review.state, "html_url": html, "pull_request_url": own, "commit_id": review.commit_sha,
            "author_association": accounts.association(call.db, repo, author),
            "_links": {"html": {"href": html}, "pull_request": {"href": own}},
        }  # fmt: skip
        shape |= {"submitted_at": review.submitted_at} if review.submitted_at else {}
        shaped.append(shape)
    return shaped


def review_comments(call: Call, repo: Repo, parent: Pull, found: Sequence[ReviewComment]) -> list[Json]:
    """pull-request-review-comment."""
    people = users.by_ids(call.db, {comment.author_id for comment in found})
    threads = store.threads(call.db, {comment.thread_id for comment in found})
    base = f"{call.api}/repos/{repo.full_name}/pulls"
    page = f"{call.hub.url}/{repo.full_name}/pull/{parent.number}"
    shaped = []
    for comment in found:
        author, thread = people[comment.author_id], threads[comment.thread_id]
        url, html = f"{base}/comments/{comment.id}", f"{page}#discussion_r{comment.id}"
        place: Json = {"line": thread.line, "original_line": thread.line, "side": thread.side} if thread.line else {}
        shape: Json = {
            "url": url, "id": comment.id, "node_id": comment.node_id, "pull_request_review_id": comment.review_id,
            "diff_hunk": comment.diff_hunk, "path": thread.path, "commit_id": comment.commit_sha,
            "original_commit_id": comment.commit_sha, "user": accounts.user(call, author), "body": comment.body,
            "created_at": comment.created_at, "updated_at": comment.updated_at, "html_url": html,
            "pull_request_url": f"{base}/{parent.number}",
            "author_association": accounts.association(call.db, repo, author),
            "_links": {
                "self": {"href": url}, "html": {"href": html}, "pull_request": {"href": f"{base}/{parent.number}"},
            },
            "reactions": issue_shapes.reactions(url), "subject_type": "line" if thread.line else "file",
        }  # fmt: skip
        shape |= {"in_reply_to_id": comment.in_reply_to_id} if comment.in_reply_to_id else {}
        shaped.append(shape | place)
    return shaped


def repo_of(call: Call, found: Pull) -> Repo:
    """The repository of a pull request."""
    return repos.get(call.db, found.repo_id)
