"""Sprint plans: what waits for a word, what each candidate's score is made of, and the word."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.model.plan import PlanState
from orchestrator.operations import OrderRefused, plans
from orchestrator.web.page import Answer, Asked, Crumb, Given, Order, Page, Shown

LISTED = 50
CANDIDATES = 60
"""Of a plan, best first; how many more were looked at is said."""


def every(asked: Asked) -> Shown:
    found = plans.plans(asked.services)
    keys = {r.key: r.name for r in asked.services.settings.repos}
    values = {
        "waiting": [p for p in found if p.state is PlanState.PENDING],
        "others": [p for p in found if p.state is not PlanState.PENDING][:LISTED],
        "unreadable": plans.unreadable(asked.services),
        "names": keys,
    }
    return Shown(template="plans.html", title="Plans", values=values)


def one(asked: Asked) -> Shown:
    id = asked.path["id"]
    plan = next((p for p in plans.plans(asked.services) if p.id == id), None)
    if plan is None:
        raise OrderRefused(f"no plan {id!r}")
    repo = plans.managed(asked.services, plan.repo)
    url = f"{asked.services.settings.github.web_url.rstrip('/')}/{repo.name}/issues"
    names = list(dict.fromkeys(t.name for c in plan.candidates[:CANDIDATES] for t in c.terms))
    rows = [(c, {t.name: t for t in c.terms}) for c in plan.candidates[:CANDIDATES]]
    heads = [("Issue", ""), ("Kind", ""), *((name.capitalize(), "num") for name in names), ("Score", "num")]
    values = {
        "plan": plan,
        "heads": heads,
        "repo": repo.name,
        "issues": url,
        "names": names,
        "rows": rows,
        "more": len(plan.candidates) - len(rows),
        "taken": {i.issue for i in plan.items},
        "pending": plan.state is PlanState.PENDING,
    }
    crumbs = (Crumb(words="Plans", href="/plans"), Crumb(words=plan.id))
    return Shown(template="plan.html", title=f"Plan {plan.id}", crumbs=crumbs, values=values)


def _approve(given: Given) -> Answer:
    plan = plans.approve(given.services, given["id"], given.person)
    ready = ", ".join(f"#{n}" for n in plan.promoted) or "nothing: no line was a candidate any more"
    return Answer(text=f"{plan.id} is {plan.state.value}; Ready now: {ready}")


def _reject(given: Given) -> Answer:
    plan = plans.reject(given.services, given["id"], given.person, why=given["text"])
    return Answer(text=f"{plan.id} is {plan.state.value}; another one is made when something changed")


def _strike(given: Given) -> Answer:
    number = given["issue"]
    if not (number.isascii() and number.isdigit() and len(number) < 12):
        raise OrderRefused(f"{number!r} is no issue's number")
    plan = plans.strike(given.services, given["id"], int(number), given.person)
    left = ", ".join(f"#{i.issue}" for i in plan.items)
    return Answer(text=f"#{number} is struck; the plan now takes up {left}")


PAGES = (
    Page(name="plans", path="/plans", show=every, nav="Plans"),
    Page(name="plan", path="/plans/{id}", show=one, section="plans"),
)
ORDERS = (
    Order(name="plan/approve", right=Right.APPROVE, run=_approve, fields=("id",)),
    Order(name="plan/reject", right=Right.APPROVE, run=_reject, fields=("id", "text")),
    Order(name="plan/strike", right=Right.APPROVE, run=_strike, fields=("id", "issue")),
)
