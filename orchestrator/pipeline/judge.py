"""The gate's turn: facts gathered by us, cheap ones first, a verdict written down before anything acts on it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from orchestrator import gate
from orchestrator.gate.base import RESULT
from orchestrator.git import Repository
from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.gate import Evidence, FileChange, Finding, Outcome, Verdict
from orchestrator.model.governance import Risk
from orchestrator.model.names import Sha
from orchestrator.model.result import AgentResult, BlockerCode, Status
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Attempt, AttemptKind, Phase, Task, TaskType
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import examining, traces
from orchestrator.policy import ci_words, retry
from orchestrator.services import Services


def judge(services: Services, claim: Claim) -> Claim:
    """From RAN to JUDGED. The candidate commit exists from here on, also when nothing passes: work is never lost."""
    task = claim.task
    repo = services.repo(task)
    repository = services.repository(repo)
    assert task.base_sha is not None, "a run is only started on a known base"
    snapshot = repository.snapshot(task.id)
    parents = _parents(task)
    attempt = task.attempts[-1]
    changes = repository.changes(task.base_sha, snapshot.tree)
    fresh = repository.tree_of(parents[0]) != snapshot.tree or len(parents) > 1
    attempt = replace(attempt, files_changed=tuple(str(services.redact(c.path)) for c in changes))
    attempt = replace(attempt, spent=retry.spent(attempt, worked=fresh))
    if attempt.status is Status.COMPLETE and needs_change(task) and not (changes and fresh):
        attempt = replace(attempt, status=Status.PARTIAL, blocker_code=BlockerCode.NO_DIFF_PRODUCED)
    head = _commit(services, task, attempt, repository, snapshot.tree, parents) if fresh else parents[0]
    asked = evidence(task, attempt, repo, repository, task.base_sha, snapshot.tree, changes)
    if snapshot.problems:
        told = [*(_problem(p) for p in snapshot.problems), *gate.examine_stage(asked, RESULT)]
        findings = examining.redacted(services, told)
    else:
        findings, run = examining.examine(services, task, repo, repository, head, asked)
        attempt = replace(attempt, verification=run)
    return _record(services, claim, attempt, head, snapshot.tree, findings)


def keep(services: Services, claim: Claim) -> Claim:
    """From RAN back to QUEUED: what a run that a switch ended had done becomes a commit that the next run of the same
    kind starts from. Nothing is judged."""
    task = claim.task
    repository = services.repository(services.repo(task))
    assert task.base_sha is not None, "a run is only started on a known base"
    tree, parents = repository.snapshot(task.id).tree, _parents(task)
    attempt = task.attempts[-1]
    fresh = repository.tree_of(parents[0]) != tree or len(parents) > 1
    head = _commit(services, task, attempt, repository, tree, parents) if fresh else parents[0]
    changes = tuple(str(services.redact(c.path)) for c in repository.changes(task.base_sha, tree))
    attempt = replace(attempt, files_changed=changes, head_sha=head)
    again = AttemptKind.ATTEMPT if attempt.kind is AttemptKind.RESUME else attempt.kind
    task = replace(
        task, attempts=(*task.attempts[:-1], attempt), candidate_sha=head, phase=Phase.QUEUED, next_kind=again,
        next_agent="", verdict=None, review=None,
    )  # fmt: skip
    claim = services.mailbox.save(claim, task)
    services.metrics.attempt(task, attempt)
    return claim


def evidence(
    task: Task,
    attempt: Attempt,
    repo: RepoSettings,
    repository: Repository,
    base: Sha,
    tree: Sha,
    changes: tuple[FileChange, ...],
) -> Evidence:
    """What the first stage of the gate is told; `examining` gathers the rest."""
    return Evidence(
        result=_claimed(attempt),
        base=base,
        tree=tree,
        changes=changes,
        neighbours=repository.neighbours(base, changes),
        needs_change=needs_change(task),
        verification_wanted=not repo.verify_none,
        rules=repo.gate,
    )


def _record(services: Services, claim: Claim, attempt: Attempt, head: Sha, tree: Sha, findings: list[Finding]) -> Claim:
    task = claim.task
    assert task.base_sha is not None
    failures = tuple(f"{f.check}: {f.why}" for f in findings if f.outcome is not Outcome.PASS)
    code = attempt.blocker_code
    if attempt.status is Status.COMPLETE and failures:
        code = BlockerCode.TEST_FAILURE if any(f.startswith(("verification", "base_tests")) for f in failures) else code
    attempt = replace(attempt, findings=failures, head_sha=head, blocker_code=code)
    verdict = Verdict(
        head_sha=head, base_sha=task.base_sha, tree=tree, findings=tuple(findings), at=stamp(services.now())
    )
    task = replace(
        task,
        attempts=(*task.attempts[:-1], attempt),
        candidate_sha=head,
        verdict=verdict,
        phase=Phase.JUDGED,
    )
    claim = services.mailbox.save(claim, task)
    tell(services, task, attempt, verdict)
    services.metrics.attempt(task, attempt)
    return claim


def tell(services: Services, task: Task, attempt: Attempt, verdict: Verdict) -> None:
    """The verdict on record, with hashes of what was judged and of all that was found."""
    repository = services.repository(services.repo(task))
    patch = repository.patch(verdict.base_sha, verdict.head_sha).encode("utf-8", "replace")
    hashes = {"diff": hashlib.sha256(patch).hexdigest(), "verdict": traces.verdict(verdict)}
    services.record(
        EventKind.VERDICT, task, hashes, n=attempt.n, head=verdict.head_sha, base=verdict.base_sha,
        passed=verdict.passed, findings=list(attempt.findings), risk=verdict.risk.value,
        risks={f.check: f.risk.value for f in verdict.findings if f.risk is not Risk.LOW}, tests=list(verdict.tests),
    )  # fmt: skip


def needs_change(task: Task) -> bool:
    """Research may end in words; everything else is shown by a diff."""
    return task.type is not TaskType.RESEARCH


def _parents(task: Task) -> tuple[Sha, ...]:
    """One commit on what is published, or on the base; a resolved conflict joins both."""
    assert task.base_sha is not None
    if task.pushed_sha is None:
        return (task.base_sha,)
    return (task.pushed_sha, task.base_sha) if task.conflict else (task.pushed_sha,)


def _commit(
    services: Services, task: Task, attempt: Attempt, repository: Repository, tree: Sha, parents: tuple[Sha, ...]
) -> Sha:
    lines = [
        ci_words.title(task.title),
        "",
        *([f"Issue: {task.repo}#{task.issue}"] if task.issue else []),
        f"Task: {task.id}",
        f"Agent: {attempt.agent}" + (f" ({attempt.model})" if attempt.model else ""),
        f"Ledger: {services.ledger.trailer()}",
    ]
    at = parse(attempt.ended) if attempt.ended else datetime.now(UTC)
    return repository.commit(task.id, tree, parents, services.redact("\n".join(lines)), at)


def _claimed(attempt: Attempt) -> AgentResult:
    """The recorded claim in the shape the checks read."""
    return AgentResult(
        status=attempt.status or Status.BLOCKED,
        blocker_code=attempt.blocker_code,
        summary=attempt.summary,
        done=attempt.done,
        blockers=attempt.blockers,
        next_step=attempt.next_step,
        valid=attempt.blocker_code is not BlockerCode.INVALID_RESULT_CONTRACT,
        problem=attempt.summary,
    )


def _problem(text: str) -> Finding:
    return Finding(check="workspace", outcome=Outcome.FAIL, why=text)
