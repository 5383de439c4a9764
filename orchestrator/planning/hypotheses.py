"""What work is expected to do, written down before it begins: by the planner, or by who wrote the issue.

It stands in the outcomes, in the ledger and on the issue, and is never rewritten. What was measured of the merge gives
it its verdict (`measuring`).
"""

from __future__ import annotations

from orchestrator.model.event import EventKind
from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.outcome import Hypothesis
from orchestrator.model.plan import Item
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import considering, effect
from orchestrator.planning import objectives
from orchestrator.policy import attached, direction, hypothesis, sections
from orchestrator.policy.hypothesis import Malformed
from orchestrator.services import Services
from orchestrator.state.outcomes import Registered


def register(services: Services, repo: RepoSettings, issue: Issue, item: Item, by: str = "") -> str:
    """Empty when it stands in the books, now or already; else why it does not. `by`: over the hypothesis's own.

    Refused once the work began: what is then written down is no expectation any more. Safe to repeat, also after a
    death in between. Raises GitHubError, Unsettled, Busy, OSError.
    """
    wanted = item.hypothesis
    if wanted is None:
        return "nothing is expected of it"
    if not repo.outcome_attribution.enabled:
        return "nothing is measured here: outcome_attribution is off"
    why = _known(services, repo, issue.number, wanted, by or wanted.by, item.direction)
    if why:
        return why
    tell(services, repo, issue.number)
    return ""


def written(services: Services, repo: RepoSettings, issue: Issue, by: str) -> None:
    """The `## Hypothesis` that a person wrote into the issue, before its task is made; `by`: who vouched for the text.

    What is no hypothesis is ignored, and told once in the ledger. Raises Busy, OSError.
    """
    if not repo.outcome_attribution.enabled:
        return
    found = hypothesis.read(issue.body)
    if found is None:
        return
    if isinstance(found, Malformed):
        _ignored(services, issue, found.why)
        return
    what = attached.find(found.metric, repo.outcome_attribution, objectives.of(services, repo))
    if what is None:
        _ignored(services, issue, f"nothing measures {found.metric}")
        return
    wanted = Hypothesis(
        metric=found.metric,
        expected=found.expected,
        size=found.size,
        window_days=found.window_days or what.window_days,
        at=stamp(services.now()),
        by=by,
    )
    wish = sections.read(issue)
    type = wish.type or repo.default_task_type
    way = direction.direction(issue.labels, wish.outcome_checks, type.value)
    if why := _known(services, repo, issue.number, wanted, by, way):
        _ignored(services, issue, why)


def tell(services: Services, repo: RepoSettings, issue: int) -> None:
    """On the issue, once per hypothesis of it. Raises GitHubError, Unsettled."""
    if not repo.outcome_attribution.enabled:
        return
    for one in services.outcomes.hypotheses(repo.name):
        if one.issue == issue:
            who = f" (by {one.hypothesis.by})" if one.hypothesis.by else ""
            text = (
                f"**Orchestrator**: expected of this work{who}: {hypothesis.words(one.hypothesis)}. Written down "
                f"at {one.hypothesis.at}, before the work; what is measured after the merge tells whether it holds."
            )
            effect.comment(services, _books(repo, issue), f"hypothesis:{one.hypothesis.metric}", text)


def _known(services: Services, repo: RepoSettings, issue: int, wanted: Hypothesis, by: str, way: str) -> str:
    """Empty when it stands in outcomes and ledger, else why it does not."""
    metric = wanted.metric.casefold()
    before = next(
        (r for r in services.outcomes.hypotheses(repo.name) if (r.issue, r.hypothesis.metric) == (issue, metric)), None
    )
    if before is None:
        if task := _begun(services, repo, issue):
            return f"the work began already, as task {task}"
        made = Hypothesis(
            metric=metric, expected=wanted.expected, size=wanted.size, window_days=wanted.window_days,
            at=stamp(services.now()), by=str(services.redact.head(by, 100)),
        )  # fmt: skip
        before = Registered(repo=repo.name, issue=issue, direction=way, hypothesis=made)
        services.outcomes.register(before)
    _note(services, repo, before)
    return ""


def _note(services: Services, repo: RepoSettings, known: Registered) -> None:
    """In the ledger, once, also when an earlier tick died before it."""
    journal, key = services.effects.of(_books(repo, known.issue).id), f"registered:{known.hypothesis.metric}"
    if journal.result(key) is not None:
        return
    one = known.hypothesis
    services.record(
        EventKind.HYPOTHESIS,
        repo=repo.name,
        issue=known.issue,
        metric=one.metric,
        expected=one.expected.value,
        size=one.size,
        window_days=one.window_days,
        direction=known.direction,
        by=one.by,
    )
    journal.done(key, {})


def _ignored(services: Services, issue: Issue, why: str) -> None:
    subject = f"hypothesis:{issue.repo}#{issue.number}"
    if services.signatures.seen(subject, why):
        return
    services.record(EventKind.HYPOTHESIS, repo=issue.repo, issue=issue.number, ignored=str(services.redact(why)))
    services.signatures.remember(subject, why)


def _begun(services: Services, repo: RepoSettings, issue: int) -> str:
    """The task of this issue whose work began and is not over, if there is one."""
    for folder, task in considering.tasks_of(services, repo, issue):
        started = bool(task.attempts) or task.phase is not Phase.QUEUED or folder is Folder.PROCESSING
        if started and folder is not Folder.DONE:
            return task.id
    return ""


def _books(repo: RepoSettings, issue: int) -> Task:
    """What the effects about an issue's hypotheses are journalled under: there is no task of it yet."""
    id = TaskId(f"{repo.key}-{issue}-hypothesis")
    return Task(id=id, repo=RepoName(repo.name), issue=issue, title=f"#{issue}")
