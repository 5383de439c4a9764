"""A tested merge train lands: its members merged in order, each only onto the commit it was tested on, and compared."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.git import Repository
from orchestrator.github import merging as merging_rules
from orchestrator.github import pulls
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import Mergeable, Pull
from orchestrator.model.settings import RepoSettings
from orchestrator.model.steps import Merge, Rework
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.train import Member, Train
from orchestrator.pipeline import deciding, effect, finish, landing, repairing
from orchestrator.pipeline.deciding import Lane
from orchestrator.pipeline.train_branch import Derailed, Later
from orchestrator.policy import merge as merging
from orchestrator.policy import train as policy
from orchestrator.services import Services


def land(services: Services, repo: RepoSettings, repository: Repository, train: Train) -> str:
    """What is green lands; then who made the next prefix red goes back to its author. In words what was done.

    Raises Later when something has to be looked at again, and Derailed; what had landed by then is written down.
    """
    while train.landed < train.good:
        tip = _land_one(services, repo, repository, train)
        train = replace(train, landed=train.landed + 1, tip=tip)
        services.trains.save(repo.key, replace(services.trains.of(repo.key), train=train))
    who = policy.culprit(train)
    if who is None:
        return f"landed {train.landed}"
    _send_back(services, repo, train, who)
    return f"landed {train.landed}; #{who.number} breaks what comes before it"


def _land_one(services: Services, repo: RepoSettings, repository: Repository, train: Train) -> Sha:
    """The commit that the next member landed as, compared."""
    member = train.members[train.landed]
    entry = services.mailbox.find(member.task)
    if entry is None:
        raise Derailed(f"{member.task} is gone")
    sha = entry.task.merge_sha
    if sha is None:
        pull = _read(services, repo, member)
        with services.mailbox.claim(member.task) as claim:
            if claim is None:
                raise Later(f"{member.task} is busy")
            if claim.folder is not Folder.REVIEW or claim.task.pushed_sha != member.head:
                raise Derailed(f"#{member.number} is worked on")
            sha = _merge(services, repo, repository, train, claim, pull)
    _compare(services, repository, train, entry.task, sha)
    return sha


def _read(services: Services, repo: RepoSettings, member: Member) -> Pull:
    """As it stands right before its merge. That it merges cleanly we know ourselves; GitHub is still computing it."""
    pull = pulls.watch(services.github, [(repo.name, member.number)]).get((repo.name, member.number))
    if pull is None:
        raise Later(f"#{member.number} cannot be seen")
    return replace(pull, mergeable=Mergeable.YES) if pull.mergeable is Mergeable.UNKNOWN else pull


def _merge(
    services: Services, repo: RepoSettings, repository: Repository, train: Train, claim: Claim, pull: Pull
) -> Sha:
    """Judged once more, then merged: only onto the very commit that the train's tests stood on."""
    if pull.merged and pull.merge_sha:  # by a person, or by us before we died
        finish.seen_merged(services, claim, pull)
        return pull.merge_sha
    repository.fetch(train.base)
    if repository.head(train.base) != train.tip:
        raise Derailed(f"{train.base} moved while it landed")
    step = deciding.decide(services, claim.task, pull, turn=True, lane=Lane.TRAIN)
    if not isinstance(step, Merge):
        raise Derailed(f"#{pull.number} is not to land any more: {step}")
    sha = landing.merge(services, claim, pull, step.sha)
    if sha is None:
        raise _refusal(services, repo, pull)
    return sha


def _refusal(services: Services, repo: RepoSettings, pull: Pull) -> Later | Derailed:
    """A refusal may be of the moment; where protection wants every branch up to date it will stay one."""
    if merging_rules.behind_by_rule(services.github, pull):
        return Derailed(policy.STRICT, single=policy.STRICT)
    subject = f"train:refused:{repo.key}"
    if services.signatures.seen(subject, pull.head_sha):
        return Derailed(f"GitHub refuses to merge #{pull.number}", apart=True)
    services.signatures.remember(subject, pull.head_sha)
    return Later(f"GitHub refused to merge #{pull.number}")


def _compare(services: Services, repository: Repository, train: Train, task: Task, sha: Sha) -> None:
    """What landed must be what was tested, on what it was tested on. A person's own merge in between ends the train
    quietly; ours means that the base branch holds what nobody tested."""
    member = train.members[train.landed]
    repository.fetch(train.base)
    actual, onto = repository.tree_of(sha), repository.parent(sha)
    if actual == member.tree and onto == train.tip:
        return
    if services.effects.of(task.id).state(f"merge:{member.head}") is None:
        raise Derailed(f"{train.base} moved while it landed")
    effect.record(
        services, task, EventKind.MERGE_TREE_DIFFERS, f"train:{sha}", sha=sha, expected=member.tree, actual=actual or ""
    )
    text = f"The merge {sha[:12]} does not hold the tree that was tested."
    notify.tell(services, AlertKind.SYSTEM, task, f"tree:{sha}", text, action="look at the base branch now")
    raise Derailed(text, apart=True)


def _send_back(services: Services, repo: RepoSettings, train: Train, member: Member) -> None:
    """The culprit's author repairs it on top of what landed before it, with the train's own failures."""
    with services.mailbox.claim(member.task) as claim:
        if claim is None:
            raise Later(f"{member.task} is busy")
        task = claim.task
        if claim.folder is not Folder.REVIEW or task.pushed_sha != member.head or task.phase is not Phase.PUBLISHED:
            return
        failed = repairing.in_words(services, repo.name, member.commit, train.failed)
        names = ", ".join(c.name for c in failed)
        why = f"checks fail on top of what lands before it, though not alone: {names}"
        repairing.rework(services, claim, merging.repair(task, repo, Rework(why=why, failed=failed, conflict=True)))
