"""Workspace, route, prompt, agent run; and what to do about a run whose worker died."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from orchestrator.agents import contract
from orchestrator.git import Repository
from orchestrator.mailbox.box import Claim
from orchestrator.model.confinement import Level
from orchestrator.model.event import EventKind
from orchestrator.model.result import AgentResult, BlockerCode, FailureClass, Status
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.stream import Job, RunOutcome
from orchestrator.model.task import Attempt, AttemptKind, Folder, Phase, Session, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import background, choosing, closing, engine, estimating, funds, guard, prompt, traces
from orchestrator.policy import retry, route
from orchestrator.policy.budget import Over
from orchestrator.services import Services

UNCHARGED = frozenset({FailureClass.QUOTA, FailureClass.NOT_INSTALLED, FailureClass.STOPPED})
CODES = {
    FailureClass.QUOTA: BlockerCode.QUOTA_LIMITED,
    FailureClass.AUTH: BlockerCode.MISSING_CREDENTIALS,
    FailureClass.WALL_TIME: BlockerCode.TIMEOUT,
    FailureClass.NO_OUTPUT: BlockerCode.TIMEOUT,
    FailureClass.NOT_INSTALLED: BlockerCode.ENVIRONMENT_FAILURE,
    FailureClass.NETWORK: BlockerCode.ENVIRONMENT_FAILURE,
    FailureClass.MISCONFIGURED: BlockerCode.ENVIRONMENT_FAILURE,
    FailureClass.RESOURCES: BlockerCode.ENVIRONMENT_FAILURE,
    FailureClass.STOPPED: BlockerCode.MANUAL_INTERVENTION_REQUIRED,
}


def start(services: Services, claim: Claim) -> Claim | None:
    """From QUEUED to RAN, or to a closing state when nothing can run."""
    repo = services.repo(claim.task)
    if (over := funds.over(services, claim.task, repo)) is not None:
        return _unaffordable(services, claim, over)
    repository = services.repository(repo)
    opened = _workspace(services, claim, repo, repository)
    if opened is None:
        why = f"base branch {claim.task.base!r} does not exist in {repo.name}"
        return closing.towards(services, claim, Folder.BLOCKED, why, BlockerCode.MISSING_CONTEXT)
    task, workspace, conflicts = opened
    task = estimating.before(services, task)
    unfit = choosing.preflights(services, task, repo)
    with choosing.reserved(services):
        choice = choosing.choose(services, task, repo, unfit)
        if isinstance(choice, route.Route):
            task = _begun(services, task, repo, choice, workspace)
            choosing.reserve(services, task, task.attempts[-1])
    choosing.note(services, claim.task, choice)
    if isinstance(choice, route.NoRoute):
        if choice.until:
            waiting = replace(task, not_before=choice.until, reason=choice.why)
            services.mailbox.move(claim, waiting, Folder.INBOX)
            return None
        return closing.towards(services, claim, Folder.ESCALATED, choice.why, BlockerCode.FALLBACK_EXHAUSTED)
    since = contract.clear(workspace)
    claim = services.mailbox.save(claim, task)
    return _run(services, claim, workspace, conflicts, since)


def _begun(services: Services, task: Task, repo: RepoSettings, choice: route.Route, workspace: Path) -> Task:
    """The task with its next attempt under way."""
    attempt = Attempt(
        n=len(task.attempts) + 1,
        kind=task.next_kind,
        agent=choice.agent,
        started=stamp(services.now()),
        session=Session(id=_resume(task, choice.agent), workspace=str(workspace)),
        sandbox=engine.level(services, repo),
    )
    return replace(
        task,
        attempts=(*task.attempts, attempt),
        attempt=task.count(AttemptKind.ATTEMPT) + (attempt.kind is AttemptKind.ATTEMPT),
        phase=Phase.RUNNING,
        verdict=None,
        review=None,
    )


def _unaffordable(services: Services, claim: Claim, over: Over) -> Claim | None:
    """Nothing is left for this task: it waits for the day or month that brings something, else it is given up."""
    if not over.until:
        return closing.towards(services, claim, Folder.ESCALATED, over.words, BlockerCode.QUOTA_LIMITED)
    funds.say(services, over)
    services.mailbox.move(claim, replace(claim.task, not_before=over.until, reason=over.words), Folder.INBOX)
    return None


def recover(services: Services, claim: Claim) -> Claim | None:
    """A worker died while this run was under way. If the agent had written its result it had finished; else again."""
    task = claim.task
    attempt = task.attempts[-1]
    workspace = Path(attempt.session.workspace)
    # Stale files were cleared before RUNNING was written, so whatever lies there is this run's.
    left = contract.read(workspace, since=0.0) if workspace.is_dir() else None
    if left is not None and left.valid:
        outcome = RunOutcome(
            exit=None,
            failure=FailureClass.NONE,
            detail="its worker died after it had finished",
            usage=funds.last_known(services, task, attempt),
        )
        guard.ended(services, task, outcome.usage)
        return _lost(services, claim, outcome, left)
    if services.settings.agent(attempt.agent) is None:
        gone = RunOutcome(
            exit=None,
            failure=FailureClass.MISCONFIGURED,
            detail=f"its worker died, and {attempt.agent} is not configured any more",
            usage=funds.last_known(services, task, attempt),
        )
        guard.ended(services, task, gone.usage)
        return _lost(services, claim, gone, None)
    repo = services.repo(task)
    if task.recoveries >= repo.max_recoveries:
        why = f"{task.recoveries} workers died during this run"
        return closing.towards(services, claim, Folder.ESCALATED, why, BlockerCode.RUNNER_FAILURE)
    # Before it counts: an outage here is no death of a worker.
    opened = _workspace(services, claim, repo, services.repository(repo))
    if opened is None:
        return closing.towards(services, claim, Folder.BLOCKED, "its base branch is gone", BlockerCode.MISSING_CONTEXT)
    task, workspace, conflicts = opened
    # What an unconfined run left in the workspace stays that, however it goes on.
    level = engine.level(services, repo) if attempt.confined else Level.NONE.value
    lost = replace(attempt, started=stamp(services.now()), sandbox=level)
    task = replace(task, recoveries=task.recoveries + 1, attempts=(*task.attempts[:-1], lost))
    with choosing.reserved(services):
        if not choosing.room(services, task, lost.agent):
            return None  # it stays in processing/, for the next tick
        choosing.reserve(services, task, lost)
    since = contract.clear(workspace)
    return _run(services, services.mailbox.save(claim, task), workspace, conflicts, since)


def _lost(services: Services, claim: Claim, outcome: RunOutcome, result: AgentResult | None) -> Claim:
    """A run whose worker died is over: written down as any other."""
    task = _recorded(services, claim.task, outcome, result)
    _told(services, task, outcome)
    return services.mailbox.save(claim, task)


def _run(services: Services, claim: Claim, workspace: Path, conflicts: tuple[str, ...], since: float) -> Claim:
    task = claim.task
    attempt = task.attempts[-1]
    settings = services.settings.agent(attempt.agent)
    assert settings is not None, "route chooses configured agents only"
    repo = services.repo(task)
    context = background.gather(services, task, repo, conflicts)
    message = retry.WRITE_RESULT if attempt.kind is AttemptKind.RESUME else ""
    text = prompt.assemble(task, attempt.agent, attempt.kind, attempt.n, context, message=message)
    job = _job(services, task, attempt, settings, workspace, str(services.redact(text.text)))
    traces.keep_prompt(job)
    services.record(
        EventKind.AGENT_STARTED,
        task,
        {"prompt": hashlib.sha256(job.prompt.encode("utf-8", "replace")).hexdigest()},
        agent=attempt.agent,
        n=attempt.n,
        kind=attempt.kind.value,
        left_out=list(text.left_out),
    )
    outcome = engine.drive(services, task, repo, settings, job)
    guard.ended(services, task, outcome.usage)
    if outcome.failure is FailureClass.BUDGET:
        outcome = replace(outcome, detail=guard.why(services, task, repo, settings, outcome.usage))
    choosing.tell_operator(services, settings, outcome)
    result = contract.read(workspace, since=since)
    if outcome.failure is FailureClass.QUOTA:
        services.cooldowns.set(
            attempt.agent, route.cool_until(outcome.reset_at, services.now(), settings.cooldown_minutes)
        )
    task = _recorded(services, task, outcome, result)
    _told(services, task, outcome)
    return services.mailbox.save(claim, task)


def _told(services: Services, task: Task, outcome: RunOutcome) -> None:
    """The end of the last run in the ledger: how, what it cost, and the hash of its transcript."""
    attempt = task.attempts[-1]
    services.record(
        EventKind.AGENT_ENDED, task, traces.of_log(services.log_dir(task) / f"{attempt.n}.log"), agent=attempt.agent,
        n=attempt.n, failure=outcome.failure.value, status=attempt.status.value if attempt.status else "",
        seconds=round(outcome.seconds, 1), exact=round(outcome.seconds, 6), log=attempt.log,
        **traces.cost(outcome.usage),
    )  # fmt: skip


def _recorded(services: Services, task: Task, outcome: RunOutcome, result: AgentResult | None) -> Task:
    """The task with its last attempt ended: the agent's claim kept word for word, the failure class as we saw it."""
    attempt = task.attempts[-1]
    clean = services.redact

    def kept(items: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(clean(i)) for i in items)

    status, code = _standing(outcome, result)
    ended = replace(
        attempt,
        ended=stamp(services.now()),
        failure=outcome.failure,
        spent=outcome.failure not in UNCHARGED,
        status=status,
        blocker_code=code,
        session=replace(attempt.session, id=outcome.session or attempt.session.id),
        usage=outcome.usage,
        seconds=round(outcome.seconds, 3) if outcome.seconds else attempt.seconds,
        sandbox=attempt.sandbox if attempt.sandbox == Level.NONE.value else outcome.sandbox or attempt.sandbox,
        log=f"{task.id}/{attempt.n}.log",
    )
    if result is not None:
        ended = replace(
            ended,
            summary=str(clean(result.summary or result.problem)),
            done=kept(result.done),
            blockers=kept(result.blockers),
            next_step=str(clean(result.next_step)),
            decisions=kept(result.decisions),
            risks=kept(result.risks),
            attempted_approaches=kept(result.attempted_approaches),
            tests_run=kept(result.tests_run),
            manual_steps=kept(result.manual_steps),
        )
    else:
        ended = replace(ended, summary=str(clean(outcome.detail)) or f"no result file; {outcome.failure.value}")
    return replace(task, attempts=(*task.attempts[:-1], ended), phase=Phase.RAN)


