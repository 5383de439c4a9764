"""What becomes of an open pull request. All facts in, one step out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.governance import Approval, ApprovalMode, Opinion, Request, ReviewMode, ReviewVerdict
from orchestrator.model.pull import CheckRun, CheckState, Mergeable, Pull
from orchestrator.model.result import FailureClass
from orchestrator.model.settings import AutomationMode, Checks, RepoSettings
from orchestrator.model.steps import Finish, HandOver, Merge, PullStep, Review, Rework, Update, Wait, Withdraw
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
    loopback: bool
    """False on a real host: without a required review a person approves every merge there."""
    approval: Approval | None = None
    """The newest word of a trusted person about this very head."""
    untrusted: str = ""
    """Why the issue's text is not vouched for as it stands now; empty when it is."""
    requests: tuple[Request, ...] = ()
    """What trusted people asked for on the pull request since the last run."""
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
        return Wait(why=DISPATCHED)
    if f.requests:
        return asked(f)
    if pull.mergeable is Mergeable.CONFLICT:
        return repair(task, f.repo, Rework(why=f"conflicts with {pull.base_ref}", conflict=True))
    if any(c.state is CheckState.PENDING for c in theirs(pull.checks)):
        return Wait(why="checks are running")
    if red := failed(pull.checks):
        return repair(
            task,
            f.repo,
            Rework(why="checks failed: " + ", ".join(c.name for c in red), failed=as_data(red, pull.head_sha)),
        )
    return _land(f)


def _land(f: Facts) -> PullStep:
    if (missing := _missing_checks(f)) is not None:
        return missing
    if f.task.verdict is None or not f.task.verdict.passed or f.task.verdict.head_sha != f.pull.head_sha:
        return HandOver(why="the head was never judged by our gate")
    if (unreviewed := _review(f)) is not None:
        return unreviewed
    if not f.repo.merge:
        return Wait(why=SWITCHED_OFF)
    if (open_air := _unconfined(f.task, f.repo)) is not None:
        return open_air
    if f.untrusted:
        return Wait(why=f.untrusted)
    if (waiting := _approval(f)) is not None:
        return waiting
    if f.pull.draft:
        return Wait(why="it is a draft")
    if f.pull.behind:
        return Update() if f.turn else Wait(why="its turn comes after an older pull request")
    if f.pull.mergeable is Mergeable.UNKNOWN:
        return Wait(why="GitHub is still computing whether it can be merged")
    return Merge(sha=f.pull.head_sha)


def _review(f: Facts) -> Wait | Review | None:
    """None when a reviewer looked at this very head, or nobody is asked here. A refused head never got this far."""
    if f.repo.review.mode is ReviewMode.OFF:
        return None
    review = f.task.review
    if review is None or review.head_sha != f.pull.head_sha:
        return None if approved(f) else Review(why="no reviewer has looked at this head")
    return None


def _approval(f: Facts) -> Wait | None:
    """None when what is wanted for this risk has been said: by the reviewer, by a person, or by the configuration."""
    if f.approval is not None and f.approval.head_sha == f.pull.head_sha:
        if f.approval.approve:
            return None
        return Wait(why=f"{f.approval.by} {REFUSED}" + (f": {f.approval.why}" if f.approval.why else ""))
    if why := needs_person(f.task, f.repo, loopback=f.loopback):
        return Wait(why=f"{APPROVAL}: {why}")
    return None


def needs_person(task: Task, repo: RepoSettings, *, loopback: bool) -> str:
    """Why this head waits for a person's approval; empty when it does not."""
    assert task.verdict is not None, "only a judged head is asked about"
    risk = task.verdict.risk
    if repo.review.approval_of(risk) is ApprovalMode.HUMAN:
        reasons = [f.why for f in task.verdict.findings if f.risk is risk and f.why]
        return f"{risk.value} risk" + (f" ({'; '.join(reasons[:3])})" if reasons else "")
    if repo.review.mode is not ReviewMode.REQUIRED:
        return "" if loopback else f"review is {repo.review.mode.value}, so each merge on this host is a person's"
    review = task.review
    if review is None or review.opinion is not Opinion.APPROVE:
        said = review.why if review and review.why else "no reviewer could say"
        return f"the review is not an approval: {said}"
    if left := unreasoned(task.verdict.tests, review, task):
        return f"changed tests that no success criterion asks for: {', '.join(left[:5])}"
    return ""


def unreasoned(tests: Sequence[str], review: ReviewVerdict, task: Task) -> tuple[str, ...]:
    """Changed tests for which the reviewer named no criterion of the task."""
    known = {c.id for c in task.criteria}
    reasoned = {t.path for t in review.tests if t.criterion in known}
    return tuple(path for path in tests if path not in reasoned)


def approved(f: Facts) -> bool:
    return f.approval is not None and f.approval.approve and f.approval.head_sha == f.pull.head_sha


