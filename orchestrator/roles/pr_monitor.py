"""Open pull requests are walked to their end; then what was merged is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from orchestrator import notify
from orchestrator.github import pulls
from orchestrator.mailbox.box import Entry
from orchestrator.model.alert import AlertKind
from orchestrator.model.names import RepoName
from orchestrator.model.pull import Pull
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.operations import stuck
from orchestrator.pipeline import anchoring, finish, fold, landed, shepherd
from orchestrator.pipeline import train as merge_train
from orchestrator.pipeline.deciding import Lane
from orchestrator.pipeline.shepherd import Looked
from orchestrator.policy import merge
from orchestrator.policy import train as train_policy
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "*/5 * * * *"

STOPPED = (Folder.BLOCKED, Folder.ESCALATED)


def watched(services: Services) -> list[Path]:
    folders = [services.mailbox.root / f.value for f in (Folder.REVIEW, *STOPPED)]
    folders.append(services.trains.folder)
    return [*folders, *(services.memory.root / r.key for r in services.settings.repos)]


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """One batched question about all open pull requests of ours, then one step for each."""
    entries = [e for e in services.mailbox.list(Folder.REVIEW) if not _off(services, e.task)]
    stopped = [
        e
        for f in STOPPED
        for e in services.mailbox.list(f)
        if e.task.pull_request and services.settings.repo(e.task.repo) is not None and not _off(services, e.task)
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
    trains = _left_over(services, {e.task.repo for e in entries})
    watching = True
    with fence(services, None, "what landed"):
        for landing in services.landings.all():
            if services.stopped(services.settings.repo(landing.repo)):
                continue
            with fence(services, None, f"{landing.base} since #{landing.pull}", repo=landing.repo):
                landed.watch(services, landing)
        watching = bool(services.landings.all())
    waiting = _fold(services)
    with fence(services, None, "telling the ledger's head"):
        if anchoring.tick(services):
            did.append("the ledger's head was told")
    with fence(services, None, "what is stuck"):
        stuck.tell(services)
    return Ticked(did=tuple(did), settled=not (entries or stopped or waiting or watching or trains))


def _off(services: Services, task: Task) -> bool:
    """Switched off, or in observe: its pull requests stay as they are."""
    repo = services.settings.repo(task.repo)
    return repo is not None and bool(services.stopped(repo))


def _managed(services: Services, task: Task) -> bool:
    """A task of a repository that was taken out of the configuration is left to a person, who is told once."""
    if services.settings.repo(task.repo) is not None:
        return True
    why = f"{task.repo} is not in the configuration any more; pull request #{task.pull_request} is left as it is."
    notify.tell(services, AlertKind.MANUAL_ACTION, task, f"unmanaged:{task.pull_request}", why, action="see to it")
    return False


Seen = dict[tuple[RepoName, int], Pull]


def _repo(services: Services, name: RepoName, entries: list[Entry], seen: Seen) -> list[str]:
    """All of one repository, oldest pull request first, after the train that may be under way there."""
    repo = services.settings.repo(name)
    assert repo is not None, "only managed repositories are looked at"
    did: list[str] = []
    held: str | None = None
    with fence(services, None, "merge train", repo=name) as failed:
        if train := services.trains.of(repo.key).train:
            held = train.base if merge_train.drive(services, repo, seen) else None
            did.append(f"{repo.key}: merge train of " + ", ".join(f"#{n}" for n in train.numbers))
            entries = [e for e in services.mailbox.list(Folder.REVIEW) if e.task.repo == name]
            entries.sort(key=_key)
            seen = _watch(services, entries)
    walk = _Walk(services=services, name=name, held="*" if failed else held, seen=seen, standing=entries)
    # While a train may come of it, who is behind is put off until all have been looked at.
    gather = held is None and not failed and train_policy.wanted(repo)
    marks = services.trains.of(repo.key).single if gather else ()
    gather = gather and not all(train_policy.single(marks, e.task.base, services.now()) for e in entries)
    put_off = walk.along(entries, gather=gather)
    did += walk.did
    if len(put_off) > 1:
        with fence(services, None, "building a merge train", repo=name) as failed:
            ready = [(e.task, p) for e in put_off if (p := _pull(e.task, walk.seen))]
            if merge_train.gather(services, repo, ready):
                return [*did, f"{repo.key}: built a merge train"]
        if failed:
            return did
    walk.along(put_off, gather=False)
    return did


@dataclass
class _Walk:
    """One tick's way along the pull requests of one repository."""

    services: Services
    name: RepoName
    held: str | None
    """The base branch that a train has for itself; `*` = all."""
    seen: Seen
    standing: list[Entry]
    """Who was looked at and still stands keeps its turn: only one at a time is brought up to date and checked anew."""
    did: list[str] = field(default_factory=list)

    def along(self, entries: list[Entry], *, gather: bool) -> list[Entry]:
        """Each once; after a merge the rest is read anew, since their base moved. Who was put off."""
        put_off: list[Entry] = []
        left = entries
        while left:
            entry, left = left[0], left[1:]
            looked = self._one(entry, gather)
            if self.services.mailbox.where(entry.id) is not Folder.REVIEW:
                self.standing = [e for e in self.standing if e is not entry]
            if looked is Looked.PUT_OFF:
                put_off.append(entry)
            if looked is Looked.LEFT:  # what waits for its turn must not wait for what only a person moves
                self.standing = [e for e in self.standing if e is not entry]
            if looked is Looked.MOVED and left:
                with fence(self.services, None, f"reading {self.name} again", repo=self.name) as failed:
                    self.seen = {**self.seen, **_watch(self.services, left)}
                if failed:  # what was read before the merge is no longer true of the others
                    return []
        return put_off

    def _one(self, entry: Entry, gather: bool) -> Looked:
        pull = _pull(entry.task, self.seen)
        lane = Lane.HELD if self.held in ("*", entry.task.base) else Lane.SINGLE
        looked = Looked.SEEN
        with fence(self.services, entry.task, "pull request"), self.services.mailbox.claim(entry.id) as claim:
            if claim is None or claim.folder is not Folder.REVIEW:
                return looked
            if pull is None and claim.task.phase is not Phase.MERGED:
                return looked
            if pull is None:
                finish.finish(self.services, claim)
            else:
                turn = self._turn() == pull.number
                looked = shepherd.look(self.services, claim, pull, turn=turn, lane=lane, gather=gather)
            if looked is not Looked.PUT_OFF:
                self.did.append(f"{entry.id}: looked at #{claim.task.pull_request}")
        return looked

    def _turn(self) -> int | None:
        ours = [(e.task, p) for e in self.standing if (p := _pull(e.task, self.seen))]
        return merge.in_turn([p for t, p in ours if p.head_sha == t.pushed_sha])


def _left_over(services: Services, looked_at: set[RepoName]) -> bool:
    """Trains without members in review still have a draft and a branch to clear away. True while there is any train."""
    for repo in services.settings.repos:
        with fence(services, None, "merge train", repo=repo.name):
            if not services.stopped(repo) and repo.name not in looked_at and services.trains.of(repo.key).train:
                merge_train.drive(services, repo, {})
    return any(services.trains.underway(r.key) for r in services.settings.repos)


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
    for repo in (r for r in services.settings.repos if not services.stopped(r)):
        with fence(services, None, "reading memory", repo=repo.name):
            waiting += [repo] if services.memory.pending(repo.key) and not services.trains.underway(repo.key) else []
    in_review = [e.task.repo for e in services.mailbox.list(Folder.REVIEW)] if waiting else []
    for repo in waiting:
        with fence(services, None, "folding memory", repo=repo.name):
            fold.fold(services, repo, open_pulls=sum(1 for r in in_review if r == repo.name))
    return bool(waiting)
