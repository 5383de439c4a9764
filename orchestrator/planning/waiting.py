"""A plan that waits for a person. They are asked once a cadence, however often it has to be made anew until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.chat import ActionKind, Offer
from orchestrator.model.plan import Plan, PlanState
from orchestrator.model.planning import PlanApproval
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.services import Services

ASKED = "planner-asked"
"""Cadence job: when a person was last told of a plan that waits for them."""
LINE = 200
"""Characters of one item in the message."""
AHEAD = timedelta(hours=1)
"""A plan from further ahead was made by a clock that stood wrong: when it was made is not known."""


def patience(repo: RepoSettings) -> timedelta:
    """How long a plan waits for a person: four fifths of the cadence, between ten minutes and a day."""
    return min(timedelta(hours=24), max(timedelta(minutes=10), timedelta(days=0.8 * repo.cadence.sprint_cadence_days)))


def ahead(plan: Plan, now: datetime) -> bool:
    return parse(plan.at) > now + AHEAD


def last(services: Services, repo: RepoSettings) -> Plan | None:
    """The newest plan of which it is known when it was made. Raises CorruptState."""
    now = services.now()
    return next((p for p in services.plans.of(repo.key) if not ahead(p, now)), None)


def over(plan: Plan, repo: RepoSettings, now: datetime) -> str:
    """Why a pending plan waits no longer; empty while it does."""
    if repo.cadence.sprint_cadence_days <= 0:
        return "the repository is dormant now"
    if ahead(plan, now):
        return f"a clock that stood ahead made it: {plan.at}"
    return "nobody answered in time" if now >= parse(plan.expires) else ""


def unanswered(services: Services, repo: RepoSettings) -> Plan | None:
    """The plan that a person was asked about in this cadence and let run out. Raises CorruptState."""
    found = last(services, repo) if repo.cadence.plan_approval is PlanApproval.REQUIRED else None
    if found is None or found.state is not PlanState.EXPIRED:
        return None
    asked_lately = not services.cadence.due(ASKED, repo.key, repo.cadence.sprint_cadence_days, services.now())
    return found if asked_lately else None


def renewed(services: Services, repo: RepoSettings, plan: Plan, id: str) -> Plan:
    """The same plan for another while."""
    at = services.now()
    return replace(
        plan, id=id, at=stamp(at), expires=stamp(at + patience(repo)), state=PlanState.PENDING, decided_by="",
        note=f"as {plan.id}, which nobody answered; nothing changed since",
    )  # fmt: skip


def ask_person(services: Services, repo: RepoSettings, plan: Plan) -> None:
    """Once. To the ledger always, to the pager where there is one."""
    lines = [f"#{i.issue} {i.title}: {i.rationale}"[:LINE] for i in plan.items]
    text = services.redact(f"{repo.name}, until {plan.expires}\n{notify.bullets(lines)}")
    action = f"agent-os plan approve {plan.id}, or agent-os plan reject {plan.id}"
    notify.alert(
        services,
        Alert(
            kind=AlertKind.PLAN,
            subject=f"plan:{plan.id}",
            state="pending",
            text=text,
            link=f"{services.settings.github.web_url}/{repo.name}/issues",
            action=action,
            offer=Offer(kind=ActionKind.PLAN, target=plan.id),
        ),
    )
    services.cadence.ran(ASKED, repo.key, repo.cadence.sprint_cadence_days, services.now())


def alert(services: Services, subject: str, state: str, text: str, action: str) -> None:
    said = services.redact(text)
    notify.alert(services, Alert(kind=AlertKind.SYSTEM, subject=subject, state=state, text=said, action=action))
