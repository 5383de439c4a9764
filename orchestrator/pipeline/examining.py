"""The gate asked stage by stage: the facts a stage needs are gathered only when all cheaper ones passed.

An answer that only commits and rules decide is kept, with the version of its check, for a worker that dies while it
judges and for a head that comes back. What rests on the run, or on what is known by now, is asked anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator import gate
from orchestrator.gate import semantic
from orchestrator.gate.base import BASE_TESTS, COMMANDS, RESULT, TEXTS, Check
from orchestrator.git import Repository
from orchestrator.model.gate import CommandRun, Evidence, Finding, Outcome
from orchestrator.model.names import Sha
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.pipeline import base_tests, commands
from orchestrator.pipeline import evidence as gathered
from orchestrator.services import Services
from orchestrator.state.verdicts import Judged

ANEW = frozenset({"result_contract", "has_change", "tree_clean", "secrets", "strangers"})
"""Rest on the run and its task, on the secrets we hold now, on who pushed meanwhile."""


def examine(
    services: Services, task: Task, repo: RepoSettings, repository: Repository, head: Sha, evidence: Evidence
) -> tuple[list[Finding], CommandRun | None]:
    """Findings in the order of the checks, and the verification's run when it came to that. Raises GitError."""
    rules = digest(repo)
    known = services.verdicts.of(head, evidence.base, rules)
    findings: list[Finding] = []
    for stage in gate.stages():
        kept, left = _split(stage, known)
        if left:
            evidence = _with(stage, services, task, repo, repository, head, evidence)
        asked = {f.check: f for f in redacted(services, gate.examine_stage(evidence, stage, left))}
        findings += (found := [(kept | asked)[name] for name, c in gate.CHECKS.items() if c.stage == stage])
        if any(f.outcome is not Outcome.PASS for f in found):
            break
    services.verdicts.keep(head, evidence.base, rules, _to_keep(findings))
    return findings, evidence.verification


def texts(
    services: Services, task: Task, repo: RepoSettings, repository: Repository, head: Sha, evidence: Evidence
) -> list[Finding]:
    """All that the texts of the change decide, and no command. Nothing is kept. Raises GitError."""
    evidence = _with(TEXTS, services, task, repo, repository, head, evidence)
    return redacted(services, [*gate.examine_stage(evidence, RESULT), *gate.examine_stage(evidence, TEXTS)])


def redacted(services: Services, findings: Iterable[Finding]) -> list[Finding]:
    """A check names paths and repeats output: foreign text, before it is kept anywhere."""
    return [
        replace(f, why=str(services.redact(f.why)), tests=tuple(str(services.redact(t)) for t in f.tests))
        for f in findings
    ]


def digest(repo: RepoSettings) -> str:
    """Of all that is configured about the gate."""
    words = repr(
        (repo.gate, repo.verify, repo.verify_none, repo.verify_minutes, repo.sandbox, repo.hosts, repo.readable)
    )
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()


def _split(stage: int, known: Mapping[str, Judged]) -> tuple[dict[str, Finding], dict[str, Check]]:
    """The stage's checks: answers that are kept, and checks that are to be asked."""
    checks = {name: check for name, check in gate.CHECKS.items() if check.stage == stage}
    kept = {
        name: known[name].finding
        for name, check in checks.items()
        if name in known and name not in ANEW and known[name].version == check.version
    }
    return kept, {name: check for name, check in checks.items() if name not in kept}


def _to_keep(found: Sequence[Finding]) -> list[Judged]:
    """A refusal that rests on a command is no lasting one: it may have been the machine."""
    lasting = [f for f in found if f.check in gate.CHECKS and f.check not in ANEW]
    return [
        Judged(version=check.version, finding=f)
        for f in lasting
        if (check := gate.CHECKS[f.check]).stage < COMMANDS or f.outcome is Outcome.PASS
    ]


def _with(
    stage: int,
    services: Services,
    task: Task,
    repo: RepoSettings,
    repository: Repository,
    head: Sha,
    evidence: Evidence,
) -> Evidence:
    """The evidence together with what this stage needs of it."""
    base, tree, changes = evidence.base, evidence.tree, evidence.changes
    if stage == TEXTS:
        files = gathered.texts(repository, base, tree, changes)
        return replace(
            evidence,
            files=files,
            secrets=gathered.secrets(services, files),
            strangers=gathered.strangers(repository, task, head),
            literals=base_tests.literals(repo, repository, base) if any(map(semantic.is_code, files)) else frozenset(),
        )
    if stage == COMMANDS:
        static = [(n, commands.kept(services, repo, repository, head, line)) for n, line in repo.gate.static]
        run = commands.kept(services, repo, repository, head, repo.verify) if repo.verify else None
        after = tree if repository.still(task.id) else repository.snapshot(task.id).tree
        return replace(evidence, static=tuple(static), verification=run, tree_after=after)
    if stage == BASE_TESTS and evidence.verification and changes and repo.gate.base_tests:
        told = base_tests.gather(services, repo, repository, base, tree, changes, evidence.verification)
        return replace(evidence, base_tests=told, base_tests_wanted=True)
    return evidence
