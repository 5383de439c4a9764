"""Ceilings on what is spent: reached ones, and none at all."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.pipeline import funds


def look(given: Given) -> Iterator[Finding]:
    reached = funds.standing_now(given.services())
    for over in reached:
        yield warn(over.words, "wait, or raise it under `budget` in config.yaml", over.subject)
    free = [
        r.key
        for r in given.settings.repos
        if not any((r.budget.day_usd, r.budget.month_usd, r.budget.day_tokens, r.budget.month_tokens))
    ]
    for key in free:
        yield warn("no ceiling for a day or a month", "budget: {day_usd: 50}", key)
    if not (reached or free):
        yield ok("every repository has a ceiling, and none is reached")


CHECK = Check(
    name="budgets", why="What has reached its ceiling starts nothing new.", look=look, needs=("configuration",)
)
