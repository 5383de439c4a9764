"""PLANNING_RESEARCH.md: what the sources say that the operator named for reading before planning. No search."""

from __future__ import annotations

from functools import partial

from orchestrator.model.evidence import Entry
from orchestrator.model.objective import Source
from orchestrator.model.planning import PlanningResearch, ResearchSource
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.planning import reach, reading
from orchestrator.planning.reading import Job, Reader
from orchestrator.policy import artifact, feedback_read, guarding
from orchestrator.services import Services
from orchestrator.state.artifacts import fingerprint


def entries(services: Services, repo: RepoSettings) -> tuple[Entry, ...]:
    """As `planning.feedback.entries`, of `planning_research`. Raises Busy, OSError."""
    block = repo.planning_research
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY or not block.enabled or not block.sources:
        return ()
    return reading.entries(
        services,
        Job(
            repo=repo,
            file=block.artifact_file,
            rules=guarding.research_rules(block),
            block=fingerprint(block),
            max_age_hours=block.max_age_hours,
            readers=tuple(_reader(block, s) for s in block.sources),
            reach=reach.rules(services, repo, domains=block.allowed_domains, most_chars=block.max_source_chars),
            page=partial(artifact.research, block, repo.name),
        ),
    )


def _reader(block: PlanningResearch, each: ResearchSource) -> Reader:
    return Reader(
        name=each.name,
        source=Source(type=each.type, path=each.path, url=each.url),
        make=lambda seen, _: feedback_read.of_research(each, seen, block),
    )
