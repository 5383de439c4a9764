"""The orders of the terminal screen: one table, each an operation that records who gave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator import operations
from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused, approve, people, plans, steer
from orchestrator.services import Services

PLAN = "plan:"
"""Begins the subject of an order about a plan; all others are tasks."""


@dataclass(frozen=True, kw_only=True)
class Order:
    key: str
    """A capital letter: small ones only look."""
    name: str
    right: Right
    asks: str
    """What is asked before it is given; `{id}` is the task. Empty: given at once."""
    needs_text: bool
    """The answer is a text; else yes or no."""
    run: Callable[[Services, str, str, str, str], str]
    """With task, person, text and the head that was shown; what was done, in words. Raises OrderRefused."""


def _send(services: Services, id: str, person: str, text: str, head: str) -> str:
    steer.send(services, id, text, person=person)
    return f"{id}: its agent will hear it"


def _hold(services: Services, id: str, person: str, text: str, head: str) -> str:
    held = steer.hold(services, id, person=person)
    return f"{id}: {'is on hold' if held.folder == 'hold' else 'is being paused'}; R ends the pause"


def _stop(services: Services, id: str, person: str, text: str, head: str) -> str:
    steer.stop(services, id, person=person)
    return f"{id}: is being stopped; its work is kept, R takes it up again"


def _retry(services: Services, id: str, person: str, text: str, head: str) -> str:
    return f"{operations.retry(services, id, person=person).id}: waits in inbox/"


def _approve(services: Services, id: str, person: str, text: str, head: str) -> str:
    if id.startswith(PLAN):
        plan = plans.approve(services, id.removeprefix(PLAN), person)
        return f"{plan.id}: {plan.state.value}"
    return approve.approve(services, id, person, head=head).text


def _reject(services: Services, id: str, person: str, text: str, head: str) -> str:
    if id.startswith(PLAN):
        plan = plans.reject(services, id.removeprefix(PLAN), person, why=text)
        return f"{plan.id}: {plan.state.value}"
    return approve.reject(services, id, person, why=text, head=head).text


ORDERS = (
    Order(
        key="S", name="send", right=Right.ORDER, asks="Tell the agent of {id}:", needs_text=True, run=_send
    ),
    Order(key="H", name="hold", right=Right.ORDER, asks="", needs_text=False, run=_hold),
    Order(
        key="X", name="stop", right=Right.ORDER, asks="Stop {id}? Its run ends, its work is kept.", needs_text=False,
        run=_stop,
    ),
    Order(key="R", name="retry", right=Right.ORDER, asks="", needs_text=False, run=_retry),
    Order(
        key="A", name="approve", right=Right.APPROVE, asks="Approve {id}? What it holds may go ahead then.",
        needs_text=False, run=_approve,
    ),
    Order(
        key="J", name="reject", right=Right.APPROVE, asks="Reject {id}. What is wrong with it?",
        needs_text=True, run=_reject,
    ),
)  # fmt: skip


def named(name: str) -> Order:
    return next(o for o in ORDERS if o.name == name)


def head(services: Services, order: Order, id: str) -> str:
    """The head that a word is about, as it stands when the person is asked; empty where an order is about none."""
    if order.right is not Right.APPROVE or id.startswith(PLAN):
        return ""
    return operations.task(services, id)[1].pushed_sha or ""


def give(services: Services, order: Order, id: str, person: str, text: str, head: str = "") -> str:
    """What was done, in words. `head`: the one that the person was asked about. Raises OrderRefused, also for somebody
    who may not."""
    people.require(services, person, order.right)
    if id.startswith(PLAN) and order.right is not Right.APPROVE:
        raise OrderRefused(f"{order.name}: a plan is approved (A) or rejected (J)")
    return order.run(services, id, person, text, head)
