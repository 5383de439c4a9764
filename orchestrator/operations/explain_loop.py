"""What the loop expects of an issue and measures of its work, and why it does not: for `explain` and `objective`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from orchestrator.github import issues
from orchestrator.github.errors import GitHubError
from orchestrator.model.event import EventKind
from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.outcome import Shipped
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.pipeline import considering
from orchestrator.planning.outlook import Outlook, outlook
from orchestrator.policy import attached, hypothesis, patches, sections
from orchestrator.policy.hypothesis import Malformed
from orchestrator.policy.sections import Wish
from orchestrator.services import Services

OFF = "nothing is measured here: outcome_attribution is off"
DISPATCHED = "nothing is measured here: automation_mode is dispatcher_only"
MOST = 20
"""Outcomes that wait, of those of a repository."""


@dataclass(frozen=True, kw_only=True)
class Loop:
    hypothesis: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()


def of_issue(services: Services, repo: RepoSettings, number: int) -> Loop:
    """Both empty where nothing is expected and nothing measured. Raises CorruptState."""
    issue: Issue | None = None
    with contextlib.suppress(GitHubError):  # then by what stands here
        issue = issues.read(services.github, RepoName(repo.name), number)
    wish = sections.read(issue) if issue is not None else None
    seen = _seen(services, repo)
    return Loop(
        hypothesis=_clean(_expected(services, repo, number, issue, seen)),
        outcomes=_clean(_outcomes(services, repo, number, wish, seen)),
    )


def waiting(services: Services, repo: RepoSettings) -> tuple[str, ...]:
    """Outcomes of a repository's merged work that are not measured yet, and why. Raises CorruptState."""
    seen = _seen(services, repo)
    if isinstance(seen, str):
        return (seen,)
    lines = seen.waiting()
    return _clean((*lines[:MOST], *([f"and {len(lines) - MOST} more"] if len(lines) > MOST else [])))


def _seen(services: Services, repo: RepoSettings) -> Outlook | str:
    """Or why nothing is measured."""
    if repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return DISPATCHED
    if not repo.outcome_attribution.enabled:
        return OFF
    key = repo.key
    return outlook(services, repo) or f"its objective cannot be used: `agent-os objective check {key}` says why"


def _expected(
    services: Services, repo: RepoSettings, number: int, issue: Issue | None, seen: Outlook | str
) -> tuple[str, ...]:
    known = [r.hypothesis for r in services.outcomes.hypotheses(repo.name) if r.issue == number]
    if known:
        return tuple(f"{hypothesis.words(h)}; written down {h.at}" + (f" by {h.by}" if h.by else "") for h in known)
    found = hypothesis.read(issue.body) if issue is not None else None
    if found is None:
        return ()
    if isinstance(found, Malformed):
        return (f"not on record: {found.why}",)
    if isinstance(seen, str):
        return (f"not on record: {seen}",)
    if why := seen.unknown(found.metric):
        return (f"not on record: {found.metric}: {why}",)
    if why := _ignored(services, repo, number):
        return (f"not on record: {why}",)
    if considering.tasks_of(services, repo, number):
        return ("not on record: it was written after the work began",)
    return (f"{found.metric} is to go {found.expected.value}; on record as soon as its task is made",)


def _ignored(services: Services, repo: RepoSettings, number: int) -> str:
    """Why it was passed over when the task was made, as the ledger has it."""
    told = [
        str(r.data["ignored"])
        for r in services.ledger.read()
        if r.kind == EventKind.HYPOTHESIS.value and r.data.get("issue") == number and r.data.get("ignored")
        if r.repo.casefold() == repo.name.casefold()
    ]
    return told[-1] if told else ""


def _outcomes(
    services: Services, repo: RepoSettings, number: int, wish: Wish | None, seen: Outlook | str
) -> tuple[str, ...]:
    prose = tuple(
        f'"{text}" is no id, and is ignored: ids are single words' for text in (wish.no_checks if wish else ())
    )
    generations = considering.tasks_of(services, repo, number)
    task = generations[-1][1] if generations else None
    named = task.outcome_checks if task else wish.outcome_checks if wish else ()
    if isinstance(seen, str):
        return (*prose, seen) if named or prose else ()
    merged = _newest(services, repo, number, "merged")
    if merged is not None:
        return (*prose, *seen.of(merged))
    opened = _newest(services, repo, number, "opened")
    expected = [r.hypothesis.metric for r in services.outcomes.hypotheses(repo.name) if r.issue == number]
    checks = opened.checks if opened else attached.ids(named, expected, seen.round.objective)
    return (*prose, *seen.ahead(checks))


def _newest(services: Services, repo: RepoSettings, number: int, event: str) -> Shipped | None:
    found = [s for s in services.outcomes.shipped(repo.name, event) if s.issue == number]
    return found[-1] if found else None


def _clean(lines: tuple[str, ...]) -> tuple[str, ...]:
    """For a terminal: foreign words are in them."""
    return tuple(patches.escaped(" ".join(line.split())) for line in lines)
