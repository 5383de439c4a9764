"""What may become of one Ready issue: the facts gathered for `policy.eligible`. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.github import issues
from orchestrator.mailbox.box import Unreadable
from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import intake, trusting
from orchestrator.pipeline.trusting import Asked
from orchestrator.policy import eligible, sections
from orchestrator.policy.eligible import Choice, Dependency, Linked
from orchestrator.policy.trust import Refused
from orchestrator.services import Services

DEPTH = 25
"""How many rounds of dependencies of dependencies are followed; more than any real plan has."""
_UNASKED = Refused(why="is at work already, or closed")
"""Where nobody asks: the issue of a live task is only announced, a closed one left alone."""


def choice(services: Services, issue: Issue, repo: RepoSettings, asked: Asked | None = None) -> Choice:
    """What `policy.eligible` says of it now. `asked`: standings in this repository known to the tick."""
    tasks = tasks_of(services, repo, issue.number)
    live = bool(tasks) and tasks[-1][0] in eligible.LIVE
    trust = _UNASKED if live or not issue.open else trusting.judge(services, issue, repo, asked)
    refused = isinstance(trust, Refused)  # then nothing else is asked for
    return eligible.choose(
        issue,
        repo,
        tasks=tasks,
        links={} if refused else _links(services, issue),
        trust=trust,
        open_pulls=0 if refused or not repo.max_open_pull_requests else open_pulls(services, repo),
    )


def open_pulls(services: Services, repo: RepoSettings) -> int:
    """How many of the repository's tasks have an open pull request, as far as the mailbox knows."""
    entries = (e for folder in sorted(eligible.LIVE, key=lambda f: f.value) for e in services.mailbox.list(folder))
    mine = (e for e in entries if e.task.repo.casefold() == repo.name.casefold())
    return sum(eligible.has_open_pull(e.folder, e.task) for e in mine)


def tasks_of(services: Services, repo: RepoSettings, number: int) -> list[tuple[Folder, Task]]:
    """All generations of an issue's task that stand in the mailbox, the first one first."""
    found: list[tuple[Folder, Task]] = []
    for generation in _generations(services, repo, number):
        id = intake.task_id(repo.key, number, generation)
        try:
            entry = services.mailbox.find(id)
        except Unreadable:
            # Enough to know that the issue is taken.
            found.append((Folder.CORRUPT, Task(id=id, repo=repo.name, issue=number, title="", generation=generation)))
            continue
        if entry is not None:
            found.append((entry.folder, entry.task))
    return found


def _generations(services: Services, repo: RepoSettings, number: int) -> list[int]:
    """Of an issue's tasks that stand in the mailbox. Older ones may be gone: retention takes what has long ended."""
    first = intake.task_id(repo.key, number, 1)
    folders = [services.mailbox.root / folder.value for folder in Folder]
    named = (path.stem.removeprefix(f"{first}-g") for folder in folders for path in folder.glob(f"{first}-g*.md"))
    seen = {int(rest) for rest in named if rest.isascii() and rest.isdecimal()}
    return sorted({*seen, *([1] if services.mailbox.where(first) is not None else [])})


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
