"""What becomes of an open pull request: every fact gathered, then one decision of `policy.merge`."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from orchestrator.github import checks, pulls
from orchestrator.github.errors import NotFound
from orchestrator.model.pull import Pull
from orchestrator.model.steps import Enqueue, Merge, PullStep, Update, Wait
from orchestrator.model.task import Task
from orchestrator.pipeline import approving, following, queueing, rejudging, trusting, wishes
from orchestrator.policy import merge as policy
from orchestrator.policy import required
from orchestrator.services import Services


class Lane(Enum):
    """How the base branch is reached just now."""

    SINGLE = "single"
    """One by one."""
    HELD = "held"
    """A merge train is under way, so nothing else lands or is brought up to date."""
    TRAIN = "train"
    """As a member of the train, whose own tests stand for being up to date."""


HELD = "a merge train is under way"


def decide(services: Services, task: Task, pull: Pull, turn: bool, lane: Lane = Lane.SINGLE) -> PullStep:
    facts = policy.Facts(
        task=task,
        repo=services.repo(task),
        pull=pull,
        turn=turn,
        loopback=services.settings.github.loopback,
        approval=approving.standing(services, task, pull),
        requests=wishes.fresh(services, task, pull),
        published=task.pushed_at,
        now=services.now(),
    )
    step = policy.decide(facts)
    if pull.head_sha != task.pushed_sha and following.lags(services, task, pull):
        return Wait(why="GitHub does not show our last push yet")
    if lane is Lane.HELD and isinstance(step, Merge | Update):
        return Wait(why=HELD)
    # What costs a request is asked only of what would land now: the text, and whether the base moved on.
    if isinstance(step, Merge | Update) and (untrusted := trusting.before_merge(services, task)):
        return policy.decide(replace(facts, untrusted=untrusted))
    if isinstance(step, Merge) and (unmet := _unmet(services, pull)):
        return Wait(why=unmet)
    if isinstance(step, Merge) and lane is not Lane.TRAIN and queueing.has(services, task, pull):
        found = queueing.step(services, task, pull, step)
        # The queue brings the base in where we do not see it: what would be another change there is judged anew first.
        return Update() if isinstance(found, Enqueue) and not rejudging.same_on_tip(services, task) else found
    if isinstance(step, Merge) and lane is not Lane.TRAIN and pulls.behind(services.github, pull):
        step = policy.decide(replace(facts, pull=replace(pull, behind=True)))
    return step


def _unmet(services: Services, pull: Pull) -> str:
    """What protection asks for and is not there; empty when all is. One request, 304 when nothing changed."""
    try:
        wanted = checks.required(services.github, pull.repo, pull.base_ref)
    except NotFound:
        return f"{pull.base_ref} cannot be seen"
    left = required.lacking(wanted, pull.checks)
    return f"required checks are not green by their own app: {', '.join(left)}" if left else ""
