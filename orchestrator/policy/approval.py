"""Which person's word stands about a pull request's present head, and what our commit status says of it.

A word is about the very head its giver saw. A review names its commit. A label does not, so it counts only when it was
put on after the head was pushed, and never for a head that came after it was first seen. A review that requests changes
stands against a merge until its giver approves, somebody dismisses it, or a push answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.governance import Approval, Opinion, ReviewMode, Via
from orchestrator.model.issue import Act
from orchestrator.model.pull import Pull, PullReview, ReviewState
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse
from orchestrator.policy import merge
from orchestrator.policy.review import of_head

Trusted = Callable[[Act, Via], bool]
"""Does this account's word count, given in this way?"""


@dataclass(frozen=True, kw_only=True)
class Facts:
    task: Task
    pull: Pull
    label: str
    """Name of the label that approves."""
    recorded: tuple[Approval, ...]
    """What was written down of this task before, about any head."""

    @property
    def known(self) -> frozenset[str]:
        """Sources of what was written down about the present head."""
        return frozenset(w.source for w in self.recorded if w.source and w.head_sha == self.pull.head_sha)


def on_github(f: Facts, trusted: Trusted) -> tuple[Approval, ...]:
    """The words about the present head that stand on GitHub now. Only accounts whose word would count are asked for."""
    words = [_review(f, review, trusted) for review in _latest(f.pull.said.reviews)]
    return tuple(w for w in (*words, _label(f, trusted)) if w is not None)


def standing(f: Facts, github: Iterable[Approval]) -> Approval | None:
    """The newest word; but who requests changes in a review has to be answered first."""
    words = list(github)
    if against := [w for w in words if not w.approve]:
        return max(against, key=_when)
    words += [w for w in f.recorded if not w.source and w.head_sha == f.pull.head_sha]
    return max(words, key=_when, default=None)


def _when(word: Approval) -> tuple[datetime, bool]:
    """Of two in the same second the refusal counts."""
    return parse(word.at), not word.approve


def _latest(reviews: Iterable[PullReview]) -> list[PullReview]:
    """The newest opinion of each account, whatever head it was about."""
    newest: dict[str, PullReview] = {}
    for review in sorted(reviews, key=lambda r: (parse(r.act.at), r.id)):
        newest[review.act.by.casefold()] = review
    return list(newest.values())


def _review(f: Facts, review: PullReview, trusted: Trusted) -> Approval | None:
    source = f"review:{review.id}"
    about = review.head_sha == f.pull.head_sha or source in f.known
    approve = review.state is ReviewState.APPROVED
    if review.state is ReviewState.CHANGES_REQUESTED:
        about = about or _later(review.act.at, f.task.pushed_at)  # sent from a page that showed the head before
    if review.state is ReviewState.DISMISSED or not about or not trusted(review.act, Via.REVIEW):
        return None
    return _word(f, review.act, Via.REVIEW, source, approve=approve, why="" if approve else review.body)


def _label(f: Facts, trusted: Trusted) -> Approval | None:
    name = f.label.casefold()
    if name not in {label.casefold() for label in f.pull.labels}:
        return None
    put = [one.act for one in f.pull.said.labelled if one.label.casefold() == name]
    if not put:
        return None
    act = max(put, key=lambda one: parse(one.at))
    source = f"label:{act.by}:{act.at}"
    if source not in f.known:
        seen_before = any(w.source == source for w in f.recorded)
        if seen_before or not _later(act.at, f.task.pushed_at):
            return None
    return _word(f, act, Via.LABEL, source) if trusted(act, Via.LABEL) else None


def _later(at: str, than: str) -> bool:
    """Both in whole seconds, so the same second may have been before."""
    return bool(than) and parse(at) > parse(than)


def _word(f: Facts, act: Act, via: Via, source: str, *, approve: bool = True, why: str = "") -> Approval:
    return Approval(
        task=f.task.id, head_sha=f.pull.head_sha, by=act.by, via=via, at=act.at, approve=approve, why=why, source=source
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the commit status `agent-os/review` says."""

    state: str
    """GitHub's word: success, pending or failure."""
    text: str


def shown(task: Task, repo: RepoSettings, word: Approval | None, *, loopback: bool) -> Shown | None:
    """Of a head that the gate has passed. None where nobody was asked and nobody said anything."""
    assert task.verdict is not None, "only a judged head is shown"
    risk = f"{task.verdict.risk.value} risk"
    if word is not None and not word.approve:
        done = "changes requested by" if word.via is Via.REVIEW else "refused by"
        return Shown(state="failure", text=f"{done} {word.by}" + (f": {word.why}" if word.why else ""))
    if word is not None:
        carried = ", kept over an update" if word.carried else ""
        return Shown(state="success", text=f"approved by {word.by} ({word.via.value}{carried}), {risk}")
    review = of_head(task)
    if review is None and repo.review.mode is ReviewMode.REQUIRED:
        return Shown(state="pending", text="waits for a reviewer")
    if why := merge.needs_person(task, repo, loopback=loopback):
        return Shown(state="pending", text=f"waits for a person: {why}")
    if review is None:
        return None
    who = f"{review.reviewer or 'nobody'}" + (" (the author's program, a fresh run)" if review.same_agent else "")
    said = "reviewed by" if review.opinion is Opinion.APPROVE else f"advisory: {review.opinion.value} by"
    return Shown(state="success", text=f"{said} {who}, {risk}")