APPROVAL = "waits for a person's approval"
REFUSED = "refused this head"
STATUS = "agent-os/review"
"""The commit status that shows our own verdict; it is told, never read back."""


def theirs(checks: Sequence[CheckRun]) -> tuple[CheckRun, ...]:
    """The checks but for our own word."""
    return tuple(c for c in checks if c.name != STATUS)


def asked(f: Facts) -> Rework | HandOver:
    """People's wishes go to the author like failed checks do; a person's word is not refused for a number of rounds,
    only for the bound of all runs."""
    people = ", ".join(dict.fromkeys(r.by for r in f.requests))
    if len(f.task.counted) >= f.repo.max_runs:
        return HandOver(why=f"{people} asked for changes after {len(f.task.counted)} runs")
    return Rework(why=f"{people} asked for changes", requests=f.requests)


def _unconfined(task: Task, repo: RepoSettings) -> Wait | None:
    """What an agent made that nothing confined does not land by itself, unless the operator says so in many words."""
    loose = [a.agent for a in task.attempts if not a.confined and a.failure is not FailureClass.NOT_INSTALLED]
    if not loose or repo.merge_without_sandbox:
        return None
    who = ", ".join(dict.fromkeys(loose))
    return Wait(why=f"{who} {NO_SANDBOX}, so merging is a person's (`merge_without_sandbox: true` allows it)")


NO_SANDBOX = "ran without a sandbox"


def _missing_checks(f: Facts) -> Wait | None:
    """None when the checks that are wanted are there and green. A skipped one proves nothing, though GitHub counts it
    as passed: one at least has to have done its work."""
    if any(c.conclusion not in IDLE for c in theirs(f.pull.checks)) or f.repo.checks is Checks.NONE:
        return None
    waited = f.now - parse(f.published) if f.published else timedelta(0)
    if waited < timedelta(minutes=f.repo.no_checks_grace_minutes):
        return Wait(why="no checks have appeared yet")
    if f.repo.checks is Checks.IF_PRESENT:
        return None
    return Wait(why=NO_CHECKS)


IDLE = frozenset({"skipped", "neutral", "stale"})
"""Conclusions of a check that tested nothing."""
NO_CHECKS = (
    "no checks ever did their work on this head; set `checks: none` (our own verification is the gate) or "
    "`checks: if_present` for this repository, or give it CI"
)


TAKEN_OUT = "the repository's merge queue took it out"


def of_its_checks(reason: str) -> bool:
    """Whether a merge queue's words for taking a pull request out speak of its checks or of a conflict: GitHub's page
    and its interfaces spell them differently (`failed checks`, `CI_FAILURE`)."""
    words = reason.lower().replace("_", " ")
    return any(said in words for said in ("failed check", "ci fail", "ci timeout", "timed out", "conflict"))


def of_a_person(why: str) -> bool:
    """Whether only a person ends this wait: told once."""
    left = ("not ours", NO_SANDBOX, APPROVAL, REFUSED, NOT_VOUCHED, TAKEN_OUT)
    return why == NO_CHECKS or any(words in why for words in left)


NOT_VOUCHED = "vouched for"
DISPATCHED = "dispatcher_only: the pull request is a person's from here"
SWITCHED_OFF = "merging is switched off for this repository"


def against(step: PullStep) -> bool:
    """Whether what is on its way in a merge queue must not land: a person spoke, its text changed, it is repaired."""
    if isinstance(step, Wait):
        left = of_a_person(step.why) and TAKEN_OUT not in step.why
        return left or step.why in (DISPATCHED, SWITCHED_OFF)
    return isinstance(step, Rework | HandOver | Review)


def repair(task: Task, repo: RepoSettings, step: Rework) -> Rework | HandOver:
    """One more round, or none left."""
    rounds = task.count(AttemptKind.CI)
    if rounds >= repo.max_ci_rounds:
        why = f"{rounds} rounds of repair did not mend it; {step.why}"
        return HandOver(why=why, failed=step.failed, conflict=step.conflict)
    return step


def failed(checks: Sequence[CheckRun]) -> tuple[CheckRun, ...]:
    return tuple(c for c in theirs(checks) if c.state is CheckState.RED)


def as_data(red: Sequence[CheckRun], head: str) -> tuple[FailedCheck, ...]:
    return tuple(
        FailedCheck(name=c.name, conclusion=c.conclusion, summary=c.summary, url=c.url, head_sha=head) for c in red
    )


def in_turn(pulls: Sequence[Pull]) -> int | None:
    """The pull request of one repository and base whose turn it is to land: the oldest that is not stuck."""
    moving = (p for p in pulls if p.open and not p.draft and p.mergeable is not Mergeable.CONFLICT)
    return min((p.number for p in moving if not failed(p.checks)), default=None)
