"""Open pull requests are walked to their end; then what was merged is remembered."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from orchestrator import notify
from orchestrator.github import pulls
from orchestrator.mailbox.box import Claim, Entry
from orchestrator.model.alert import AlertKind
from orchestrator.model.names import RepoName
from orchestrator.model.pull import Pull
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.pipeline import anchoring, finish, fold, landed, shepherd
from orchestrator.policy import merge
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "*/5 * * * *"

STOPPED = (Folder.BLOCKED, Folder.ESCALATED)


def watched(services: Services) -> list[Path]:
    folders = [services.mailbox.root / f.value for f in (Folder.REVIEW, *STOPPED)]
    return [*folders, *(services.memory.root / r.key for r in services.settings.repos)]


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """One batched question about all open pull requests of ours, then one step for each."""
    entries = list(services.mailbox.list(Folder.REVIEW))
    stopped = [
        e
        for f in STOPPED
        for e in services.mailbox.list(f)
        if e.task.pull_request and services.settings.repo(e.task.repo) is not None
    ]
    did: list[str] = []
    if dry_run:
        return Ticked(did=tuple(f"{e.id}: pull request #{e.task.pull_request}" for e in entries))
    entries = [e for e in entries if _managed(services, e.task)]
    if entries or stopped:
        with fence(services, None, "reading pull requests"):
            seen = _watch(services, [*entries, *stopped])
            did += _stopped(services, stopped, seen)
            for name, group in groupby(sorted(entries, key=_key), key=lambda e: e.task.repo):
                did += _repo(services, name, list(group), seen)
    watching = True
    with fence(services, None, "what landed"):
        watching = landed.watch(services)
    waiting = _fold(services)
    with fence(services, None, "telling the ledger's head"):
        if anchoring.tick(services):
            did.append("the ledger's head was told")
    return Ticked(did=tuple(did), settled=not (entries or stopped or waiting or watching))


def _managed(services: Services, task: Task) -> bool:
    """A task of a repository that was taken out of the configuration is left to a person, who is told once."""
    if services.settings.repo(task.repo) is not None:
        return True
    why = f"{task.repo} is not in the configuration any more; pull request #{task.pull_request} is left as it is."
    notify.tell(services, AlertKind.MANUAL_ACTION, task, f"unmanaged:{task.pull_request}", why, action="see to it")
    return False


def _repo(
    services: Services, name: RepoName, entries: list[Entry], seen: dict[tuple[RepoName, int], Pull]
) -> list[str]:
    """All of one repository, oldest pull request first; after a merge the rest is read anew, since their base moved."""
    did: list[str] = []
    left = standing = entries
    while left:
        # Who was looked at and still stands keeps its turn: only one at a time is brought up to date and checked anew.
        ours = [(e.task, p) for e in standing if (p := _pull(e.task, seen))]
        turn = merge.in_turn([p for t, p in ours if p.head_sha == t.pushed_sha])
        entry, left = left[0], left[1:]
        pull = _pull(entry.task, seen)
        moved = False
        with fence(services, entry.task, "pull request"), services.mailbox.claim(entry.id) as claim:
            if claim is not None and claim.folder is Folder.REVIEW and (pull or claim.task.phase is Phase.MERGED):
                moved = _look(services, claim, pull, turn)
                did.append(f"{entry.id}: looked at #{claim.task.pull_request}")
        if services.mailbox.where(entry.id) is not Folder.REVIEW:
            standing = [e for e in standing if e is not entry]
        if moved and left:
            with fence(services, None, f"reading {name} again", repo=name) as failed:
                seen = {**seen, **_watch(services, left)}
            if failed:  # what was read before the merge is no longer true of the others
                return did
    return did


def _look(services: Services, claim: Claim, pull: Pull | None, turn: int | None) -> bool:
    if pull is None:
        finish.finish(services, claim)
        return False
    return shepherd.look(services, claim, pull, turn=turn == pull.number)


def _stopped(services: Services, entries: list[Entry], seen: dict[tuple[RepoName, int], Pull]) -> list[str]:
    """A person may merge the pull request of a blocked or escalated task: then only our books are behind."""
    did: list[str] = []
    for entry in entries:
        pull = _pull(entry.task, seen)
        if pull is None or not pull.merged:
            continue
        with fence(services, entry.task, "books"), services.mailbox.claim(entry.id) as claim:
            if claim is not None and claim.folder in STOPPED:
                finish.seen_merged(services, claim, pull)
                did.append(f"{entry.id}: was merged by a person")
    return did


def _watch(services: Services, entries: list[Entry]) -> dict[tuple[RepoName, int], Pull]:
    wanted = [(e.task.repo, e.task.pull_request) for e in entries if e.task.pull_request is not None]
    return pulls.watch(services.github, wanted)


def _pull(task: Task, seen: dict[tuple[RepoName, int], Pull]) -> Pull | None:
    return seen.get((task.repo, task.pull_request)) if task.pull_request else None


def _key(entry: Entry) -> tuple[str, int]:
    return entry.task.repo, entry.task.pull_request or 0


def _fold(services: Services) -> bool:
    """True when there was, or still is, something to remember."""
    waiting = []
    for repo in services.settings.repos:
        with fence(services, None, "reading memory", repo=repo.name):
            waiting += [repo] if services.memory.pending(repo.key) else []
    in_review = [e.task.repo for e in services.mailbox.list(Folder.REVIEW)] if waiting else []
    for repo in waiting:
        with fence(services, None, "folding memory", repo=repo.name):
            fold.fold(services, repo, open_pulls=sum(1 for r in in_review if r == repo.name))
    return bool(waiting)
