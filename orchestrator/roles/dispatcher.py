"""Ready issues become task files. One question per board and tick; libraries load only when there is work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrator.github import board, issues
from orchestrator.mailbox.box import Unreadable
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus, Issue
from orchestrator.model.names import RepoName
from orchestrator.model.settings import ProjectSettings, RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import answers, effect, estimating, funds, intake
from orchestrator.policy import eligible, sections
from orchestrator.policy.budget import Over
from orchestrator.policy.eligible import Again, Announce, Choice, Dependency, Dispatch, LeaveAlone, Linked, Reason
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "* * * * *"

TOLD = frozenset({Reason.WAITING, Reason.CIRCULAR, Reason.UNKNOWN_DEPENDENCY})
"""Reasons the issue's author is told of, once each. The others only stand in the ledger."""

DEPTH = 25
"""How many rounds of dependencies of dependencies are followed; more than any real plan has."""


LASTING = frozenset({Reason.CLOSED, Reason.UNTRUSTED, Reason.EXCLUDED})
"""Reasons that hold for as long as GitHub's answer and the configuration are the same."""


def watched(services: Services) -> list[Path]:
    """People answer in the notes beside escalated tasks."""
    folder = services.mailbox.root / Folder.ESCALATED.value
    return [folder, *sorted(folder.glob("*.escalation.md")), services.settings.runtime / "state" / "pacing.json"]


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """Reads every board once, then does what `policy.eligible` says of each Ready issue."""
    did: list[str] = []
    settled = True
    if not dry_run:
        for id in services.mailbox.ids(Folder.ESCALATED):
            with fence(services, None, f"answer to {id}") as failed:
                answers.look(services, id)
            settled = settled and not failed
    for project in services.settings.projects:
        with fence(services, None, f"board {project.key}") as failed:
            for issue in _question(services, project).ready:
                repo = services.settings.repo(issue.repo)
                if repo is None:
                    continue
                with fence(services, None, f"{issue.repo}#{issue.number}", repo=issue.repo) as failed_one:
                    choice = _choose(services, issue, repo)
                    settled = settled and isinstance(choice, LeaveAlone) and choice.reason in LASTING
                    if dry_run or _carry_out(services, choice, repo):
                        did.append(f"{issue.repo}#{issue.number}: {_words(choice)}")
                settled = settled and not failed_one
        settled = settled and not failed
    return Ticked(did=tuple(did), settled=settled and not did)


def _question(services: Services, project: ProjectSettings) -> board.ReadyList:
    answer = _ask(services, project)
    if answer.board is not None:
        services.boards[project.key] = answer.board
    return answer


def _ask(services: Services, project: ProjectSettings) -> board.ReadyList:
    repos = [r for r in services.settings.repos if r.project == project.key]
    return board.question(
        services.github,
        project.owner,
        project.number,
        {r.name: r.ready_label for r in repos},
        project.statuses.name(BoardStatus.READY),
    )


def _choose(services: Services, issue: Issue, repo: RepoSettings) -> Choice:
    return eligible.choose(issue, repo, tasks=_tasks_of(services, repo, issue), links=_links(services, issue))


def _carry_out(services: Services, choice: Choice, repo: RepoSettings) -> bool:
    match choice:
        case Dispatch(issue=issue, generation=generation):
            if (over := funds.repo(services, repo)) is not None:
                return _unaffordable(services, issue, over)
            task = intake.make(services, issue, repo, generation)
            if services.mailbox.put(task):
                services.record(
                    EventKind.DISPATCHED, task, issue=issue.number, by=issue.card.set_by if issue.card else ""
                )
                estimating.note(services, task)
            _announce(services, task, issue)
            _unknown_agent(services, issue, task)
            return True
        case Announce(task=task, folder=folder):
            _announce(services, task, None)
            if folder is not Folder.PROCESSING:
                intake.shown_in_progress(services, task)
            return False
        case Again(task=task):
            with services.mailbox.claim(task.id) as claim:
                if claim is not None and claim.folder in eligible.STOPPED:
                    intake.again(services, claim, "its issue was set Ready again")
            return True
        case LeaveAlone():
            _left_alone(services, choice)
            return False