def _standing(outcome: RunOutcome, result: AgentResult | None) -> tuple[Status, BlockerCode]:
    """What the run is taken as. A run that failed is blocked whatever it wrote; a missing contract is invalid."""
    if outcome.failure is FailureClass.BUDGET:
        return Status.PARTIAL, BlockerCode.QUOTA_LIMITED
    if outcome.failure in CODES:
        return Status.BLOCKED, CODES[outcome.failure]
    if result is None:
        clean_exit = outcome.failure in (FailureClass.NONE, FailureClass.DID_NOTHING)
        return Status.BLOCKED, BlockerCode.INVALID_RESULT_CONTRACT if clean_exit else BlockerCode.RUNNER_FAILURE
    if not result.valid:
        return Status.BLOCKED, BlockerCode.INVALID_RESULT_CONTRACT
    return result.status, result.blocker_code


def _workspace(
    services: Services, claim: Claim, repo: RepoSettings, repository: Repository
) -> tuple[Task, Path, tuple[str, ...]] | None:
    """The task with its line of work, its workspace and the conflicting paths in it; None without the base branch.

    The first run starts from the fetched base. Later ones go on where the task's commits are: in the workspace that
    stands, else from the branch that was pushed, else from our kept candidate. Nothing a parent did is dropped.
    """
    task = claim.task
    repository.fetch(max_age=0 if retried(task) else FETCH_SECONDS)
    base = task.base or repository.default_branch()
    tip = repository.head(base)
    if tip is None:
        repository.fetch()
        base = task.base or repository.default_branch(ask=True)
        tip = repository.head(base)
        if tip is None:
            return None
    conflicts: tuple[str, ...] = ()
    if task.conflict and task.pushed_sha:
        start, conflicts = repository.conflicted(tip, task.pushed_sha, task.id)
        task = replace(task, base=base, base_sha=tip, start_sha=start)
    elif task.start_sha is None or task.base_sha is None or _untouched(task):
        task = replace(task, base=base, base_sha=tip, start_sha=tip)
    else:
        start = task.candidate_sha or task.pushed_sha or task.start_sha
        task = replace(task, start_sha=start if repository.has(start) else tip)
    assert task.start_sha is not None
    return task, repository.open_workspace(task.id, start=task.start_sha, branch=task.branch), conflicts


