"""The engineers for a page: how they did lately, what they cost, what keeps one from being chosen, and the queue."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.settings import AgentSettings
from orchestrator.model.task import Folder, Task
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import funds
from orchestrator.policy import health
from orchestrator.policy.health import Run
from orchestrator.services import Services


@dataclass(frozen=True, kw_only=True)
class AgentLine:
    name: str
    adapter: str
    model: str
    runs: int
    """Of the last seven days, at most some 350 of all agents together; those that say something of it."""
    wins: int
    lately: str
    """Success with its uncertainty, newer runs more than older ones, in words."""
    usd_today: float
    usd_month: float
    tokens_month: int
    budget: str
    """Its own ceilings, in words; empty: none."""
    working: tuple[str, ...]
    """Tasks that it works on now."""
    state: str
    """`ready`, or what keeps it from being chosen."""
    until: str
    """When that ends; UTC. Empty: a person ends it, or nothing keeps it."""
    last: str
    """When its newest run ended."""


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    repo: str
    waiting: int
    running: int
    served: str
    """When a task of it was last claimed."""


@dataclass(frozen=True, kw_only=True)
class AgentsPage:
    agents: tuple[AgentLine, ...]
    queue: tuple[QueueLine, ...]
    workers: int
    """Places for tasks at the same time."""
    over: tuple[str, ...]
    """Ceilings that are reached now."""


def page(services: Services) -> AgentsPage:
    """Raises CorruptState."""
    running = [entry.task for entry in services.mailbox.list(Folder.PROCESSING)]
    runs = services.recent.runs(services.now())
    return AgentsPage(
        agents=tuple(_agent(services, a, runs.get(a.name, ()), running) for a in services.settings.agents),
        queue=_queue(services, running),
        workers=services.settings.max_parallel_workers,
        over=tuple(over.words for over in funds.standing_now(services)),
    )


def _agent(services: Services, agent: AgentSettings, runs: tuple[Run, ...], running: list[Task]) -> AgentLine:
    told = [won for run in runs if (won := health.success(run)) is not None]
    month = services.spend.agent(agent.name, month=True)
    state, until = _state(services, agent, runs)
    return AgentLine(
        name=agent.name,
        adapter=agent.adapter,
        model=agent.model,
        runs=len(told),
        wins=sum(told),
        lately=health.record(runs, services.now()).words,
        usd_today=services.spend.agent(agent.name)[0],
        usd_month=month[0],
        tokens_month=month[1],
        budget=_budget(agent),
        working=tuple(t.id for t in running if t.attempts and t.attempts[-1].agent == agent.name),
        state=state,
        until=until,
        last=stamp(max(run.at for run in runs)) if runs else "",
    )


def _state(services: Services, agent: AgentSettings, runs: tuple[Run, ...]) -> tuple[str, str]:
    """The first thing that keeps it from being chosen, and when that ends."""
    if agent.paused:
        return "paused in config.yaml", ""
    until = services.cooldowns.until(agent.name)
    if until and parse(until) > services.now():
        return "cools down after its provider refused", until
    found = health.breaker(runs, services.now())
    if found.open_until is not None:
        return "left alone after five failures of its own in an hour", stamp(found.open_until)
    first = next(iter(services.settings.repos), None)
    over = funds.agent(services, first, agent) if first else None
    if over is not None:
        return over.words, over.until
    return ("one probe decides whether it is back" if found.half else "ready"), ""


def _budget(agent: AgentSettings) -> str:
    own = agent.budget
    said = [f"${own.day_usd:g} a day"] * bool(own.day_usd) + [f"${own.month_usd:g} a month"] * bool(own.month_usd)
    said += [f"{own.day_tokens:,} tokens a day"] * bool(own.day_tokens)
    said += [f"{own.month_tokens:,} tokens a month"] * bool(own.month_tokens)
    said += [f"{own.window_tokens:,} tokens in {own.window_hours:g} h"] * bool(own.window_tokens)
    return ", ".join(said)


def _queue(services: Services, running: list[Task]) -> tuple[QueueLine, ...]:
    waiting = [entry.task.repo.casefold() for entry in services.mailbox.list(Folder.INBOX)]
    busy = [task.repo.casefold() for task in running]
    served = services.served.all()
    return tuple(
        QueueLine(
            repo=repo.name,
            waiting=waiting.count(repo.name.casefold()),
            running=busy.count(repo.name.casefold()),
            served=served.get(repo.name.casefold(), ""),
        )
        for repo in services.settings.repos
    )
