"""May an issue that was taken up before be taken up once more? Only by a person's word that came after its end.

What a person refused (a closed pull request, a withdrawn task, a card moved out of Ready) ends like any other work, and
nothing that we do to the issue makes it a new wish. Neither does a comment or an edit: both may say no. A trusted
person sets it Ready, which needs no plan, or closes and reopens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.github import issues
from orchestrator.model.issue import Act, Happened, Issue
from orchestrator.model.plan import Plan
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse
from orchestrator.pipeline import considering, desk, trusting
from orchestrator.pipeline.trusting import Asked
from orchestrator.policy import trust
from orchestrator.policy.trust import Standing
from orchestrator.services import Services

_REOPENED = "reopened"


def promoted(services: Services, repo: RepoSettings) -> Mapping[int, Plan]:
    """Issues that plans set Ready, each with the newest of these plans. Raises CorruptState."""
    return {number: plan for plan in reversed(services.plans.of(repo.key)) for number in plan.promoted}


def refused(services: Services, repo: RepoSettings, issue: Issue, plans: Mapping[int, Plan], asked: Asked) -> str:
    """Why it waits for a person's word; empty for what was never taken up, or was reopened since. `issue` is open, and
    neither Ready nor at work. Raises what asking GitHub raises."""
    found = _taken(services, repo, issue, plans.get(issue.number))
    if found is None:
        return ""
    words, ended = found
    if issue.state_reason == _REOPENED and _reopened(services, repo, issue, ended, asked):
        return ""
    return f"{words}: set it Ready, or reopen it, to have it taken up again"


def _taken(services: Services, repo: RepoSettings, issue: Issue, plan: Plan | None) -> tuple[str, str] | None:
    """How it was taken up, and when that ended; the label of a dispatch tells of it when the task's file is gone."""
    tasks = considering.tasks_of(services, repo, issue.number)
    if tasks:
        task = tasks[-1][1]
        ended = max(task.ended, plan.at if plan else "")
        return f"it was worked on as {task.id} ({_short(task.reason)})", ended
    put = [one.act.at for one in issue.labelled if one.label.casefold() == desk.DISPATCHED]
    if put:
        return f"it was worked on, begun {put[-1]}", max(put[-1], plan.at if plan else "")
    return (f"plan {plan.id} set it Ready, and somebody took it back", plan.at) if plan else None


def _reopened(services: Services, repo: RepoSettings, issue: Issue, ended: str, asked: Asked) -> bool:
    """Did a trusted person reopen it after its end, and after all that we did to it?"""
    by = _last(services, issues.history(services.github, repo.name, issue.number))
    if by is None or (ended and parse(by.at) < parse(ended) <= services.now()):
        return False
    key = trust.key(by)
    if key not in asked:
        asked[key] = trusting.standing(services, repo, by)
    return asked[key] is Standing.TRUSTED


def _last(services: Services, events: Sequence[Happened]) -> Act | None:
    """The newest reopening; None where something of ours came after it."""
    for one in reversed(events):
        if one.kind == _REOPENED:
            return one.act
        if services.github.is_me(one.act.by) and (one.kind == "closed" or one.label.casefold() in desk.OURS):
            return None
    return None


def _short(reason: str) -> str:
    words = " ".join(reason.split())
    return words[:120] or "ended"