def retried(task: Task) -> bool:
    """The first run after a person's retry: what they mended must be seen."""
    return bool(task.attempts) and not task.counted


def _untouched(task: Task) -> bool:
    """Tried, but no line of work stands yet: the next try begins on today's base, where a person may have mended
    what was in the way."""
    fresh = task.next_kind is AttemptKind.ATTEMPT and task.phase is Phase.QUEUED
    return fresh and task.pushed_sha is None and task.candidate_sha in (None, task.base_sha)


FETCH_SECONDS = 20.0
"""A mirror fetched this recently is not fetched again: a base that is seconds old is as good, and moves on anyway."""


def _job(services: Services, task: Task, attempt: Attempt, settings: AgentSettings, workspace: Path, text: str) -> Job:
    logs = services.log_dir(task)
    minutes = min(settings.timeout_minutes, task.max_runtime_minutes) or settings.timeout_minutes
    return Job(
        task=task.id,
        n=attempt.n,
        prompt=text,
        workspace=str(workspace),
        home=str(services.settings.runtime / "state" / "homes" / task.id / settings.name),
        log=str(logs / f"{attempt.n}.log"),
        wall_seconds=timedelta(minutes=minutes).total_seconds(),
        silence_seconds=timedelta(minutes=settings.silence_minutes).total_seconds(),
        resume=attempt.session.id,
    )


def _resume(task: Task, agent: str) -> str:
    """The session to go on with: only when the same agent is asked for more of the same work."""
    if not task.attempts or task.next_kind is AttemptKind.ATTEMPT:
        return ""
    last = task.attempts[-1]
    return last.session.id if last.agent == agent else ""
