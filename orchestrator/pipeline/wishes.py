"""What people ask for on a pull request becomes input of the task's next run, once per new fact.

A wish is remembered in the task's journal when its answer has been given, so neither a restart nor a death in between
repeats a run: until then it stands in the task's own `requests`.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.github import issues, reviews
from orchestrator.github.errors import Forbidden, Invalid, NotFound, PartialAnswer
from orchestrator.model.event import EventKind
from orchestrator.model.governance import Request
from orchestrator.model.issue import Act
from orchestrator.model.pull import Pull, ThreadComment
from orchestrator.model.task import Task
from orchestrator.pipeline import effect, trusting
from orchestrator.policy import wishes as policy
from orchestrator.policy.hidden import shown
from orchestrator.services import Services

_MARK = "<!-- agent-os:key="


def fresh(services: Services, task: Task, pull: Pull) -> tuple[Request, ...]:
    """Reviews that request changes and unresolved comments by trusted people that no run has worked on yet."""
    if not (pull.said.reviews or pull.said.threads):
        return ()
    journal = services.effects.of(task.id)
    known: dict[str, bool] = {}

    def asks(act: Act) -> bool:
        key = f"{act.by}/{act.id}"
        if key not in known:
            # Also the operator who lends us their account: their words carry none of our marks.
            known[key] = trusting.counts(services, services.repo(task), act, ours=True)
        return known[key]

    found = policy.waiting(
        pull,
        worked_on=lambda id: journal.result(f"wish:{id}") is not None,
        ours=lambda comment: _ours(services, comment),
        asks=asks,
    )
    return tuple(replace(w, text=_told(services, w.text)) for w in found[: policy.MOST])


def _ours(services: Services, comment: ThreadComment) -> bool:
    """Our mark in somebody else's comment is only a quotation."""
    return _MARK in comment.body and services.github.is_me(comment.act.by)


def _told(services: Services, text: str) -> str:
    return policy.cut(str(services.redact(shown(text).strip())))


def answer(services: Services, task: Task) -> None:
    """After a push: each wish that the last run worked on is answered in its thread, and the thread resolved. Safe to
    repeat."""
    assert task.pull_request is not None or not task.requests, "wishes are about a pull request"
    journal = services.effects.of(task.id)
    left = [w for w in task.requests if journal.result(f"wish:{w.id}") is None]
    for thread in dict.fromkeys(w.thread for w in left if w.thread):
        mine = [w for w in left if w.thread == thread]
        _in_thread(services, task, thread, mine)
        _done(services, task, mine)
    if bodies := [w for w in left if not w.thread]:
        _below(services, task, bodies)
        _done(services, task, bodies)


def _done(services: Services, task: Task, wishes: list[Request]) -> None:
    for wish in wishes:
        services.effects.of(task.id).done(f"wish:{wish.id}", {"head": task.pushed_sha or ""})


def _in_thread(services: Services, task: Task, thread: str, wishes: list[Request]) -> None:
    """One answer, then the thread is settled; what a person settled or deleted meanwhile is left as it is."""
    gh, number = services.github, task.pull_request or 0
    mark = effect.marker(task, f"wish:{wishes[-1].id}")
    now = reviews.conversation(gh, thread)
    if now is None:
        return
    told = any(mark in c.body and gh.is_me(c.act.by) for c in now.thread.comments)
    if now.thread.resolved and not told:
        return
    words, changed = _words(services, task, wishes)

    def look() -> effect.Result | None:
        return {"url": ""} if told else None

    def act() -> effect.Result:
        return {"url": reviews.reply(gh, task.repo, number, now.first, services.redact(f"{words}\n\n{mark}"))}

    try:
        effect.once(services, task, f"reply:{wishes[-1].id}", f"answer on #{number}", look=look, act=act)
        if changed and not now.thread.resolved:
            effect.repeatable(
                services, task, f"resolve:{wishes[-1].id}", "resolve a thread",
                lambda: reviews.resolve(gh, task.repo, thread),
            )  # fmt: skip
    except (NotFound, Forbidden, Invalid, PartialAnswer) as refused:
        # The work is pushed; that it cannot be told in this place must not hold it back.
        _untold(services, task, thread, str(refused))


def _below(services: Services, task: Task, wishes: list[Request]) -> None:
    """Reviews' own texts are answered in one comment; only people take their reviews back."""
    gh, number = services.github, task.pull_request or 0
    mark = effect.marker(task, f"wish:{wishes[-1].id}")
    people = ", ".join(dict.fromkeys(w.by for w in wishes))
    words, _ = _words(services, task, wishes)

    def look() -> effect.Result | None:
        found = issues.find_marked(gh, task.repo, number, mark)
        return {"url": found.url} if found else None

    def act() -> effect.Result:
        body = services.redact(f"{words} (review by {people})\n\n{mark}")
        return {"url": issues.comment(gh, task.repo, number, body).url}

    try:
        effect.once(services, task, f"reply:{wishes[-1].id}", f"answer on #{number}", look=look, act=act)
    except (NotFound, Forbidden, Invalid) as refused:
        _untold(services, task, "review", str(refused))


def _untold(services: Services, task: Task, where: str, why: str) -> None:
    services.record(EventKind.EFFECT, task, effect=f"answer in {where}", refused=why)


def _words(services: Services, task: Task, wishes: list[Request]) -> tuple[str, bool]:
    """What is answered, and whether anything changed since the wish."""
    assert task.pushed_sha is not None, "an answer follows a push"
    repository, before = services.repository(services.repo(task)), wishes[-1].head_sha
    same = before == task.pushed_sha or (
        repository.has(before) and repository.tree_of(before) == repository.tree_of(task.pushed_sha)
    )
    if same:
        return "Looked at again; nothing was changed. The task's issue says what the agent reported.", False
    return f"Addressed in {task.pushed_sha}.", True
