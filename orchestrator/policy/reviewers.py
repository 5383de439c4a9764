"""Who reviews a change: never the run that made it, another program before the same one, the author's own last.

Every agent that ever worked on the task is an author: its commits may stand in the head. An author's program reviews
only where no other can, in a fresh run with another role, and the verdict says so. Others that are free again soon are
waited for instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.model.settings import OnQuota, RepoSettings
from orchestrator.model.task import AttemptKind, Task
from orchestrator.model.times import parse
from orchestrator.policy import route

NEEDS = frozenset({"json_ask"})
"""Without it an agent cannot be asked a question."""
PATIENCE = timedelta(hours=6)
"""So long another agent is waited for before an author's own program reviews."""


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    agent: str
    same_agent: bool
    """It is an author's own program: no other could be asked."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """Whoever could review is held up until then."""

    until: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Nobody:
    why: str


def authors(task: Task) -> frozenset[str]:
    """Whoever may have put something into the head, the runs before a person's retry included."""
    return frozenset(a.agent for a in task.attempts if a.spent or a.files_changed)


def order(task: Task, repo: RepoSettings, adapters: Mapping[str, str]) -> tuple[str, ...]:
    """Whom to ask, first to last. `adapters`: agent to its program; another program goes before the author's."""
    made = authors(task)
    programs = {adapters.get(name, name) for name in made}
    if repo.review.agents:
        others = [name for name in repo.review.agents if name not in made]
    else:
        # Who works here on other types reviews this one before its author's program does.
        there = dict.fromkeys([*repo.chain(task.type), *(name for _, chain in repo.chains for name in chain)])
        others = [name for name in there if name not in made]
        others.sort(key=lambda name: adapters.get(name, name) in programs)  # stable: the operator's order inside
    last = [a.agent for a in reversed(task.attempts) if a.agent in made]
    return tuple(dict.fromkeys([*others, *last]))


def choose(
    task: Task,
    repo: RepoSettings,
    names: tuple[str, ...],
    health: Mapping[str, route.Health],
    now: datetime,
    resting: Mapping[str, str] | None = None,
) -> Reviewer | Later | Nobody:
    """The first of `names` that can be asked now. `resting`: those that failed in this review, with the time at which
    each may be asked again (empty: not in this review)."""
    made = authors(task)
    states = {name: _state(name, task, repo, health, now, resting or {}) for name in names}
    others = [n for n in names if n not in made]
    own = [n for n in names if n in made]
    for group in (others, own):
        if free := next((n for n in group if isinstance(states[n], route.Route)), ""):
            return Reviewer(agent=free, same_agent=free in made)
        waits = [s.until for n in group if isinstance(s := states[n], route.NoRoute) and s.until]
        if group is others and waits and parse(first := min(waits, key=parse)) <= now + PATIENCE:
            return Later(until=first, why=_words(states))
    held = [s.until for s in states.values() if isinstance(s, route.NoRoute) and s.until]
    if held:
        return Later(until=min(held, key=parse), why=_words(states))
    return Nobody(why=_words(states) or f"no agent is configured for {task.type.value}")


def _state(
    name: str,
    task: Task,
    repo: RepoSettings,
    health: Mapping[str, route.Health],
    now: datetime,
    resting: Mapping[str, str],
) -> route.Route | route.NoRoute:
    """What `route` says of this one alone, its part in the task's own runs left aside."""
    if name in resting:
        until = resting[name]
        return route.NoRoute(
            why=f"{name}: failed in this review" + (f", rests until {until}" if until else ""), until=until
        )
    bare = replace(task, agent="auto", next_agent="", next_kind=AttemptKind.REVIEW, attempts=(), counted_from=0)
    alone = replace(repo, chains=((task.type, (name,)),), on_quota=OnQuota.FALLBACK)
    return route.choose(bare, alone, health, now, needs=NEEDS)


def _words(states: Mapping[str, route.Route | route.NoRoute]) -> str:
    return "; ".join(s.why for s in states.values() if isinstance(s, route.NoRoute))
