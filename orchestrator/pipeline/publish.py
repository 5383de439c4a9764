"""A passed verdict becomes a pull request. Safe twice: every step finds what an earlier try did."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.git import LeaseLost, Pushed, Refused
from orchestrator.github import pulls
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import Public, Sha
from orchestrator.model.result import BlockerCode
from orchestrator.model.settings import AutomationMode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import closing, desk, effect, estimating, report, shipping, steer, traces, wishes
from orchestrator.policy import ci_words
from orchestrator.services import Services


def publish(services: Services, claim: Claim) -> Claim | None:
    """Push, find or open the pull request, tell the issue, move to review/."""
    task = claim.task
    assert task.verdict is not None, "only a judged head is published"
    if task.verdict.tree == _base_tree(services, task) and task.pull_request is None:
        return _words_only(services, claim)
    pushed = _push(services, claim, task.verdict.head_sha)
    if isinstance(pushed, str):
        return closing.towards(services, claim, Folder.ESCALATED, pushed, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
    claim = pushed
    services.mailbox.check(claim)
    number = _pull_request(services, claim.task)
    shipping.opened(services, claim.task, number)
    if claim.task.requests:
        wishes.answer(services, claim.task)
    task = replace(
        claim.task,
        pull_request=number,
        phase=Phase.PUBLISHED,
        conflict=False,
        failed_checks=(),
        requests=(),
        reason="",
        not_before="",
    )
    to_review(services, services.mailbox.save(claim, task))
    return None


def to_review(services: Services, claim: Claim) -> None:
    """From PUBLISHED: what a worker that died here still owed, then the move."""
    announce(services, claim)
    services.metrics.summary(claim.task, "published", f"pull request #{claim.task.pull_request}")
    steer.to_review(services, claim)


def announce(services: Services, claim: Claim) -> None:
    """The result comment, once per published head; the board says In Progress until it is merged."""
    task = claim.task
    effect.comment(services, task, f"published:{_short(task)}", report.published(services, task))
    if any(a.kind.value == "ci" for a in task.counted):
        desk.show(services, task, BoardStatus.IN_PROGRESS, why="repaired")
    if task.attempts and (steps := task.attempts[-1].manual_steps):
        text = f"Manual steps:\n{notify.bullets(steps)}"
        notify.tell(
            services, AlertKind.MANUAL_ACTION, task, f"steps:{_short(task)}", text, action="do these steps by hand"
        )
    repo = services.repo(task)
    by_hand = repo.automation_mode is AutomationMode.DISPATCHER_ONLY or not repo.merge
    if by_hand:
        notify.tell(
            services,
            AlertKind.MANUAL_ACTION,
            task,
            f"merge:{task.pull_request}",
            f"Pull request #{task.pull_request} is open; merging is yours.",
            action="review and merge it on GitHub",
        )


def _push(services: Services, claim: Claim, head: Sha) -> Claim | str:
    """The claim with `pushed_sha` recorded, or why the branch is not ours to write any more."""
    task = claim.task
    repository = services.repository(services.repo(task))
    services.mailbox.check(claim)
    if task.pushed_sha != head:
        key = f"push:{head}"
        journal = services.effects.of(task.id)
        journal.intend(key, f"push {task.branch}")
        answer = repository.push(task.branch, head, expect=task.pushed_sha)
        match answer:
            case Pushed():
                journal.done(key, {"sha": head})
            case LeaseLost(actual=actual):
                journal.failed(key, f"lease lost to {actual}")
                return f"{task.branch} was pushed to by somebody else ({(actual or 'gone')[:12]}); it is left alone"
            case Refused(why=why):
                journal.failed(key, why)
                return f"the host refused the push: {services.redact(why)}"
        services.record(EventKind.PUSHED, task, traces.of_verdicts(task), branch=task.branch, sha=head)
        claim = services.mailbox.save(claim, replace(task, pushed_sha=head, pushed_at=stamp(services.now())))
    return claim


def _pull_request(services: Services, task: Task) -> int:
    gh = services.github

    def look() -> effect.Result | None:
        found = pulls.find(gh, task.repo, task.branch, state="open")
        return {"number": str(found[0].number)} if found else None

    def act() -> effect.Result:
        opened = pulls.open(gh, task.repo, task.branch, task.base, title(services, task), body(services, task))
        services.record(EventKind.PULL_OPENED, task, number=opened.number, head=opened.head_sha)
        return {"number": str(opened.number)}

    if task.pull_request is not None:
        return task.pull_request
    key = f"pull:{task.counted_from}"
    return int(effect.once(services, task, key, f"pull request for {task.branch}", look=look, act=act)["number"])


def title(services: Services, task: Task) -> Public:
    return services.redact.head(ci_words.title(task.title), 200)


def body(services: Services, task: Task) -> Public:
    """Closing keyword first: the merge closes the issue even if we are gone by then."""
    closes = f"Closes #{task.issue}\n\n" if task.issue else ""
    cost = estimating.noted_in_pull(services, task, estimating.line(services, task))
    told = report.pull_body(task, cost=cost)
    return services.redact(f"{closes}{told}\n\n{effect.marker(task, 'pull')}")


def _words_only(services: Services, claim: Claim) -> Claim | None:
    """Research whose answer is words: the issue gets them and stays open for its author to close."""
    task = claim.task
    effect.comment(services, task, f"answer:{len(task.attempts)}", report.answer(task))
    desk.show(services, task, BoardStatus.DONE, why="answered")
    notify.tell(services, AlertKind.COMPLETED, task, f"answer:{len(task.attempts)}", task.attempts[-1].summary)
    services.metrics.summary(task, "answered", "")
    services.mailbox.move(claim, replace(task, ended=stamp(services.now()), reason="answered"), Folder.DONE)
    return None


def _base_tree(services: Services, task: Task) -> Sha | None:
    assert task.base_sha is not None
    return services.repository(services.repo(task)).tree_of(task.base_sha)


def _short(task: Task) -> str:
    return (task.pushed_sha or "none")[:12]
