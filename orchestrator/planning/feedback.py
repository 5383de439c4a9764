"""PRODUCTION_FEEDBACK.md: what production says of a repository, from named inputs and the objective's own metrics."""

from __future__ import annotations

from functools import partial

from orchestrator.model.evidence import Entry
from orchestrator.model.objective import Metric, Source
from orchestrator.model.planning import FeedbackInput, ProductionFeedback
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.planning import objectives, reach, reading
from orchestrator.planning.reading import Job, Reader
from orchestrator.policy import artifact, feedback_read, guarding
from orchestrator.services import Services
from orchestrator.state.artifacts import fingerprint


def entries(services: Services, repo: RepoSettings) -> tuple[Entry, ...]:
    """All entries as of now, guarded ones among them (`policy.feedback.included` takes those that weigh). The sources
    are read again when the artifact is older than `max_age_hours` or what it was made by has changed.

    Raises Busy, OSError. A source that cannot be read is a guarded entry and stops no other.
    """
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return ()
    block = repo.production_feedback
    objective = objectives.of(services, repo)
    every = objective.metrics if objective else ()
    metrics = tuple(m for m in every if m.source)
    inputs = block.inputs if block.enabled else ()
    if not inputs and not metrics:
        return ()
    return reading.entries(
        services,
        Job(
            repo=repo,
            file=block.artifact_file,
            rules=guarding.rules(block),
            block=fingerprint(block),
            objective=fingerprint(every),
            max_age_hours=block.max_age_hours,
            readers=(
                *(_input(block, i, every) for i in inputs),
                *(_metric(block, m, m.source) for m in metrics if m.source),
            ),
            reach=reach.rules(services, repo, domains=block.allowed_domains, most_chars=block.max_source_chars),
            page=partial(artifact.feedback, block, repo.name),
        ),
    )


def _input(block: ProductionFeedback, each: FeedbackInput, metrics: tuple[Metric, ...]) -> Reader:
    return Reader(
        name=each.name,
        source=Source(type=each.type, path=each.path, url=each.url),
        make=lambda seen, known: feedback_read.of_input(each, seen, block, known, metrics),
    )


def _metric(block: ProductionFeedback, metric: Metric, source: Source) -> Reader:
    return Reader(
        name=metric.name or metric.id,
        source=source,
        make=lambda seen, known: feedback_read.of_metric(metric, source, seen, block, known),
    )
