"""Which agent runs next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.settings import OnQuota, RepoSettings
from orchestrator.model.task import AttemptKind, Task
from orchestrator.model.times import parse, stamp


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is known of one agent now."""

    unfit: str = ""
    """Why its preflight failed; empty = fit."""
    cooling_until: str = ""
    """After quota: not before this time. Empty = now."""


@dataclass(frozen=True, kw_only=True)
class Route:
    agent: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoRoute:
    """Nobody can run. `until` is set when somebody will be able to."""

    why: str
    until: str = ""


def chain(task: Task, repo: RepoSettings) -> tuple[str, ...]:
    """The preferred agent first, then the chain of the task's type without it."""
    rest = repo.chain(task.type)
    if task.agent not in ("", "auto"):
        return (task.agent, *(a for a in rest if a != task.agent))
    return rest


def choose(task: Task, repo: RepoSettings, health: Mapping[str, Health], now: datetime) -> Route | NoRoute:
    """The next run's agent.

    An agent named by a decision (correction, reroute) goes first. Then the chain in order, without those that were
    charged an attempt since the last reset: the same agent never gets the same work twice unless it is named. Repairs
    go to their author first, whoever was charged before.
    """
    names = chain(task, repo)
    reasons: list[str] = []
    if task.next_agent:
        names = (task.next_agent, *(n for n in names if n != task.next_agent))
    used = _used(task) - {task.next_agent} if task.next_kind is AttemptKind.ATTEMPT else set[str]()
    waits: list[str] = []
    for name in names:
        state = health.get(name, Health(unfit="is not configured"))
        if name in used:
            reasons.append(f"{name}: had its attempt")
        elif state.unfit:
            reasons.append(f"{name}: {state.unfit}")
        elif state.cooling_until and parse(state.cooling_until) > now:
            reasons.append(f"{name}: cools down until {state.cooling_until}")
            waits.append(state.cooling_until)
            if repo.on_quota is OnQuota.WAIT:
                break
        else:
            return Route(agent=name, reasons=(*reasons, f"{name}: chosen"))
    if not names:
        reasons.append(f"no agent is configured for {task.type.value}")
    return NoRoute(why="; ".join(reasons), until=min(waits, key=parse, default=""))


def left(task: Task, repo: RepoSettings, health: Mapping[str, Health]) -> tuple[str, ...]:
    """Fit agents that have not had their attempt yet, cooling ones included."""
    used = _used(task)
    return tuple(n for n in chain(task, repo) if n not in used and not health.get(n, Health(unfit="unknown")).unfit)


def cool_until(reset_at: str, now: datetime, minutes: float) -> str:
    """The provider's own reset time if it told one, else a fixed time from now."""
    from datetime import timedelta

    return reset_at or stamp(now + timedelta(minutes=minutes))


def _used(task: Task) -> set[str]:
    return {a.agent for a in task.counted if a.kind is AttemptKind.ATTEMPT and a.spent and a.ended}
