"""What may still be spent. Days, months and windows are UTC; a ceiling of 0 is none (DECISIONS D14).

Money that nobody told counts as nothing, its tokens count: so a subscription and a model without a price are held by
tokens. What has reached its ceiling starts nothing new; what runs is stopped once it has passed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from orchestrator.model.planning import Budget
from orchestrator.model.result import Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.task import Task
from orchestrator.model.times import stamp


class Scope(Enum):
    """Whose ceiling it is, and over which time."""

    RUN = "run"
    TASK = "task"
    REPO_DAY = "repository day"
    REPO_MONTH = "repository month"
    AGENT_DAY = "agent day"
    AGENT_MONTH = "agent month"
    AGENT_WINDOW = "subscription window"


@dataclass(frozen=True, kw_only=True)
class Spent:
    usd: float = 0.0
    tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(usd=self.usd + other.usd, tokens=self.tokens + other.tokens)


@dataclass(frozen=True, kw_only=True)
class Over:
    """One ceiling that was reached."""

    scope: Scope
    subject: str
    """The repository, agent or task whose ceiling it is."""
    spent: str
    """In words, with its unit."""
    cap: str
    until: str = ""
    """When there is room again by itself, UTC; empty: never."""

    @property
    def words(self) -> str:
        back = f", until {self.until}" if self.until else ""
        return f"budget: {self.subject} spent {self.spent} of {self.cap} ({self.scope.value}){back}"


def used(usage: Usage) -> Spent:
    """What one run's usage comes to."""
    tokens = usage.input_tokens + usage.cached_tokens + usage.output_tokens
    return Spent(usd=usage.cost_usd or 0.0, tokens=tokens)


def repo_over(
    budget: Budget, name: str, day: Spent, month: Spent, now: datetime, *, passed: bool = False
) -> Over | None:
    """The repository's ceiling that is reached (or, for what runs already, passed)."""
    return _reached(Scope.REPO_MONTH, name, month, budget.month_usd, budget.month_tokens, next_month(now), passed) or (
        _reached(Scope.REPO_DAY, name, day, budget.day_usd, budget.day_tokens, next_day(now), passed)
    )


def agent_over(
    agent: AgentSettings,
    budget: Budget,
    day: Spent,
    month: Spent,
    window: Spent,
    now: datetime,
    *,
    window_until: str = "",
    passed: bool = False,
) -> Over | None:
    """The agent's own ceiling. `window`: its tokens in the last `window_hours`; `window_until`: when they lessen."""
    own = agent.budget
    share = int(own.window_tokens * budget.subscription_share)
    if own.window_tokens and not share:
        share = 1  # a share of nothing is not "no ceiling"
    return (
        _reached(Scope.AGENT_MONTH, agent.name, month, own.month_usd, own.month_tokens, next_month(now), passed)
        or _reached(Scope.AGENT_DAY, agent.name, day, own.day_usd, own.day_tokens, next_day(now), passed)
        or _reached(Scope.AGENT_WINDOW, agent.name, window, 0, share, window_until or _hour(now), passed)
    )


def run_over(budget: Budget, agent: str, run: Spent) -> Over | None:
    """One run has passed its ceiling."""
    return _reached(Scope.RUN, agent, run, budget.run_usd, budget.run_tokens, "", True)


def task_over(budget: Budget, task: Task, spent: Spent, *, passed: bool = False) -> Over | None:
    """The task's ceiling; its file may set its own (`budget: {usd: 2, tokens: 100000}`)."""
    own = task.budget or {}
    usd, tokens = own.get("usd", budget.task_usd), int(own.get("tokens", budget.task_tokens))
    return _reached(Scope.TASK, task.id, spent, usd, tokens, "", passed)


def next_day(now: datetime) -> str:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return stamp(today + timedelta(days=1))


def next_month(now: datetime) -> str:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return stamp((first + timedelta(days=32)).replace(day=1))


def _hour(now: datetime) -> str:
    return stamp(now + timedelta(hours=1))


def _reached(
    scope: Scope, subject: str, spent: Spent, usd: float, tokens: int, until: str, passed: bool
) -> Over | None:
    if usd and (spent.usd > usd if passed else spent.usd >= usd):
        return Over(scope=scope, subject=subject, spent=money(spent.usd), cap=money(usd), until=until)
    if tokens and (spent.tokens > tokens if passed else spent.tokens >= tokens):
        return Over(scope=scope, subject=subject, spent=count(spent.tokens), cap=count(tokens), until=until)
    return None


def money(usd: float) -> str:
    """For people: cents, and more digits where cents would say nothing."""
    return f"{usd:.2f} USD" if usd >= 0.01 or not usd else f"{usd:.4f} USD"


def count(tokens: int) -> str:
    return f"{tokens:,} tokens"
