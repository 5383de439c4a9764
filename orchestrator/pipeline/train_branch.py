"""What a merge train has outside: one branch of ours and one draft pull request, so that CI tests its members together.

The draft is never merged. Every step finds what an earlier try did: the branch is moved by a lease on a commit that we
know as ours, the draft is found by its branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.git import Conflict, Pushed, Repository
from orchestrator.github import pulls
from orchestrator.github.errors import Invalid
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public, Sha, TaskId
from orchestrator.model.pull import Pull
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.model.train import Member, Train
from orchestrator.pipeline import rejudging
from orchestrator.policy import ci_words
from orchestrator.policy import train as policy
from orchestrator.services import Services
from orchestrator.state.effects import Journal


class Derailed(Exception):
    """The train cannot go on as it was built. `apart`: nor could another one of the same heads."""

    def __init__(self, why: str, *, apart: bool = False, single: str = "") -> None:
        super().__init__(why)
        self.why, self.apart, self.single = why, apart, single


class Later(Exception):
    """Nothing is wrong; a later tick looks again."""


def branch(repo: RepoSettings) -> str:
    return f"agent/train-{repo.key}"


def id(repo: RepoSettings) -> TaskId:
    """Under this name the train's effects are journalled and its commits kept alive."""
    return TaskId(f"{repo.key}-train")


def couple(
    services: Services, repo: RepoSettings, repository: Repository, tip: Sha, ready: Sequence[tuple[Task, Pull]]
) -> Train | None:
    """A train on top of `tip`: each head squashed onto the one before, as it will land. None of fewer than two.

    Who conflicts with those before is left out, and so is who has nothing left to land, and whose change would be
    another one there than was judged and reviewed: it is brought up to date alone.
    """
    built = stamp(services.now())
    members: list[Member] = []
    last = tip
    for task, pull in ready:
        joined = repository.merge_tree(last, pull.head_sha)
        if isinstance(joined, Conflict) or joined.tree == repository.tree_of(last):
            continue
        message = services.redact(
            f"{services.redact.head(ci_words.title(task.title), 200)} (#{pull.number})\n\nTask: {task.id}"
        )
        onto, last = last, repository.commit(id(repo), joined.tree, (last,), message, parse(built))
        if not rejudging.same_change(services, task, last, onto):
            last = onto
            continue
        names = policy.ran(pull.checks)
        members.append(
            Member(task=task.id, number=pull.number, head=pull.head_sha, commit=last, tree=joined.tree, checks=names)
        )
        if len(members) == repo.merge_batch:
            break
    if len(members) < 2:
        return None
    return Train(base=ready[0][0].base, base_sha=tip, tip=tip, members=tuple(members), built=built, at=len(members))


def show(services: Services, repo: RepoSettings, repository: Repository, train: Train) -> Train:
    """The prefix under test on the branch, and the draft open. Raises Derailed, Unsettled."""
    journal = services.effects.of(id(repo))
    if not train.pushed_at:
        _push(services, repo, repository, train, journal)
        train = replace(train, pushed_at=stamp(services.now()))
    if train.pull is None:
        train = replace(train, pull=_open(services, repo, train, journal))
    return train


def _push(services: Services, repo: RepoSettings, repository: Repository, train: Train, journal: Journal) -> None:
    held = repository.remote_head(branch(repo))
    if held == train.head:
        return
    if held is not None and journal.state(f"push:{held}") is None:
        raise Derailed(f"{branch(repo)} holds {held[:12]}, which is not ours", apart=True)
    key = f"push:{train.head}"
    journal.intend(key, f"{train.at} of {len(train.members)} on {branch(repo)}")
    answer = repository.push(branch(repo), train.head, expect=held)
    if not isinstance(answer, Pushed):
        journal.failed(key, repr(answer)[:300])
        said = services.redact(repr(answer)[:300])
        raise Derailed(f"{branch(repo)} could not be pushed: {said}", apart=True)
    journal.done(key, {"sha": train.head})
    services.record(EventKind.EFFECT, repo=repo.name, effect=key, what=f"push {branch(repo)}")


def _open(services: Services, repo: RepoSettings, train: Train, journal: Journal) -> int:
    def look() -> dict[str, str] | None:
        found = [p for p in pulls.find(services.github, repo.name, branch(repo)) if p.base_ref == train.base]
        return {"number": str(found[0].number)} if found else None

    def act() -> dict[str, str]:
        title = services.redact("Merge train: " + " ".join(f"#{n}" for n in train.numbers))
        number = _draft(services, repo, train, title, services.redact(_text(repo, train))).number
        services.record(EventKind.PULL_OPENED, repo=repo.name, number=number, head=train.head)
        return {"number": str(number)}

    settle = services.settings.github.settle_seconds
    what = f"open the train's draft into {train.base}"
    key = f"open:{train.built}:{train.members[-1].commit}"
    return int(journal.once(key, what, look=look, act=act, settle_seconds=settle, now=services.now())["number"])


def _draft(services: Services, repo: RepoSettings, train: Train, title: Public, text: Public) -> Pull:
    """Private repositories of the free plan know no drafts: there it is a plain one."""
    try:
        return pulls.open(services.github, repo.name, branch(repo), train.base, title, text, draft=True)
    except Invalid as refused:
        if "draft" not in str(refused).lower():
            raise
        return pulls.open(services.github, repo.name, branch(repo), train.base, title, text)


def _text(repo: RepoSettings, train: Train) -> str:
    rows = "\n".join(f"- #{m.number} at {m.head}" for m in train.members)
    return (
        f"These pull requests are tested together on top of {train.base} at {train.base_sha}:\n\n{rows}\n\n"
        "Please do not merge this one. When its checks are green its members are merged one after the other, each as "
        "it was tested here, and this is closed. Close it to have them land one by one.\n\n"
        f"<!-- agent-os:key={id(repo)}/{train.built} -->"
    )


def close(services: Services, repo: RepoSettings, repository: Repository, train: Train) -> None:
    """The draft closed and the branch gone. Safe to repeat; what somebody else pushed there stays."""
    number = train.pull
    if number is None:  # a death between opening and writing it down
        found = pulls.find(services.github, repo.name, branch(repo))
        number = next((p.number for p in found if p.base_ref == train.base), None)
    if number is not None:
        seen = pulls.watch(services.github, [(repo.name, number)]).get((repo.name, number))
        if seen is not None and seen.open:
            pulls.close(services.github, repo.name, number)
    held = repository.remote_head(branch(repo))
    if held is not None and services.effects.of(id(repo)).state(f"push:{held}") is not None:
        repository.delete_branch(branch(repo), held)
