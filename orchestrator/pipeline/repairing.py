"""What is wrong with an open pull request goes back to an agent as data, or to a person when no round is left."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.github import checks
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.result import BlockerCode
from orchestrator.model.steps import HandOver, Rework
from orchestrator.model.task import AttemptKind, FailedCheck, Folder, Phase, Task
from orchestrator.pipeline import closing, desk, effect, report
from orchestrator.services import Services


def rework(services: Services, claim: Claim, step: Rework | HandOver) -> None:
    """Red checks or a conflict: the issue is told, the board says so, the task waits for an agent on its branch, or
    for a person when no round is left. Either way the next agent knows what is wrong."""
    task = claim.task
    failed = step.failed
    if failed and task.pushed_sha and not step.conflict:
        failed = in_words(services, task.repo, task.pushed_sha, failed)
    if isinstance(step, HandOver):
        claim = services.mailbox.save(claim, replace(task, failed_checks=failed, conflict=step.conflict))
        closing.towards(services, claim, Folder.ESCALATED, step.why, BlockerCode.TEST_FAILURE)
        return
    task = replace(
        task,
        phase=Phase.QUEUED,
        next_kind=AttemptKind.REVIEW if step.requests else AttemptKind.CI,
        next_agent=_author(task),
        failed_checks=failed,
        conflict=step.conflict,
        requests=step.requests,
        verdict=None,
        review=None,
        reason=step.why,
    )
    state = f"red:{(task.pushed_sha or 'none')[:12]}:{task.count(AttemptKind.CI)}"
    services.record(EventKind.REWORK, task, why=step.why, failed=[c.name for c in failed], conflict=step.conflict)
    if not step.requests:  # who asked knows; the answer comes with the fix
        effect.comment(services, task, state, report.red(task))
    if failed:
        desk.show(services, task, BoardStatus.BLOCKED, why=step.why)
        notify.tell(services, AlertKind.CI_FAILURE, task, state, step.why)
    services.mailbox.move(claim, task, Folder.INBOX)


def in_words(services: Services, repo: RepoName, sha: Sha, failed: tuple[FailedCheck, ...]) -> tuple[FailedCheck, ...]:
    """These failed checks with what GitHub has of them on that commit: their own words and the log's failing part."""
    told = {c.name: c for c in checks.failed(services.github, repo, sha, services.redact)}
    return tuple(
        replace(c, summary=str(services.redact(told[c.name].summary))) if c.name in told else c for c in failed
    )


def _author(task: Task) -> str:
    """Who made the published head mends it."""
    return next((a.agent for a in reversed(task.attempts) if a.head_sha and a.spent), "")
