"""The person behind an order, and whether they may give it. Every surface asks here before it calls an operation."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.operations import allow
from orchestrator.policy import operators
from orchestrator.services import Services


def require(services: Services, login: str, right: Right) -> None:
    """Raises OrderRefused, naming who may. Orders ask again by themselves: a surface that forgot meets it there."""
    allow(services, login, right)


def of_telegram(services: Services, user: int) -> str:
    """The login of a Telegram user; empty for one who is not listed."""
    found = operators.of_telegram(services.settings.operators, user)
    return found.github if found else ""
