"""Submitting and dismissing reviews, with their line comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.hub import diffs
from orchestrator.hub.auth import Viewer
from orchestrator.hub.errors import ApiError
from orchestrator.hub.store import issues, pulls
from orchestrator.hub.store.pulls import Pull, Review, ReviewComment
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.world import World

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@dataclass(frozen=True, kw_only=True)
class Note:
    """A comment on a line of the diff."""

    path: str
    body: str
    line: int | None = None
    side: str = "RIGHT"


def submit(
    hub: World, viewer: Viewer, repo: Repo, pull: Pull, *, event: str | None, body: str = "",
    commit: str | None = None, notes: Sequence[Note] = (),
) -> Review:  # fmt: skip
    """Add a review; `event` None leaves it PENDING. Raises ApiError 422: one's own pull request, no body where one
    is needed, a commit that is not of the pull request, a path outside the diff."""
    assert viewer.user is not None
    issue = issues.get(hub.db, pull.issue_id)
    if event is not None and event not in STATES:
        raise ApiError(422, "Invalid request.\n\nNo such review event.")
    if event in ("APPROVE", "REQUEST_CHANGES") and issue.author_id == viewer.user.id:
        what = "approve your own" if event == "APPROVE" else "request changes on your own"
        raise ApiError(422, "Unprocessable Entity", [f"Review Can not {what} pull request"])
    if event in ("REQUEST_CHANGES", "COMMENT") and not body.strip() and not notes:
        raise ApiError(422, "Unprocessable Entity", ["Review Body can't be blank"])
    if commit is not None and (hub.bare(repo).resolve(commit) is None):
        raise ApiError(422, "Unprocessable Entity", ["Review commit_id is not part of the pull request"])
    hunks = {file.path: file.patch or "" for file in changed(hub, repo, pull)} if notes else {}
    if any(note.path not in hunks for note in notes):
        raise ApiError(422, "Unprocessable Entity", ["Path could not be resolved"])
    with hub.db.write():
        state = "PENDING" if event is None else STATES[event]
        review = pulls.add_review(hub.db, pull, viewer.user.id, state, body, commit or pull.head_sha, viewer.app_id)
        for note in notes:
            pulls.add_thread(hub.db, review, path=note.path, line=note.line, side=note.side, body=note.body,
                             diff_hunk=hunks[note.path])  # fmt: skip
        return review


def comment(hub: World, viewer: Viewer, repo: Repo, pull: Pull, note: Note, commit: str | None) -> ReviewComment:
    """A single line comment: GitHub wraps it in a COMMENTED review of its own."""
    review = submit(hub, viewer, repo, pull, event="COMMENT", commit=commit, notes=[note])
    return next(c for c in pulls.review_comments(hub.db, pull.id) if c.review_id == review.id)


def changed(hub: World, repo: Repo, pull: Pull) -> list[diffs.FileDiff]:
    """The files a pull request changes: from the merge base (or, merged, the recorded base) to its head."""
    bare = hub.bare(repo)
    start = bare.merge_base(pull.base_sha, pull.head_sha)
    return diffs.between(bare, start, pull.head_sha)
