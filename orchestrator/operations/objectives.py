"""A repository's objective, evidence and score, for a person; and the one order that writes evidence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import evidence
from orchestrator.config import objective as objective_file
from orchestrator.evidence import EvidenceError
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.evidence import Snapshot
from orchestrator.model.objective import Metric, Objective, Score, Source
from orchestrator.model.planning import SourceType
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.operations import OrderRefused, explain_loop
from orchestrator.planning import objectives
from orchestrator.policy import interpret
from orchestrator.policy import score as scoring
from orchestrator.services import Services
from orchestrator.state.scores import Scored, Scores
from orchestrator.yamlread.lines import MAX_BYTES
from orchestrator.yamlread.problems import ConfigError, near

if TYPE_CHECKING:
    from orchestrator.sources import Rules

LATEST = "_latest.yaml"
"""Ending of the files read for planning."""
POST_MERGE = "_post_merge.yaml"
"""Ending of the files that merged work is measured by."""


class Seen(Enum):
    """What stands where evidence is expected."""

    GOOD = "good"
    MISSING = "missing"
    """Nothing yet, or nothing is named: no fault."""
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class MetricLine:
    """One metric of an objective, with what stands at its two places now."""

    id: str
    name: str
    share: float
    """Of the whole; all together 1."""
    direction: str
    guard: bool
    latest: str
    """What the planning evidence says, or why it cannot be read."""
    latest_seen: Seen
    outcome: str
    outcome_seen: Seen
    window_days: float | None
    """None = merged work is not measured by it."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    repo: str
    file: str
    primary_outcome: str
    window_days: float
    metrics: tuple[MetricLine, ...]
    waiting: tuple[str, ...] = ()
    """Outcomes of merged work that are not measured yet, and why."""


@dataclass(frozen=True, kw_only=True)
class ScoreReport:
    score: Score
    regressed: bool
    history: tuple[Scored, ...]
    """Oldest first, the present one last."""
    picture: str
    """Where it is drawn, or why it is not."""


@dataclass(frozen=True, kw_only=True)
class RepoScore:
    """One line of the table of all repositories."""

    repo: str
    total: float | None
    """None: no score; `note` says why."""
    coverage: float
    measured: int
    """Metrics that have a value."""
    inconclusive: int
    """Those of them of which nothing could be told."""
    metrics: int
    note: str


@dataclass(frozen=True, kw_only=True)
class EvidenceLine:
    file: str
    snapshot: Snapshot | None
    problem: str
    """Why it cannot be used; empty = it can."""
    unknown: str = ""
    """That no metric and no outcome check has its id; empty where one has, or there is no objective to ask."""


def show(services: Services, name: str) -> Shown:
    """The objective and what its evidence says now; web sources are named, not fetched.

    Raises OrderRefused, ConfigError.
    """
    repo = _repo(services, name)
    found = _load(services, repo)
    lines = tuple(_line(services, repo, m, share) for m, share in zip(found.metrics, scoring.weights(found.metrics)))
    return Shown(
        repo=repo.name,
        file=str(found.file),
        primary_outcome=found.primary_outcome,
        window_days=found.window_days,
        metrics=lines,
        waiting=explain_loop.waiting(services, repo),
    )


def score(services: Services, name: str) -> ScoreReport:
    """Computed now, kept in the history and drawn. Raises OrderRefused, ConfigError, Busy."""
    from orchestrator.operations import score_plot

    repo = _repo(services, name)
    objective = _load(services, repo)
    found = objectives.score(services, repo, objective)
    scores = Scores(runtime=services.settings.runtime)
    scores.keep(found)
    history = scores.history(repo.key)
    picture = services.settings.runtime / "analysis" / repo.key / "score.png"
    return ScoreReport(
        score=found,
        regressed=scoring.regressed(found),
        history=history,
        picture=score_plot.draw(history, objective, picture),
    )


