"""One repository's objective for a page: where it stands, how it went, what was expected and what came of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from orchestrator.config import objective as objective_file
from orchestrator.model.findings import Finding
from orchestrator.model.objective import Score
from orchestrator.model.outcome import Measured
from orchestrator.model.settings import RepoSettings
from orchestrator.operations import OrderRefused, objectives
from orchestrator.operations.objectives import Shown
from orchestrator.planning import objectives as planning
from orchestrator.policy import score as scoring
from orchestrator.services import Services
from orchestrator.state.findings import Findings
from orchestrator.state.outcomes import Registered
from orchestrator.state.scores import Scored, Scores
from orchestrator.yamlread.problems import ConfigError

MOST = 30
"""Hypotheses and outcomes that are shown, the newest."""


@dataclass(frozen=True, kw_only=True)
class Bet:
    """A hypothesis, and what was measured for it."""

    issue: int
    metric: str
    says: str
    """Direction, size and window, in words."""
    at: str
    by: str
    verdict: str
    """supported, refuted, inconclusive; empty: not measured yet."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one merge did to one metric."""

    at: str
    task: str
    issue: int | None
    pull: int
    check: str
    interpretation: str
    movement: float | None
    share: float
    rule: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class ObjectivePage:
    repo: str
    name: str
    file: str
    shown: Shown | None
    """None: there is no objective, or `problem` says what is wrong with it."""
    problem: str
    score: Score | None
    regressed: bool
    history: tuple[Scored, ...]
    """Oldest first."""
    bets: tuple[Bet, ...]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]


def page(services: Services, name: str) -> ObjectivePage:
    """Raises OrderRefused for an unknown repository, CorruptState."""
    repo = services.settings.repo(name)
    if repo is None:
        raise OrderRefused(f"{name!r} is no managed repository")
    shown, score, problem = _objective(services, repo)
    measured = services.outcomes.measured(repo.name)
    found = Findings(runtime=services.settings.runtime).read(services.now())
    return ObjectivePage(
        repo=repo.key,
        name=repo.name,
        file=str(planning.file_of(services, repo)),
        shown=shown,
        problem=problem,
        score=score,
        regressed=score is not None and scoring.regressed(score),
        history=Scores(runtime=services.settings.runtime).history(repo.key),
        bets=tuple(_bet(r, measured) for r in reversed(services.outcomes.hypotheses(repo.name)[-MOST:])),
        outcomes=tuple(_outcome(services, m) for m in reversed(measured[-MOST:])),
        findings=tuple(f for f in found if f.repo.casefold() in ("", repo.name.casefold())),
    )


def _objective(services: Services, repo: RepoSettings) -> tuple[Shown | None, Score | None, str]:
    try:
        shown = objectives.show(services, repo.key)
        whole = objective_file.load(planning.file_of(services, repo), repo=repo.key, env=os.environ)
        return shown, planning.score(services, repo, whole), ""
    except OrderRefused:
        return None, None, ""
    except ConfigError as why:
        return None, None, str(services.redact(str(why)))


def _bet(found: Registered, measured: tuple[Measured, ...]) -> Bet:
    said = found.hypothesis
    size = f" by {said.size:.0%} at least" if said.size else ""
    verdicts = [
        m.hypothesis.value
        for m in measured
        if m.hypothesis and m.issue == found.issue and m.check.casefold() == said.metric.casefold()
    ]
    return Bet(
        issue=found.issue,
        metric=said.metric,
        says=f"{said.expected.value}{size} within {said.window_days:g} days",
        at=said.at,
        by=said.by,
        verdict=verdicts[-1] if verdicts else "",
    )


def _outcome(services: Services, found: Measured) -> Outcome:
    return Outcome(
        at=found.at,
        task=found.task,
        issue=found.issue,
        pull=found.pull,
        check=found.check,
        interpretation=found.interpretation.value,
        movement=found.movement,
        share=found.share,
        rule=str(services.redact.head(found.rule, 300)),
        summary=str(services.redact.head(found.summary, 300)),
    )
