"""What becomes of a merge train: its checks in, one step out. Bisection over prefixes when it is red."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.model.pull import CheckRun, CheckState, Pull
from orchestrator.model.settings import Checks, RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse
from orchestrator.model.train import Member, Stage, Train
from orchestrator.policy.merge import as_data, failed, theirs

SINGLE_FOR = timedelta(days=1)
"""How long a branch that can hold no train is not asked again."""
NO_CI = "its checks do not run on a draft"
STRICT = "its protection wants every branch up to date"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Its checks are not there yet, or still run."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Test:
    """Put this many members under test."""

    __test__ = False  # no test class, whatever its name

    members: int


@dataclass(frozen=True, kw_only=True)
class Land:
    """Everything that can be known is known: the green prefix lands, who broke the next one goes back."""


@dataclass(frozen=True, kw_only=True)
class End:
    """Close the draft, delete the branch."""

    why: str
    apart: bool = False
    """Its heads are not put on a train again."""
    single: str = ""
    """Why this base branch takes no train for a while."""


Step = Hold | Test | Land | End


def wanted(repo: RepoSettings) -> bool:
    """Whether trains are made for a repository at all: only its CI can test one."""
    return repo.merge and repo.merge_batch > 1 and repo.checks is not Checks.NONE


def ran(checks: Sequence[CheckRun]) -> tuple[str, ...]:
    """Names of the checks that did their work and were green; a skipped one proves nothing."""
    return tuple(
        dict.fromkeys(c.name for c in theirs(checks) if c.state is CheckState.GREEN and c.conclusion == "success")
    )


def fits(task: Task, pull: Pull, apart: Sequence[str]) -> bool:
    """Of what may land: whether it can be tested together with others."""
    return pull.head_sha == task.pushed_sha and pull.head_sha not in apart and bool(ran(pull.checks))


def single(marks: Sequence[tuple[str, str, str]], base: str, now: datetime) -> str:
    """Why this base branch takes no train now; empty when it does."""
    return next((why for b, why, at in marks if b == base and timedelta(0) <= now - parse(at) < SINGLE_FOR), "")


def decide(train: Train, draft: Pull, *, now: datetime, grace: timedelta, lag: timedelta) -> Step:
    """The next step of a train under test. `draft`: its pull request as just read."""
    if draft.merged:
        return End(why="a person merged the train itself", apart=True)
    if not draft.open:
        return End(why=f"{draft.closed_by or 'a person'} closed the train", apart=True)
    waited = now - parse(train.pushed_at)
    if draft.head_sha != train.head:
        # GitHub may still show the prefix before; a head that is none of ours is somebody's.
        ours = draft.head_sha in {m.commit for m in train.members}
        if ours and waited < lag:
            return Hold(why="GitHub does not show our last push yet")
        return End(why="somebody pushed to the train's branch", apart=True)
    if any(c.state is CheckState.PENDING for c in theirs(draft.checks)):
        return Hold(why="checks are running")
    if failed(draft.checks):
        return _next(replace(train, bad=train.at))
    if left := missing(train, draft.checks):
        if waited < grace:
            return Hold(why="checks have not appeared yet: " + ", ".join(left))
        return End(why=f"{NO_CI}: {', '.join(left)}", single=NO_CI)
    return _next(replace(train, good=train.at))


def missing(train: Train, checks: Sequence[CheckRun]) -> tuple[str, ...]:
    """Checks that ran for a member by itself and did not do their work here: without them green means nothing."""
    there = set(ran(checks))
    asked = dict.fromkeys(name for m in train.members[: train.at] for name in m.checks)
    return tuple(name for name in asked if name not in there)


def seen(train: Train, draft: Pull) -> Train:
    """The train with what its present head's checks say, once they are all there."""
    runs = train.runs + 1
    if red := failed(draft.checks):
        return replace(train, bad=train.at, failed=as_data(red, train.head), runs=runs)
    return replace(train, good=train.at, runs=runs)


def _next(train: Train) -> Test | Land:
    """Halves what is between the longest green and the shortest red prefix: at most ceil(log2 n) more tests."""
    if not train.bad or train.bad - train.good == 1:
        return Land()
    return Test(members=(train.good + train.bad) // 2)


def culprit(train: Train) -> Member | None:
    """Who made the shortest red prefix red; None while everything was green, or while it is still being looked for."""
    return train.members[train.bad - 1] if train.bad and train.bad - train.good == 1 else None


def to(train: Train, members: int) -> Train:
    """That many of its members under test from now on; their push is still to come."""
    return replace(train, at=members, pushed_at="")


def ending(train: Train, why: str) -> Train:
    return replace(train, stage=Stage.ENDING, why=why)
