"""What follows an attempt. The one place that knows the ceilings."""

from __future__ import annotations

from orchestrator.model.gate import Outcome
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.steps import (
    AttemptStep,
    Block,
    Continue,
    Correct,
    Escalate,
    FollowUp,
    NextAgent,
    Publish,
    WaitUntil,
)
from orchestrator.model.task import Attempt, AttemptKind, Task
from orchestrator.policy.route import NoRoute, Route

WRITE_RESULT = (
    "Your run ended without a valid .agent_result.md. Write that file now, in the form given; change nothing else."
)


def next_step(task: Task, repo: RepoSettings, *, onward: Route | NoRoute) -> AttemptStep:
    """The step after the last attempt of `task`, whose verdict is recorded. `onward` is who could take over."""
    last = task.attempts[-1]
    if task.verdict is not None and task.verdict.passed:
        return Publish()
    if len(task.counted) >= repo.max_runs:
        return _stop(repo, f"{len(task.counted)} agent runs without a result that passes", last.blocker_code)
    if not last.spent:
        return _uncharged(last, repo, onward)
    if _wants_resume(last, task):
        return Continue(agent=last.agent, message=WRITE_RESULT)
    if last.status is Status.COMPLETE and last.blocker_code is not BlockerCode.NO_DIFF_PRODUCED:
        findings = _instructions(task)
        if findings and task.count(AttemptKind.CORRECTION) < repo.max_corrections:
            return Correct(agent=last.agent, findings=findings)
    return _hand_on(last, task, repo, onward)


def _uncharged(last: Attempt, repo: RepoSettings, onward: Route | NoRoute) -> AttemptStep:
    why = f"{last.agent}: {last.failure.value}"
    if isinstance(onward, Route):
        return NextAgent(agent=onward.agent, why=why)
    if onward.until:
        return WaitUntil(not_before=onward.until, why=f"{why}; {onward.why}")
    return _stop(repo, f"no agent can run: {onward.why}", BlockerCode.FALLBACK_EXHAUSTED)


def _wants_resume(last: Attempt, task: Task) -> bool:
    """It ended by itself and cleanly, but left no valid contract: ask once for the file before it counts as invalid."""
    return (
        last.blocker_code is BlockerCode.INVALID_RESULT_CONTRACT
        and last.failure in (FailureClass.NONE, FailureClass.DID_NOTHING)
        and not any(a.kind is AttemptKind.RESUME and a.agent == last.agent for a in task.counted)
    )


def _instructions(task: Task) -> tuple[str, ...]:
    if task.verdict is None:
        return ()
    return tuple(f"{f.check}: {f.why}" for f in task.verdict.findings if f.outcome is not Outcome.PASS)


def _hand_on(last: Attempt, task: Task, repo: RepoSettings, onward: Route | NoRoute) -> AttemptStep:
    why = last.summary or ", ".join(last.findings) or last.blocker_code.value
    spent = task.count(AttemptKind.ATTEMPT)
    if spent >= task.max_attempts:
        return _stop(repo, f"{spent} attempts spent, none passed; the last: {why}", last.blocker_code)
    if isinstance(onward, NoRoute):
        if onward.until:
            return WaitUntil(not_before=onward.until, why=onward.why)
        return _stop(repo, f"every agent of the chain was tried; the last: {why}", BlockerCode.FALLBACK_EXHAUSTED)
    if last.status is Status.BLOCKED:
        return NextAgent(agent=onward.agent, why=why)
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return Block(why=why, code=last.blocker_code)
    return FollowUp(agent=onward.agent, why=why)


def _stop(repo: RepoSettings, why: str, code: BlockerCode) -> AttemptStep:
    code = code if code is not BlockerCode.NONE else BlockerCode.FALLBACK_EXHAUSTED
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return Block(why=why, code=code)
    return Escalate(why=why, code=code)
