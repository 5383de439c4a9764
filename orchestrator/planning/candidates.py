"""The open issues of a repository, all of them, and which may be planned. Changes nothing.

Our own Ready never vouches for a stranger's text: an issue is a candidate only when it could start with nobody having
set it Ready, so when everybody who wrote it is trusted, or us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.github import board, issues
from orchestrator.model.evidence import Entry
from orchestrator.model.issue import BoardStatus, Card, Issue
from orchestrator.model.outcome import Measured
from orchestrator.model.plan import LeftOut, Plan
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder
from orchestrator.pipeline import considering, desk
from orchestrator.pipeline.trusting import Asked
from orchestrator.planning import again, hands, objectives
from orchestrator.planning.hands import Hands
from orchestrator.policy import attribute, eligible, feedback, hypothesis, sections
from orchestrator.policy.direction import direction
from orchestrator.policy.eligible import Dispatch, LeaveAlone, Reason
from orchestrator.policy.hypothesis import Wanted
from orchestrator.policy.plan import Facts, Seen
from orchestrator.services import Services

HELD = frozenset({desk.BLOCKED, "hold", "on-hold", "on hold", desk.DONE})
AT_WORK = frozenset({desk.IN_PROGRESS, desk.DISPATCHED})
MOST_LEFT_OUT = 200
"""Of what is left out, so much is kept in a plan."""


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What stands open."""

    seen: tuple[Seen, ...]
    """What may be planned."""
    left_out: tuple[LeftOut, ...]
    busy: tuple[int, ...]
    """Issues that stand Ready or are at work, and pull requests of ours that are open."""
    issues: Mapping[int, Issue]


def read(services: Services, repo: RepoSettings, entries: Sequence[Entry] = ()) -> Backlog:
    """Every page of the open issues, with the board as it stands. Raises what asking GitHub raises."""
    inhand = hands.read(services, repo)
    plans = again.promoted(services, repo)
    found = issues.state_of(services.github, [(repo.name, n) for n in inhand.issues])
    cards = _cards(services, repo)
    seen: list[Seen] = []
    left: list[LeftOut] = []
    busy: list[int] = [*inhand.pulls]
    open_issues: dict[int, Issue] = {}
    asked: Asked = {}
    for (_, number), bare in sorted(found.items(), key=lambda f: f[0][1]):
        if not bare.open:
            continue
        issue = replace(bare, card=cards.get(bare.node_id))
        open_issues[number] = issue
        why = _unfit(services, repo, issue, inhand, plans, asked)
        if why is None:
            clean = replace(issue, title=str(services.redact(issue.title)))  # before anything cuts it
            seen.append(_seen(clean, repo, entries))
        elif why:
            left.append(LeftOut(issue=number, title=_title(services, issue), why=why))
        else:
            busy.append(number)
    return Backlog(seen=tuple(seen), left_out=tuple(left[:MOST_LEFT_OUT]), busy=tuple(busy), issues=open_issues)


def still(services: Services, repo: RepoSettings, number: int, inhand: Hands) -> tuple[Issue | None, str | None]:
    """One issue as it stands now: (issue, None) when it may still be planned, ('' when it is at work already)."""
    found = issues.state_of(services.github, [(repo.name, number)]).get((repo.name, number))
    if found is None or not found.open:
        return None, "it was closed, or is not there any more"
    issue = replace(found, card=_cards(services, repo).get(found.node_id))
    return issue, _unfit(services, repo, issue, inhand, again.promoted(services, repo), {})


def facts(services: Services, repo: RepoSettings, backlog: Backlog) -> Facts:
    """What is known of the repository, besides its issues."""
    objective = objectives.of(services, repo)
    measured = services.outcomes.measured(repo.name) if repo.outcome_attribution.enabled else ()
    credit = attribute.credit(measured, objective.scores) if objective else attribute.credit(measured)
    return Facts(
        now=services.now(),
        size=repo.cadence.plan_size,
        weights=repo.priority_weights,
        credit=credit,
        objective=objective,
        checks=repo.outcome_attribution.checks,
        main=_main(measured),
        measuring=repo.outcome_attribution.enabled,
        written=_written([one.issue for one in backlog.seen]),
    )


def live(services: Services, repo: RepoSettings) -> bool:
    """Does a task of the repository wait, work or stand in review?"""
    places = (Folder.INBOX, Folder.PROCESSING, Folder.REVIEW)
    return any(e.task.repo.casefold() == repo.name.casefold() for f in places for e in services.mailbox.list(f))


def _unfit(
    services: Services, repo: RepoSettings, issue: Issue, inhand: Hands, plans: Mapping[int, Plan], asked: Asked
) -> str | None:
    """None for a candidate, '' for what is at work already, else why it is left out."""
    statuses = services.settings.project(repo.project).statuses
    column = issue.card.status.casefold() if issue.card else ""
    labels = {label.casefold() for label in issue.labels}
    working = {statuses.name(s).casefold() for s in (BoardStatus.READY, BoardStatus.IN_PROGRESS)}
    if column in working or labels & {*AT_WORK, repo.ready_label.casefold()}:
        return ""
    if column in {statuses.name(s).casefold() for s in (BoardStatus.BLOCKED, BoardStatus.DONE)}:
        return f"it stands in {issue.card.status if issue.card else ''}"
    if held := sorted(labels & HELD):
        return f"it carries the label {held[0]}"
    if why := inhand.taken.get(issue.number):
        return why
    # As nobody had set it Ready, and however many pull requests wait now: a plan is for the days to come.
    bare, unpaced = replace(issue, card=None), replace(repo, max_open_pull_requests=0)
    choice = considering.choice(services, bare, unpaced, asked)
    if isinstance(choice, Dispatch) or (isinstance(choice, LeaveAlone) and choice.reason is Reason.STALE):
        return again.refused(services, repo, issue, plans, asked) or (
            None if isinstance(choice, Dispatch) else choice.why
        )
    if isinstance(choice, LeaveAlone):
        return choice.why
    return "" if isinstance(choice, eligible.Announce) else f"task {choice.task.id} stopped; a person decides"


def _seen(issue: Issue, repo: RepoSettings, entries: Sequence[Entry]) -> Seen:
    wish = sections.read(issue)
    type_ = wish.type or repo.default_task_type
    return Seen(
        issue=issue,
        direction=direction(issue.labels, wish.outcome_checks, type_.value),
        checks=wish.outcome_checks,
        feedback=feedback.weight(entries, issue.title, issue.body),
    )


def _written(found: Sequence[Issue]) -> dict[int, Wanted]:
    read_ = ((issue.number, hypothesis.read(issue.body)) for issue in found)
    return {number: wanted for number, wanted in read_ if isinstance(wanted, Wanted)}


def _main(measured: Sequence[Measured]) -> dict[str, str]:
    """Direction to the check it was measured by most; of equal ones the first by name."""
    counts: dict[str, Counter[str]] = {}
    for one in measured:
        if one.check:
            counts.setdefault(one.direction, Counter())[one.check] += 1
    return {name: min(c, key=lambda check: (-c[check], check)) for name, c in counts.items()}


def _cards(services: Services, repo: RepoSettings) -> Mapping[str, Card]:
    project = services.settings.project(repo.project)
    if project.number is None:
        return {}
    return board.cards(services.github, project.owner, project.number, repo.name, repo.ready_label)


def _title(services: Services, issue: Issue) -> str:
    return sections.visible(str(services.redact(issue.title))).strip()[:200] or f"Issue #{issue.number}"
