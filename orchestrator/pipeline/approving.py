"""A person's word about a head, wherever it was given: one record, one commit status."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.github import checks
from orchestrator.github.errors import Forbidden, NotFound
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.governance import Approval, Via
from orchestrator.model.issue import Act
from orchestrator.model.pull import Pull
from orchestrator.model.task import Task
from orchestrator.pipeline import trusting
from orchestrator.policy import approval as policy
from orchestrator.policy import hidden, merge
from orchestrator.policy.sections import visible
from orchestrator.services import Services

WHY_CHARACTERS = 500
"""Of a reason that is kept."""
STATUS_CHARACTERS = 140
"""That GitHub takes of a status."""


def standing(services: Services, task: Task, pull: Pull) -> Approval | None:
    """The newest word of a trusted person about the pull request's present head; recorded on first sight."""
    repo = services.repo(task)
    facts = policy.Facts(task=task, pull=pull, label=repo.review.label, recorded=services.approvals.of(task.id))
    known: dict[str, bool] = {}

    # GitHub lets nobody approve their own pull request, so where the operator lends us their own account the label they
    # put on is their word, although we could have put it there: we never do.
    def trusted(act: Act, via: Via) -> bool:
        key = f"{act.by}/{act.id}/{via.value}"
        if key not in known:
            known[key] = trusting.counts(services, repo, act, ours=via is Via.LABEL)
        return known[key]

    words = policy.on_github(facts, trusted)
    for word in words:
        if word.source not in facts.known:
            note(services, task, word)
    _taken_back(services, task, facts, words)
    found = policy.standing(facts, words)
    return replace(found, why=_told(services, found.why)) if found else None


def note(services: Services, task: Task, word: Approval) -> None:
    """Into the ledger, then into the task's record: a word without a record must not count."""
    word = replace(word, why=_told(services, word.why))
    services.record(
        EventKind.APPROVED,
        task,
        by=word.by,
        via=word.via.value,
        head=word.head_sha,
        approve=word.approve,
        why=word.why,
        source=word.source,
    )
    services.approvals.put(word)


def _told(services: Services, why: str) -> str:
    return " ".join(str(services.redact(hidden.shown(why))).split())[:WHY_CHARACTERS]


def _taken_back(services: Services, task: Task, facts: policy.Facts, words: tuple[Approval, ...]) -> None:
    """A review that was dismissed or followed by another, a label taken off: recorded once."""
    for source in sorted(facts.known - {w.source for w in words}):
        subject = f"taken back:{task.id}:{source}"
        if not services.signatures.seen(subject, facts.pull.head_sha):
            services.record(EventKind.APPROVED, task, head=facts.pull.head_sha, source=source, taken_back=True)
            services.signatures.remember(subject, facts.pull.head_sha)


def show(services: Services, task: Task, pull: Pull) -> None:
    """Our verdict about the present head as the commit status `agent-os/review`; set again only when it changed."""
    if task.verdict is None or not task.verdict.passed or task.verdict.head_sha != pull.head_sha:
        return
    repo = services.repo(task)
    word = standing(services, task, pull)
    shown = policy.shown(task, repo, word, loopback=services.settings.github.loopback)
    if shown is None:
        return
    text = services.redact(" ".join(visible(shown.text).split()))
    subject, state = f"status:{task.id}", f"{pull.head_sha} {shown.state} {text[:STATUS_CHARACTERS]}"
    if services.signatures.seen(subject, state):
        return
    try:
        checks.set_status(services.github, task.repo, pull.head_sha, merge.STATUS, shown.state, text)
    except (Forbidden, NotFound) as refused:
        # A token that may not set statuses can still merge; the record stands all the same.
        why = f"the commit status {merge.STATUS} cannot be set in {task.repo}: {services.redact(str(refused))}"
        notify.tell(
            services, AlertKind.MANUAL_ACTION, task, "status", why, action="let the token write commit statuses"
        )
    services.signatures.remember(subject, state)
