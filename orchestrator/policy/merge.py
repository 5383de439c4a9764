"""What becomes of an open pull request. All facts in, one step out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.pull import CheckRun, CheckState, Mergeable, Pull
from orchestrator.model.result import FailureClass
from orchestrator.model.settings import AutomationMode, Checks, RepoSettings
from orchestrator.model.steps import Finish, HandOver, Merge, PullStep, Rework, Update, Wait, Withdraw
from orchestrator.model.task import AttemptKind, FailedCheck, Task
from orchestrator.model.times import parse


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the decision needs besides the pull request itself."""

    task: Task
    repo: RepoSettings
    pull: Pull
    turn: bool
    """No older pull request of this repository is on its way to the base: merges are serialized."""
    merging_allowed: bool
    """False on hosts where automatic merging is refused (DECISIONS D6)."""
    published: str
    """When the present head was pushed, ISO 8601."""
    now: datetime


def decide(f: Facts) -> PullStep:
    """The order matters: what a person did first, then what blocks, then what may land."""
    pull, task = f.pull, f.task
    if pull.merged:
        return Finish()
    if not pull.open:
        return Withdraw(why=f"closed without a merge by {pull.closed_by or 'a person'}")
    if pull.head_sha != task.pushed_sha:
        return Wait(why=f"{pull.head_ref} carries commits that are not ours; it is left to whoever pushed them")
    if pull.base_ref != task.base:
        return Wait(
            why=f"it was pointed at {pull.base_ref}, not {task.base}: a merge there was not judged and is not ours"
        )
    if f.repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return Wait(why="dispatcher_only: the pull request is a person's from here")
    if pull.mergeable is Mergeable.CONFLICT:
        return repair(task, f.repo, Rework(why=f"conflicts with {pull.base_ref}", conflict=True))
    if any(c.state is CheckState.PENDING for c in pull.checks):
        return Wait(why="checks are running")
    if red := failed(pull.checks):
        return repair(
            task, f.repo, Rework(why="checks failed: " + ", ".join(c.name for c in red), failed=_as_data(red, pull))
        )
    return _land(f)


def _land(f: Facts) -> PullStep:
    if (missing := _missing_checks(f)) is not None:
        return missing
    if f.task.verdict is None or not f.task.verdict.passed or f.task.verdict.head_sha != f.pull.head_sha:
        return HandOver(why="the head was never judged by our gate")
    if not f.repo.merge:
        return Wait(why="merging is switched off for this repository")
    if (open_air := _unconfined(f.task, f.repo)) is not None:
        return open_air
    if not f.merging_allowed:
        return Wait(why="automatic merging is refused on this host until reviews are in; merge it yourself")
    if f.pull.draft:
        return Wait(why="it is a draft")
    if f.pull.behind:
        return Update() if f.turn else Wait(why="its turn comes after an older pull request")
    if f.pull.mergeable is Mergeable.UNKNOWN:
        return Wait(why="GitHub is still computing whether it can be merged")
    return Merge(sha=f.pull.head_sha)


def _unconfined(task: Task, repo: RepoSettings) -> Wait | None:
    """What an agent made that nothing confined does not land by itself, unless the operator says so in many words."""
    loose = [a.agent for a in task.attempts if not a.confined and a.failure is not FailureClass.NOT_INSTALLED]
    if not loose or repo.merge_without_sandbox:
        return None
    who = ", ".join(dict.fromkeys(loose))
    return Wait(why=f"{who} {NO_SANDBOX}, so merging is a person's (`merge_without_sandbox: true` allows it)")


NO_SANDBOX = "ran without a sandbox"


def _missing_checks(f: Facts) -> Wait | None:
    """None when the checks that are wanted are there and green."""
    if f.pull.checks or f.repo.checks is Checks.NONE:
        return None
    waited = f.now - parse(f.published) if f.published else timedelta(0)
    if waited < timedelta(minutes=f.repo.no_checks_grace_minutes):
        return Wait(why="no checks have appeared yet")
    if f.repo.checks is Checks.IF_PRESENT:
        return None
    return Wait(why=NO_CHECKS)


NO_CHECKS = (
    "no checks ever appeared on this head; set `checks: none` (our own verification is the gate) or "
    "`checks: if_present` for this repository, or give it CI"
)


def repair(task: Task, repo: RepoSettings, step: Rework) -> Rework | HandOver:
    """One more round, or none left."""
    rounds = task.count(AttemptKind.CI)
    if rounds >= repo.max_ci_rounds:
        why = f"{rounds} rounds of repair did not mend it; {step.why}"
        return HandOver(why=why, failed=step.failed, conflict=step.conflict)
    return step


def failed(checks: Sequence[CheckRun]) -> tuple[CheckRun, ...]:
    return tuple(c for c in checks if c.state is CheckState.RED)


def _as_data(red: Sequence[CheckRun], pull: Pull) -> tuple[FailedCheck, ...]:
    return tuple(
        FailedCheck(name=c.name, conclusion=c.conclusion, summary=c.summary, url=c.url, head_sha=pull.head_sha)
        for c in red
    )


def in_turn(pulls: Sequence[Pull]) -> int | None:
    """The pull request of one repository and base whose turn it is to land: the oldest that is not stuck."""
    moving = (p for p in pulls if p.open and not p.draft and p.mergeable is not Mergeable.CONFLICT)
    return min((p.number for p in moving if not failed(p.checks)), default=None)
