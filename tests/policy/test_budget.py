"""What may still be spent, for whom and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.planning import Budget
from orchestrator.model.result import Usage
from orchestrator.model.settings import AgentBudget, AgentSettings
from orchestrator.policy import budget
from orchestrator.policy.budget import Over, Scope, Spent, agent_over, repo_over, run_over, task_over, used
from tests.policy.builders import NOW, task

NONE = Budget(
    run_usd=0, task_usd=0, day_usd=0, month_usd=0, run_tokens=0, task_tokens=0, day_tokens=0, month_tokens=0
)  # fmt: skip
LOTS = Spent(usd=1e6, tokens=10**12)


def of_repo(day: Spent, month: Spent, held: Budget | None = None, *, passed: bool = False) -> Over | None:
    return repo_over(held or Budget(), "acme/web", day, month, NOW, passed=passed)


def of_agent(own: AgentBudget, spent: Spent, **more: Any) -> Over | None:
    settings = AgentSettings(name="codex", adapter="codex", budget=own)
    return agent_over(settings, more.pop("held", Budget()), spent, spent, spent, NOW, **more)


def test_budgets_are_on_by_default() -> None:
    for over in (of_repo(LOTS, LOTS), run_over(Budget(), "codex", LOTS), task_over(Budget(), task(), LOTS)):
        assert over is not None


def test_a_ceiling_of_nothing_is_none() -> None:
    assert of_repo(LOTS, LOTS, NONE) is None
    assert run_over(NONE, "codex", LOTS) is None
    assert task_over(NONE, task(), LOTS) is None
    assert of_agent(AgentBudget(), LOTS) is None


def test_what_has_reached_its_ceiling_starts_nothing_and_what_runs_may_reach_it() -> None:
    at = Spent(usd=50.0)
    assert of_repo(at, at) is not None
    assert of_repo(at, at, passed=True) is None
    assert of_repo(Spent(usd=50.01), at, passed=True) is not None
    assert run_over(Budget(), "codex", Spent(usd=3.0)) is None
    assert run_over(Budget(), "codex", Spent(usd=3.01)) is not None


def test_money_that_nobody_told_is_held_by_its_tokens() -> None:
    spent = used(Usage(input_tokens=9_000_000, cached_tokens=900_000, output_tokens=200_000))
    assert (spent.usd, spent.tokens) == (0.0, 10_100_000)
    over = run_over(Budget(), "codex", spent)
    assert over is not None
    assert over.words == "budget: codex spent 10,100,000 tokens of 10,000,000 tokens (run)"


def test_a_day_comes_back_at_midnight_and_a_month_on_its_first() -> None:
    day, month = of_repo(Spent(usd=50), Spent(usd=50)), of_repo(Spent(usd=50), Spent(usd=500))
    assert day is not None
    assert month is not None
    assert (day.scope, day.until) == (Scope.REPO_DAY, "2026-11-22T00:00:00Z")
    assert (month.scope, month.until) == (Scope.REPO_MONTH, "2026-12-01T00:00:00Z"), "the longer one is told"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(-12, 14))
def test_the_next_day_and_month_are_always_ahead_and_utc(at: datetime, zone: int) -> None:
    now = at.replace(tzinfo=timezone(timedelta(hours=zone)))
    day, month = budget.next_day(now), budget.next_month(now)
    assert day.endswith("T00:00:00Z")
    assert month.endswith("-01T00:00:00Z")
    ahead = datetime.fromisoformat(day) - now.astimezone(UTC)
    assert timedelta(0) < ahead <= timedelta(days=1)
    assert timedelta(0) < datetime.fromisoformat(month) - now.astimezone(UTC) <= timedelta(days=31)


def test_a_task_may_set_its_own_ceiling() -> None:
    own = task(budget={"usd": 2.0, "tokens": 1000})
    assert task_over(Budget(), own, Spent(usd=1.9, tokens=10)) is None
    assert task_over(Budget(), own, Spent(usd=2.0)) is not None
    assert task_over(Budget(), own, Spent(tokens=1000)) is not None
    over = task_over(Budget(), own, Spent(usd=2.0))
    assert over is not None
    assert over.until == "", "nothing comes back by itself"


@pytest.mark.parametrize(
    ("own", "scope"),
    [
        (AgentBudget(day_usd=1), Scope.AGENT_DAY),
        (AgentBudget(month_usd=1), Scope.AGENT_MONTH),
        (AgentBudget(day_tokens=1), Scope.AGENT_DAY),
        (AgentBudget(month_tokens=1), Scope.AGENT_MONTH),
        (AgentBudget(window_tokens=4), Scope.AGENT_WINDOW),
    ],
)
def test_an_agent_has_ceilings_of_its_own(own: AgentBudget, scope: Scope) -> None:
    over = of_agent(own, Spent(usd=2, tokens=2))
    assert over is not None
    assert (over.scope, over.subject) == (scope, "codex")
    assert over.until > NOW.isoformat()[:19]


def test_of_a_subscriptions_window_the_configured_share_is_used() -> None:
    window = AgentBudget(window_tokens=1000)
    assert of_agent(window, Spent(tokens=499)) is None
    assert of_agent(window, Spent(tokens=500), window_until="2026-11-21T15:00:00Z") == Over(
        scope=Scope.AGENT_WINDOW, subject="codex", spent="500 tokens", cap="500 tokens", until="2026-11-21T15:00:00Z"
    )
    nothing = replace(Budget(), subscription_share=0.0)
    assert of_agent(window, Spent(tokens=1), held=nothing) is not None, "a share of nothing is not: no ceiling"


def test_sums_add_up_and_small_money_is_not_shown_as_none() -> None:
    assert Spent(usd=1, tokens=2) + Spent(usd=0.5, tokens=3) == Spent(usd=1.5, tokens=5)
    assert (budget.money(0), budget.money(0.0012), budget.money(1.2)) == ("0.00 USD", "0.0012 USD", "1.20 USD")


def test_a_window_nobody_knows_the_end_of_is_asked_again_in_an_hour() -> None:
    over = of_agent(AgentBudget(window_tokens=10), Spent(usd=99.0, tokens=5))
    assert over is not None
    assert (over.scope, over.until) == (Scope.AGENT_WINDOW, "2026-11-21T13:00:00Z")
    assert of_agent(AgentBudget(window_tokens=10), Spent(usd=99.0, tokens=4)) is None, "a window has no money"


def test_tokens_reach_and_pass_a_ceiling_as_money_does() -> None:
    held = replace(NONE, run_tokens=10, day_tokens=10)
    assert run_over(held, "codex", Spent(tokens=10)) is None
    assert run_over(held, "codex", Spent(tokens=11)) is not None
    assert of_repo(Spent(tokens=9), Spent(), held) is None
    assert of_repo(Spent(tokens=10), Spent(), held) is not None


def test_a_cent_is_shown_as_one() -> None:
    assert (budget.money(0.01), budget.money(0.0099)) == ("0.01 USD", "0.0099 USD")


def test_nothing_spent_is_nothing_and_what_starts_may_not_reach_its_ceiling() -> None:
    assert (Spent().usd, Spent().tokens) == (0.0, 0)
    assert repo_over(Budget(), "acme/web", Spent(usd=50.0), Spent(), NOW) is not None
    assert repo_over(Budget(), "acme/web", Spent(usd=50.0), Spent(), NOW, passed=True) is None
