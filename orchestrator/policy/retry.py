"""What follows an attempt. The one place that knows the ceilings.

What an attempt is charged for: work. Quota, a failed preflight and a person's stop are none, and neither is trouble of
the agent's own or its provider's that left no diff (`UNSPENT_WITHOUT_WORK`): a provider's bad hour must not use up a
task's four attempts. Such runs are bounded all the same: the agent rests longer each time (`route.rests_until`), its
circuit breaker opens for all tasks, and every run counts against `max_runs`. A crash and a silent run are charged: the
task itself may be what breaks the program.
"""

from __future__ import annotations

from orchestrator.model.gate import Outcome
from orchestrator.model.governance import ReviewVerdict
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
from orchestrator.model.times import parse
from orchestrator.policy import loop, review
from orchestrator.policy.route import NoRoute, Route

WRITE_RESULT = (
    "Your run ended without a valid .agent_result.md. Write that file now, in the form given; change nothing else."
)
UNSPENT_WITHOUT_WORK = frozenset(
    {FailureClass.AUTH, FailureClass.MISCONFIGURED, FailureClass.SERVER, FailureClass.NETWORK}
)
MOST_OF_ONE = 8
"""Charged runs of one agent in a lineage: an attempt, three corrections, three repairs, one request for the file."""
WALL_MINUTES = 360.0
"""Minutes that a lineage's agents may work altogether, where its attempts' own limits do not add up to more."""


def spent(attempt: Attempt, *, worked: bool) -> bool:
    """Whether the run is charged. `worked`: it left a diff."""
    return attempt.spent and (worked or attempt.failure not in UNSPENT_WITHOUT_WORK)


def next_step(
    task: Task, repo: RepoSettings, *, onward: Route | NoRoute, broke: str = "", unheard: bool = False
) -> AttemptStep:
    """The step after the last attempt of `task`, whose verdict is recorded.

    `onward` is who could take over; `broke` says why the task's own budget allows nothing more. `unheard`: a
    person said something to the task's agent after it had ended; its author hears it before the work is published.
    """
    last = task.attempts[-1]
    if task.verdict is not None and task.verdict.passed:
        if (refusal := review.refused(task, repo)) is not None:
            return _reviewed(task, repo, refusal, broke)
        more = task.count(AttemptKind.CORRECTION) < repo.max_corrections and len(task.counted) < repo.max_runs
        if unheard and more and not broke and last.failure is FailureClass.NONE:
            return Correct(agent=last.agent, findings=())
        return Publish()
    if last.failure is FailureClass.STOPPED:
        # The order is carried out before this is asked; without one (its file is gone) a person has to say what next.
        return Block(why="a person stopped its run", code=BlockerCode.MANUAL_INTERVENTION_REQUIRED)
    if len(task.counted) >= repo.max_runs:
        return _stop(repo, f"{len(task.counted)} agent runs without a result that passes", last.blocker_code)
    if broke:
        return _stop(repo, broke, BlockerCode.QUOTA_LIMITED)
    if not last.spent:
        return _uncharged(last, repo, onward)
    if why := _ceiling(task, last):
        return _stop(repo, why, last.blocker_code)
    if _wants_resume(last, task):
        return Continue(agent=last.agent, message=WRITE_RESULT)
    if why := loop.circle(task):
        return _stop(repo, why, last.blocker_code)
    if last.status is Status.COMPLETE and last.blocker_code is not BlockerCode.NO_DIFF_PRODUCED:
        findings = _instructions(task)
        if findings and task.count(AttemptKind.CORRECTION) < repo.max_corrections and not loop.repeated(task):
            return Correct(agent=last.agent, findings=findings)
    return _hand_on(last, task, repo, onward)


def _reviewed(task: Task, repo: RepoSettings, refusal: ReviewVerdict, broke: str) -> AttemptStep:
    """The reviewer asks for changes: its author mends exactly that, or where no round is left a person decides. A head
    that was refused is never published by default."""
    last = task.attempts[-1]
    findings = review.instructions(refusal)
    enough = _enough(task, repo, last, broke)
    if not enough:
        return Correct(agent=last.agent, findings=findings)
    first = findings[0].removeprefix(review.MARK) if findings else refusal.why
    why = f"the reviewer {refusal.reviewer} still asks for changes ({enough}): {first}"
    return _stop(repo, why, BlockerCode.MANUAL_INTERVENTION_REQUIRED)


def _enough(task: Task, repo: RepoSettings, last: Attempt, broke: str) -> str:
    """Why a refused head gets no further correction; empty: it gets one."""
    rounds = task.count(AttemptKind.CORRECTION)
    if rounds >= repo.max_corrections:
        return f"after {rounds} corrections"
    if len(task.counted) >= repo.max_runs:
        return f"after {len(task.counted)} agent runs"
    same = "the same findings twice" if loop.repeated(task) else ""
    return broke or _ceiling(task, last) or loop.circle(task) or same


def _ceiling(task: Task, last: Attempt) -> str:
    """The lineage's ceilings beside the numbers of attempts and of all runs."""
    of_one = sum(1 for a in task.counted if a.spent and a.agent == last.agent)
    if of_one >= MOST_OF_ONE:
        return f"{of_one} runs of {last.agent} without a result that passes"
    worked = sum(_seconds(a) for a in task.counted if a.spent and a.ended) / 60
    most = max(WALL_MINUTES, task.max_attempts * task.max_runtime_minutes)
    if worked > most:
        return f"its agents worked for {worked:.0f} minutes, at most {most:.0f}, without a result that passes"
    return ""


def _seconds(attempt: Attempt) -> float:
    """How long it ran. The wall clock may have been set meanwhile: asked only where nothing else is known."""
    if attempt.seconds is not None:
        return attempt.seconds
    return max(0.0, (parse(attempt.ended) - parse(attempt.started)).total_seconds())


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
    why = _last_words(last)
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


def _last_words(last: Attempt) -> str:
    """Why its last run was not enough: of one that called itself complete, what the gate found, for its summary claims
    the opposite."""
    found = last.findings[0].partition("\n")[0] if last.findings and last.status is Status.COMPLETE else ""
    return found or last.summary or ", ".join(last.findings) or last.blocker_code.value


def _stop(repo: RepoSettings, why: str, code: BlockerCode) -> AttemptStep:
    code = code if code is not BlockerCode.NONE else BlockerCode.FALLBACK_EXHAUSTED
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return Block(why=why, code=code)
    return Escalate(why=why, code=code)
