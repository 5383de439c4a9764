"""`agent-os canary`: one issue from the filing to the merge on GitHub as it is, then everything it left cleaned up.

What our own tests cannot give: that this token, this repository's rules, its CI and this machine's agent go together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from orchestrator.github import issues, projects
from orchestrator.github.errors import GitHubError, NotFound
from orchestrator.github.repos import path
from orchestrator.github.words import object_of
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.operations import OrderRefused, explain, filing
from orchestrator.pipeline import desk, intake
from orchestrator.services import Services

ROLES = ("dispatcher", "queue", "pr_monitor")
FILE, MEMORY = "agent-os-canary.md", "CODEBASE.md"
MISSION = f"""Canary of Agent OS

## Goal

A new file `{FILE}` in the top folder that holds the one line "canary". Change nothing else.
"""
_LOOK = 2.0
"""Seconds between two rounds on loopback; five times that elsewhere."""
_STUCK = frozenset({Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED})


@dataclass(frozen=True, kw_only=True)
class Flown:
    """What it did."""

    repo: str
    issue: int
    pull_request: int
    merged: bool
    seconds: float
    text: str
    """How it ended, in words."""
    cleaned: tuple[str, ...]
    """What was cleaned up, and what could not be."""


def fly(
    services: Services,
    name: str,
    tick: Callable[[str], None],
    *,
    person: str,
    really: bool,
    minutes: float,
    say: Callable[[str], object],
) -> Flown:
    """Raises OrderRefused where it may not run there, and what GitHub raises; what was begun is then told by `say`."""
    repo = _allowed(services, name, really)
    began = time.monotonic()
    knew = _blob(services, repo, MEMORY) is not None
    filed = filing.file(services, repo.key, MISSION, person)
    say(f"filed {filed.repo}#{filed.number}: {filed.url}")
    task = _flown(services, repo, filed.number, tick, until=began + minutes * 60, say=say)
    merged = task is not None and bool(task.merge_sha)
    pull = task.pull_request or 0 if task is not None else 0
    cleaned = tuple(_clean(services, repo, filed.number, task if merged else None, knew=knew))
    for line in cleaned:
        say(line)
    seconds = round(time.monotonic() - began, 1)
    words = _ended(services, repo, filed.number, merged, minutes)
    say(f"{words} ({seconds} s)")
    return Flown(
        repo=repo.name, issue=filed.number, pull_request=pull, merged=merged, seconds=seconds, text=words,
        cleaned=cleaned,
    )  # fmt: skip


def _allowed(services: Services, name: str, really: bool) -> RepoSettings:
    known = services.settings.repos
    repo = services.settings.repo(name) if name else known[0] if len(known) == 1 else None
    if repo is None:
        raise OrderRefused(f"--repo {name!r}: there are {', '.join(r.key for r in known)}")
    if repo.automation_mode is not AutomationMode.FULL:
        raise OrderRefused(f"{repo.name} is in the mode {repo.automation_mode.value}: nothing would be merged there")
    if not really and (others := issues.listed(services.github, repo.name)):
        raise OrderRefused(
            f"{repo.name} has {len(others)} open issues: it is no scratch one. A canary merges a change there and "
            f"takes it back; if you want that: --repo {repo.key} --really"
        )
    return repo


def _flown(
    services: Services,
    repo: RepoSettings,
    number: int,
    tick: Callable[[str], None],
    *,
    until: float,
    say: Callable[[str], object],
) -> Task | None:
    """The roles' rounds until the task is done, is stuck, or the time is up."""
    id, told = intake.task_id(repo.key, number, 1), ""
    task: Task | None = None
    while time.monotonic() < until:
        for role in ROLES:
            tick(role)
        entry = services.mailbox.find(TaskId(id))
        if entry is not None:
            task = entry.task
            now = f"{id} is in {entry.folder.value}" + (
                f", pull request #{task.pull_request}" if task.pull_request else ""
            )
            if now != told:
                told = now
                say(now)
            if entry.folder is Folder.DONE or entry.folder in _STUCK:
                return task
        time.sleep(_LOOK * (1 if services.settings.github.loopback else 5))
    return task


def _ended(services: Services, repo: RepoSettings, number: int, merged: bool, minutes: float) -> str:
    if merged:
        return f"{repo.name}#{number} went all the way to the merge"
    entry = services.mailbox.find(TaskId(intake.task_id(repo.key, number, 1)))
    if entry is None:
        return f"{repo.name}#{number} was not dispatched: `agent-os explain {repo.name}#{number}` says why"
    if entry.folder in _STUCK:
        return f"it stopped in {entry.folder.value}: {entry.task.reason or 'no reason was noted'}"
    told = explain.explain(services, f"{repo.name}#{number}")
    waits = "; ".join((*told.why, *told.moves)) or f"`agent-os explain {repo.name}#{number}` says more"
    return f"not merged after {minutes:g} minutes: {waits}"


def _clean(services: Services, repo: RepoSettings, number: int, merged: Task | None, *, knew: bool) -> list[str]:
    """The issue closed and off the board with our labels off it, and the merged file taken back. Nothing that fails
    here hides how the canary ended. A canary that did not get through is left for a person to look at."""
    if merged is None:
        return [f"left as it stands, for you to look at: {repo.name}#{number}"]
    steps: list[tuple[str, Callable[[], object]]] = [
        (f"took {FILE} out of the base branch again", lambda: _take_back(services, repo, FILE)),
        (f"took the labels off #{number}", lambda: _unlabel(services, repo, number)),
        (f"took #{number} off the board", lambda: _off_board(services, repo, number)),
    ]
    if _blob(services, repo, MEMORY) is not None:
        if knew:
            return [*(_told(*step) for step in steps), f"{MEMORY} tells of it, or will: take that line out by hand"]
        steps.insert(1, (f"took {MEMORY} out, which it began", lambda: _take_back(services, repo, MEMORY)))
    return [_told(*step) for step in steps]


def _told(words: str, act: Callable[[], object]) -> str:
    try:
        act()
    except GitHubError as why:
        return f"could not do: {words} ({why})"
    return words


def _take_back(services: Services, repo: RepoSettings, file: str) -> None:
    if (sha := _blob(services, repo, file)) is not None:
        where = f"{path(repo.name)}/contents/{quote(file)}"
        services.github.rest("DELETE", where, body={"message": "Take back the canary of Agent OS", "sha": sha})


def _blob(services: Services, repo: RepoSettings, file: str) -> str | None:
    """The blob of a file on the default branch, None where there is none."""
    try:
        reply = services.github.rest("GET", f"{path(repo.name)}/contents/{quote(file)}")
    except NotFound:
        return None
    return object_of(reply.data, file).text("sha")


def _unlabel(services: Services, repo: RepoSettings, number: int) -> None:
    for label in sorted(issues.read(services.github, repo.name, number).labels & {*desk.OURS, filing.LABEL}):
        issues.remove_label(services.github, repo.name, number, label)


def _off_board(services: Services, repo: RepoSettings, number: int) -> None:
    project = services.settings.project(repo.project)
    if project.number is None:
        return
    board = projects.read(services.github, project.owner, project.number)
    issue = issues.read(services.github, RepoName(repo.name), number)
    projects.drop_issue(services.github, board, issue.node_id)
