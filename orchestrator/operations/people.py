"""The person behind an order, and whether they may give it. Every surface asks here before it calls an operation."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused
from orchestrator.policy import operators
from orchestrator.services import Services


def require(services: Services, login: str, right: Right) -> None:
    """Raises OrderRefused, naming who may."""
    listed = services.settings.operators
    if operators.may(listed, login, right):
        return
    able = ", ".join(o.github for o in listed if right in o.may) or "nobody"
    raise OrderRefused(f"{login} may not {right.value} here; who may: {able} (`operators` in config.yaml)")


def of_telegram(services: Services, user: int) -> str:
    """The login of a Telegram user; empty for one who is not listed."""
    found = operators.of_telegram(services.settings.operators, user)
    return found.github if found else ""