def table(services: Services) -> tuple[RepoScore, ...]:
    """All repositories, in config order."""
    return tuple(_table_line(services, repo) for repo in services.settings.repos)


def add(
    services: Services,
    name: str,
    snapshot: Snapshot,
    *,
    post_merge: bool,
    over: bool,
    person: str,
    unknown: bool = False,
) -> Path:
    """Writes one snapshot that a person typed, and records who. `unknown`: also for an id that no metric has.

    Raises OrderRefused, EvidenceError, OSError; ConfigError for an objective that cannot be asked.
    """
    repo = _repo(services, name)
    if not snapshot.metric or snapshot.metric.startswith("."):
        raise OrderRefused(f"{snapshot.metric!r} is no metric id: [a-z0-9_.-], beginning with a letter or digit")
    if not unknown and (why := _unknown(snapshot.metric, _ids(services, repo))):
        raise OrderRefused(f"{snapshot.metric}: {why}; --force writes it all the same")
    _refuse_future(services, snapshot.observed_at)
    path = folder(services, repo) / (snapshot.metric + (POST_MERGE if post_merge else LATEST))
    if os.path.lexists(path) and not over:
        raise OrderRefused(f"{path} stands already, perhaps an exporter's; --replace writes over it")
    snapshot = replace(
        snapshot,
        file=str(path),
        observed_at=snapshot.observed_at or stamp(services.now()),
        provenance=snapshot.provenance or f"typed by {person}",
    )
    evidence.write(path, snapshot)
    services.ledger.write(
        Event(
            kind=EventKind.ORDER,
            actor=Actor(kind="person", id=person),
            repo=repo.name,
            data={"order": "evidence add", "metric": snapshot.metric, "file": path.name},
        )
    )
    return path


def listed(services: Services, name: str) -> tuple[EvidenceLine, ...]:
    """Every evidence file in the repository's folder, by name. Raises OrderRefused."""
    from orchestrator.planning import reach

    repo = _repo(services, name)
    try:
        files = sorted(f for f in folder(services, repo).iterdir() if not f.name.startswith("."))
    except FileNotFoundError:
        return ()
    rules = reach.rules(services, repo, domains=(), most_chars=MAX_BYTES)
    try:
        ids = _ids(services, repo)
    except ConfigError:
        ids = ()  # `objective check` tells what is wrong with it
    wanted = (*evidence.YAML, *evidence.PROSE)
    return tuple(_evidence(f, rules, ids) for f in files if f.suffix.lower() in wanted)


def folder(services: Services, repo: RepoSettings) -> Path:
    return services.settings.evidence_dir / repo.key


def _repo(services: Services, name: str) -> RepoSettings:
    found = services.settings.repo(name)
    if found is None:
        known = ", ".join(r.key for r in services.settings.repos)
        raise OrderRefused(f"{name!r} is no managed repository; expected one of {known}")
    return found


def _load(services: Services, repo: RepoSettings) -> Objective:
    path = objectives.file_of(services, repo)
    if not os.path.lexists(path):
        raise OrderRefused(f"{repo.key} has no objective; copy example.objective.yaml to {path} and edit it")
    return objective_file.load(path, repo=repo.key, env=os.environ)


def _line(services: Services, repo: RepoSettings, metric: Metric, share: float) -> MetricLine:
    check = metric.outcome_check
    latest, latest_seen = _told(services, repo, metric, metric.source)
    outcome, outcome_seen = _told(services, repo, metric, check.source if check else None)
    return MetricLine(
        id=metric.id,
        name=metric.name,
        share=share,
        direction=metric.direction.value,
        guard=metric.guard,
        latest=latest,
        latest_seen=latest_seen,
        outcome=outcome,
        outcome_seen=outcome_seen,
        window_days=check.window_days if check else None,
    )


