"""The merge train of one repository: built of what is ready, tested as one, landed in order (docs/governance.md).

Its state is written before each step, so a death at any of them is gone on from by the next tick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from orchestrator.git import Repository
from orchestrator.github import merging, pulls
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.pull import Pull
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.model.times import stamp
from orchestrator.model.train import Stage, Train
from orchestrator.pipeline import train_branch, train_landing
from orchestrator.pipeline.following import LAG
from orchestrator.pipeline.train_branch import Derailed, Later
from orchestrator.policy import train as policy
from orchestrator.services import Services

Seen = Mapping[tuple[RepoName, int], Pull]


def gather(services: Services, repo: RepoSettings, ready: Sequence[tuple[Task, Pull]]) -> bool:
    """Builds a train of what would land but for being behind, as just decided, oldest first. True when one is under way
    now; there is one at a time, also where there are several base branches."""
    return any(
        _gather(services, repo, base, [(t, p) for t, p in ready if t.base == base])
        for base in dict.fromkeys(t.base for t, _ in ready)
    )


def _gather(services: Services, repo: RepoSettings, base: str, ready: Sequence[tuple[Task, Pull]]) -> bool:
    track = services.trains.of(repo.key)
    fit = [(t, p) for t, p in ready if policy.fits(t, p, track.apart)]
    if len(fit) < 2 or policy.single(track.single, base, services.now()):
        return False
    if merging.behind_by_rule(services.github, fit[0][1]):
        _single(services, repo, base, policy.STRICT)
        return False
    repository = services.repository(repo)
    repository.fetch()
    tip = repository.head(base)
    if tip is None or not (train := train_branch.couple(services, repo, repository, tip, fit)):
        return False
    _save(services, repo, train)
    _tell(services, repo, train, "built", base_sha=tip, heads=[m.head for m in train.members])
    return drive(services, repo, {})


def drive(services: Services, repo: RepoSettings, seen: Seen) -> bool:
    """One step of the train under way, and as many more as need no waiting. False when there is none (any more).

    `seen`: pull requests as just read; a member that is not among them is looked at when it lands.
    """
    repository = services.repository(repo)
    try:
        while (train := services.trains.of(repo.key).train) is not None:
            try:
                _step(services, repo, repository, train, seen)
            except Derailed as off:
                _end(services, repo, off)
    except Later:
        return True
    return False


def _step(services: Services, repo: RepoSettings, repository: Repository, train: Train, seen: Seen) -> None:
    """Carries out what the present stage asks for and writes the next one down. Raises Later, Derailed."""
    match train.stage:
        case Stage.TESTING:
            _test(services, repo, repository, train, seen)
        case Stage.LANDING:
            why = train_landing.land(services, repo, repository, train)
            _end(services, repo, Derailed(why), step="landed")
        case Stage.ENDING:
            train_branch.close(services, repo, repository, train)
            _save(services, repo, None)


def _test(services: Services, repo: RepoSettings, repository: Repository, train: Train, seen: Seen) -> None:
    _still_ours(services, repo, train, seen)
    if not train.pushed_at or train.pull is None:
        _save(services, repo, train_branch.show(services, repo, repository, train))
        raise Later("its checks have just been started")
    repository.fetch(train.base)
    if repository.head(train.base) != train.base_sha:
        raise Derailed(f"{train.base} moved on")
    draft = pulls.watch(services.github, [(repo.name, train.pull)]).get((repo.name, train.pull))
    if draft is None:
        raise Later(f"#{train.pull} cannot be seen")
    grace = timedelta(minutes=repo.no_checks_grace_minutes)
    match policy.decide(train, draft, now=services.now(), grace=grace, lag=LAG):
        case policy.Hold(why=why):
            raise Later(why)
        case policy.Test(members=members):
            train = policy.seen(train, draft)
            _tell(services, repo, train, "split", next=members)
            _save(services, repo, policy.to(train, members))
        case policy.Land():
            train = policy.seen(train, draft)
            _tell(services, repo, train, "tested")
            _save(services, repo, replace(train, stage=Stage.LANDING))
        case policy.End(why=why, apart=apart, single=single):
            raise Derailed(why, apart=apart, single=single)


def _still_ours(services: Services, repo: RepoSettings, train: Train, seen: Seen) -> None:
    """Every member still stands at the head that is under test."""
    for member in train.members:
        if services.mailbox.where(member.task) is not Folder.REVIEW:
            raise Derailed(f"#{member.number} is not in review any more")
        pull = seen.get((repo.name, member.number))
        if pull and not (pull.open and pull.head_sha == member.head and pull.base_ref == train.base):
            raise Derailed(f"#{member.number} was moved or closed")


def _end(services: Services, repo: RepoSettings, off: Derailed, *, step: str = "gave up") -> None:
    """Written down first; the draft and the branch go in the next step."""
    track = services.trains.of(repo.key)
    train = track.train
    assert train is not None
    _tell(services, repo, train, step, why=off.why)
    left = [m.head for m in train.members[train.landed :]]
    track = replace(track, apart=(*track.apart, *left)) if off.apart else track
    services.trains.save(repo.key, replace(track, train=policy.ending(train, off.why)))
    if off.single:
        _single(services, repo, train.base, off.single)


def _single(services: Services, repo: RepoSettings, base: str, why: str) -> None:
    """From now on, for a while, everything into this branch lands one by one. Said once each time."""
    track = services.trains.of(repo.key)
    others = tuple(mark for mark in track.single if mark[0] != base)
    services.trains.save(repo.key, replace(track, single=(*others, (base, why, stamp(services.now())))))
    services.record(EventKind.TRAIN, repo=repo.name, step="one by one", base=base, why=why)


def _save(services: Services, repo: RepoSettings, train: Train | None) -> None:
    services.trains.save(repo.key, replace(services.trains.of(repo.key), train=train))


def _tell(services: Services, repo: RepoSettings, train: Train, step: str, **more: object) -> None:
    services.record(
        EventKind.TRAIN, repo=repo.name, step=step, base=train.base, members=list(train.numbers), under_test=train.at,
        green=train.good, red=train.bad, runs=train.runs, landed=train.landed, draft=train.pull or 0, **more,
    )  # fmt: skip
