"""A source file that a merge of ours brought above `gate.module_lines` becomes a follow-up issue, as any other of ours.

The merge itself only notes it (`pipeline.landed`); filed it is here, within the caps, with its commit as evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.backlog import filing, standing
from orchestrator.model.backlog import Draft, Filed, Outcome
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse
from orchestrator.pipeline import report
from orchestrator.services import Services
from orchestrator.state.grown import Grown, Growth

BY, KIN = "groomer", "oversized/"
AGAIN = timedelta(hours=20)
"""What nobody could judge is not tried again before."""
PATIENCE = timedelta(days=30)
"""What could not be filed for so long is given up: the file is another one by then."""


def file(services: Services, repo: RepoSettings) -> tuple[Outcome, ...]:
    """What waits in one repository. Safe to repeat. Raises what filing raises; what was filed by then stays filed."""
    if not repo.gate.module_lines:
        return ()
    grown = Grown(root=services.settings.runtime / "state")
    outcomes: list[Outcome] = []
    for growth in grown.of(repo.key):
        now = services.now()
        if _lately(growth.tried, now, AGAIN):
            continue
        if not _lately(growth.at, now, PATIENCE):
            grown.drop(repo.key, growth.path)
            continue
        outcome = _one(services, repo, growth, [o.draft for o in outcomes if isinstance(o, Filed)])
        outcomes.append(outcome)
        if isinstance(outcome, Filed) or outcome.method not in filing.PASSING:
            grown.drop(repo.key, growth.path)
        elif outcome.method != filing.CAP:  # a full day costs nothing to look at again
            grown.tried(repo.key, growth.path, now)
    return tuple(outcomes)


def _one(services: Services, repo: RepoSettings, growth: Growth, filed: list[Draft]) -> Outcome:
    key, stands = standing.key(services, repo, f"{KIN}{growth.path}")
    draft = _draft(repo, growth, key)
    return filing.skip(services, filing.stands(draft)) if stands else filing.file(services, draft, filed)


def _draft(repo: RepoSettings, growth: Growth, key: str) -> Draft:
    shown = " ".join(report.defused(growth.path).split())
    return Draft(
        key=key,
        repo=repo.name,
        title=f"Split {shown[:150]}: it has {growth.lines} lines",
        goal=f"`{shown}` is split by concern, without a change of behaviour.",
        criteria=(
            f"`{shown}` has at most {growth.limit} lines.",
            "All tests pass, and none is changed but for imports.",
        ),
        evidence=(f"file:{growth.sha}:{growth.path}",),
        evidence_text=(f"{shown} grew to {growth.lines} lines with #{growth.pull} (task {growth.task})",),
        reasoning="Long files are read whole by every run that touches them.",
        by=BY,
        kin=KIN,
    )


def _lately(at: str, now: datetime, span: timedelta) -> bool:
    """What a clock that stood ahead noted counts while it is as near."""
    return bool(at) and abs(now - parse(at)) < span