def _unaffordable(services: Services, issue: Issue, over: Over) -> bool:
    """It stays Ready until there is something to spend: nothing is promised on the board that will not be begun."""
    funds.say(services, over)
    subject = f"left:{issue.repo}#{issue.number}"
    if not services.signatures.seen(subject, over.until):
        services.record(
            EventKind.NOT_DISPATCHED, repo=issue.repo, issue=issue.number, reason="over_budget", why=over.words
        )
        services.signatures.remember(subject, over.until)
    return False


def _announce(services: Services, task: Task, seen: Issue | None) -> None:
    """Under the task's lock; when a worker holds it already, that worker tells GitHub itself."""
    with services.mailbox.claim(task.id) as claim:
        if claim is not None:
            intake.announce(services, claim, seen)


def _unknown_agent(services: Services, issue: Issue, task: Task) -> None:
    name = intake.unknown_preference(services, issue)
    if name:
        known = ", ".join(a.name for a in services.settings.agents)
        text = (
            f"**Orchestrator**: there is no agent `{name}` here (there are: {known}). The chain for the task type runs."
        )
        effect.comment(services, task, "unknown-agent", text)


def _left_alone(services: Services, choice: LeaveAlone) -> None:
    """Once per issue and reason: an event, and for dependencies a comment."""
    issue = choice.issue
    subject = f"left:{issue.repo}#{issue.number}"
    if services.signatures.seen(subject, choice.why):
        return
    if choice.reason in TOLD:
        mark = f"<!-- agent-os:key={issue.repo}#{issue.number}/{choice.reason.value} -->"
        if issues.find_marked(services.github, issue.repo, issue.number, mark) is None:
            text = services.redact(f"**Orchestrator**: not started yet, {choice.why}.\n\n{mark}")
            issues.comment(services.github, issue.repo, issue.number, text)
    services.record(
        EventKind.NOT_DISPATCHED, repo=issue.repo, issue=issue.number, reason=choice.reason.value, why=choice.why
    )
    services.signatures.remember(subject, choice.why)


def _tasks_of(services: Services, repo: RepoSettings, issue: Issue) -> list[tuple[Folder, Task]]:
    """All generations of the issue's task that stand in the mailbox."""
    found: list[tuple[Folder, Task]] = []
    for generation in range(1, 1000):
        try:
            entry = services.mailbox.find(intake.task_id(repo.key, issue.number, generation))
        except Unreadable:
            found.append((Folder.CORRUPT, _stand_in(repo, issue, generation)))
            continue
        if entry is None:
            break
        found.append((entry.folder, entry.task))
    return found


def _stand_in(repo: RepoSettings, issue: Issue, generation: int) -> Task:
    """For an unreadable file: enough to know that the issue is taken."""
    id = intake.task_id(repo.key, issue.number, generation)
    return Task(id=id, repo=repo.name, issue=issue.number, title=issue.title, generation=generation)


def _links(services: Services, issue: Issue) -> Mapping[str, Linked]:
    """Every dependency reachable from the issue over open issues; all unknown ones of a round in one request."""
    links: dict[str, Linked] = {}
    unknown = set(sections.dependencies(issue.repo, issue.body))
    for _ in range(DEPTH):
        if not unknown:
            break
        states = issues.state_of(services.github, [_split(ref) for ref in sorted(unknown)])
        for ref in unknown:
            found = states.get(_split(ref))
            if found is None:
                links[ref] = Linked(state=Dependency.MISSING)
            else:
                further = sections.dependencies(found.repo, found.body) if found.open else ()
                links[ref] = Linked(state=Dependency.OPEN if found.open else Dependency.CLOSED, depends_on=further)
        unknown = {ref for link in links.values() for ref in link.depends_on} - links.keys()
    return links


def _split(ref: str) -> tuple[RepoName, int]:
    name, _, number = ref.partition("#")
    return RepoName(name), int(number)


def _words(choice: Choice) -> str:
    match choice:
        case Dispatch(generation=generation):
            return f"dispatch (generation {generation})"
        case Announce(task=task, folder=folder):
            return f"is task {task.id} in {folder.value}/ already"
        case Again(task=task):
            return f"retry task {task.id}"
        case LeaveAlone(why=why):
            return f"left alone: {why}"