def _told(services: Services, repo: RepoSettings, metric: Metric, source: Source | None) -> tuple[str, Seen]:
    """What a source says now, in words."""
    from orchestrator import sources
    from orchestrator.planning import reach

    if source is None:
        return "not measured", Seen.MISSING
    if source.type is SourceType.WEB:
        return f"{source.url} (read when it is needed)", Seen.GOOD
    found = sources.read(source, reach.rules(services, repo, domains=(), most_chars=MAX_BYTES))
    if isinstance(found, sources.Unread):
        return found.why, Seen.BAD if found.lasting else Seen.MISSING
    try:
        snapshot = evidence.parse(found.text, source.path)
    except EvidenceError as error:
        return str(error).splitlines()[0], Seen.BAD
    if snapshot.metric and snapshot.metric != metric.id:
        return f"{found.where} is about {snapshot.metric}, not {metric.id}", Seen.BAD
    if why := interpret.other_unit(metric, snapshot):
        return f"{found.where}: {why}", Seen.BAD
    return words(snapshot), Seen.GOOD


def words(snapshot: Snapshot) -> str:
    """A snapshot in one line."""
    if snapshot.value is not None:
        said = f"{snapshot.value:g} {snapshot.unit}".strip()
    elif snapshot.series:
        said = f"{snapshot.series[-1].value:g} {snapshot.unit}".strip()
    else:
        said = "prose"
    series = f", {len(snapshot.series)} points" if snapshot.series else ""
    when = f", observed {snapshot.observed_at}" if snapshot.observed_at else ""
    return f"{said}{series}{when}"


def _evidence(path: Path, rules: Rules, ids: Sequence[str]) -> EvidenceLine:
    """A link is followed where the roles follow it: not out of the folder."""
    from orchestrator import sources

    found = sources.read(Source(path=str(path)), rules)
    if isinstance(found, sources.Unread):
        return EvidenceLine(file=path.name, snapshot=None, problem=found.why.removeprefix(f"{path}: "))
    try:
        snapshot = evidence.parse(found.text, str(path))
    except EvidenceError as error:
        return EvidenceLine(file=path.name, snapshot=None, problem=str(error).splitlines()[0])
    return EvidenceLine(file=path.name, snapshot=snapshot, problem="", unknown=_unknown(snapshot.metric, ids))


def _ids(services: Services, repo: RepoSettings) -> tuple[str, ...]:
    """What evidence may be about; empty without an objective, when nobody can tell. Raises ConfigError."""
    try:
        metrics = _load(services, repo).metrics
    except OrderRefused:
        return ()
    return (*(m.id for m in metrics), *(c.id.casefold() for c in repo.outcome_attribution.checks))


def _unknown(id: str, ids: Sequence[str]) -> str:
    if not id or not ids or id in ids:
        return ""
    return f"no metric has this id{near(id, ids) or '; known are ' + ', '.join(ids[:20])}"


def _refuse_future(services: Services, observed_at: str) -> None:
    """Raises OrderRefused. What is no time is told when it is written."""
    now = services.now()
    with contextlib.suppress(ValueError):
        if observed_at and parse(evidence.moment(observed_at)) > now:
            raise OrderRefused(f"observed at {observed_at}: that is in the future, it is {stamp(now)}")


def _table_line(services: Services, repo: RepoSettings) -> RepoScore:
    none = RepoScore(repo=repo.name, total=None, coverage=0.0, measured=0, inconclusive=0, metrics=0, note="")
    try:
        found = objectives.score(services, repo, _load(services, repo))
    except OrderRefused:
        return replace(none, note="no objective")
    except ConfigError as error:
        return replace(none, note=str(error).splitlines()[0])
    known = sum(1 for m in found.metrics if m.value is not None)
    lost = sum(1 for m in found.metrics if m.inconclusive)
    measured = replace(none, coverage=found.coverage, measured=known, inconclusive=lost, metrics=len(found.metrics))
    if not known:
        return replace(measured, note="no metric has a value yet")
    note = "regressed: a finding" if scoring.regressed(found) else ""
    return replace(measured, total=found.total, note=note)
