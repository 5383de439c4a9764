"""A person's word about the published head of a task: for it, or against it. It never overrides a check.

The word is about the head that is published when it is given, told back in the answer: when the head moves, the word is
about nothing (but for a clean update, which carries it).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.github import pulls
from orchestrator.mailbox.box import Entry
from orchestrator.model.governance import Approval, Via
from orchestrator.model.pull import Pull
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, order, task
from orchestrator.pipeline import approving
from orchestrator.policy import merge
from orchestrator.services import Services


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was recorded, told back to whoever ordered it."""

    task: str
    pull: str
    """`owner/name#N`."""
    head_sha: str
    approve: bool
    risk: str
    text: str
    """In words."""


def approve(services: Services, ref: str, person: str, *, via: Via = Via.CLI, why: str = "", head: str = "") -> Given:
    """For the published head. `ref`: a task id, or `owner/name#N` of its issue or pull request. `head`: the one that
    was looked at; a refusal when another is published now. Raises OrderRefused."""
    found, pull = _open(services, ref, head)
    if found.verdict is None or not found.verdict.passed or found.verdict.head_sha != pull.head_sha:
        raise OrderRefused(f"{_short(pull)} has not passed the gate; a person's word does not stand in for a check")
    standing = approving.standing(services, found, pull)
    if standing is not None and not standing.approve and standing.via is Via.REVIEW:
        raise OrderRefused(
            f"{standing.by} requested changes on {_short(pull)}: a push answers that, or somebody dismisses the review"
        )
    return _give(services, found, pull, person, via, why, approve=True)


def reject(services: Services, ref: str, person: str, *, via: Via = Via.CLI, why: str = "", head: str = "") -> Given:
    """Against the published head, which then waits until it moves or is approved. `head` as in `approve`. Raises
    OrderRefused, also without a reason."""
    if not why.strip():
        raise OrderRefused("a refusal needs its reason: --why TEXT")
    found, pull = _open(services, ref, head)
    return _give(services, found, pull, person, via, why, approve=False)


def _open(services: Services, ref: str, head: str) -> tuple[Task, Pull]:
    entry = _find(services, ref)
    found = entry.task
    if entry.folder is not Folder.REVIEW or found.phase is not Phase.PUBLISHED or found.pull_request is None:
        raise OrderRefused(
            f"task {found.id} is in {entry.folder.value}/: only an open pull request is approved or refused"
        )
    key = (found.repo, found.pull_request)
    pull = pulls.watch(services.github, [key]).get(key)
    if pull is None or pull.merged or not pull.open:
        raise OrderRefused(f"{found.repo}#{found.pull_request} is not open")
    if pull.head_sha != found.pushed_sha:
        raise OrderRefused(
            f"{found.repo}#{pull.number} is at {pull.head_sha[:12]}, which is not what was published "
            f"({(found.pushed_sha or 'nothing')[:12]}); look at it again in a minute"
        )
    if head and head != pull.head_sha:
        raise OrderRefused(
            f"{found.repo}#{pull.number} is at {pull.head_sha[:12]} now, not at {head[:12]} any more: look at it again"
        )
    return found, pull


def _find(services: Services, ref: str) -> Entry:
    repo, _, number = ref.partition("#")
    if not number:
        folder, found = task(services, ref)
        return Entry(id=found.id, folder=folder, task=found)
    if not number.isascii() or not number.isdigit():
        raise OrderRefused(f"{ref!r}: expected a task id or owner/name#N")
    # The pull request first: it and its issue have different numbers, and an issue can have had earlier tasks.
    entries = [e for f in Folder if f is not Folder.CORRUPT for e in services.mailbox.list(f)]
    ours = [e for e in entries if e.task.repo.casefold() == repo.casefold()]
    ours = [e for e in ours if int(number) in (e.task.pull_request, e.task.issue)]
    if not ours:
        raise OrderRefused(f"no task of {ref}; `agent-os task ls` lists them")
    return max(ours, key=lambda e: (e.folder is Folder.REVIEW, e.task.generation))


def _give(services: Services, found: Task, pull: Pull, person: str, via: Via, why: str, *, approve: bool) -> Given:
    why = str(services.redact(why.strip()))
    order(services, found, person, "approve" if approve else "reject", head=pull.head_sha, why=why)
    at = stamp(services.now())
    word = Approval(task=found.id, head_sha=pull.head_sha, by=person, via=via, at=at, approve=approve, why=why)
    approving.note(services, found, word)
    risk = found.verdict.risk.value if found.verdict else "unknown"
    return Given(
        task=found.id,
        pull=f"{found.repo}#{pull.number}",
        head_sha=pull.head_sha,
        approve=approve,
        risk=risk,
        text=_words(services, found, pull, person, risk, approve=approve),
    )


def _words(services: Services, found: Task, pull: Pull, person: str, risk: str, *, approve: bool) -> str:
    head = f"{_short(pull)}, {risk} risk"
    if not approve:
        return f"{head}: refused by {person}; it waits until its head moves or somebody approves it"
    if not services.repo(found).merge:
        return f"{head}: approved by {person}; merging is switched off for this repository, so it is yours"
    red = [c.name for c in merge.failed(pull.checks)]
    rest = "it lands when checks pass and nothing else stands against it"
    if red:
        rest = f"but {', '.join(red)} failed, which an approval does not override"
    return f"{head}: approved by {person}; {rest}"


def _short(pull: Pull) -> str:
    return f"{pull.repo}#{pull.number} at {pull.head_sha[:12]}"
