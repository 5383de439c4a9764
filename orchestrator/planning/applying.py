"""A plan that may be applied: each issue gets its hypothesis on record, then stands Ready.

The plan is written as applied before anything is done, and what was done of it grows in it: killed anywhere and run
again, it goes on where it stood. An issue whose promotion was begun is looked at first: it may have been taken up
since.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.backlog import board
from orchestrator.model.event import EventKind
from orchestrator.model.issue import Issue
from orchestrator.model.plan import Item, LeftOut, Plan, PlanState
from orchestrator.model.settings import RepoSettings
from orchestrator.planning import candidates, hands, hypotheses, strategy
from orchestrator.planning.hands import Hands
from orchestrator.services import Services
from orchestrator.state.effects import Intended, Journal

JOB = "planner"
_FINISHED, _CADENCE = "finished", "cadence"


def unfinished(services: Services, plan: Plan) -> bool:
    """Is it applied, but not to its end? Raises CorruptState."""
    return plan.state is PlanState.APPLIED and _journal(services, plan).result(_FINISHED) is None


def apply(services: Services, repo: RepoSettings, plan: Plan, *, by: str = "") -> Plan:
    """Applies it, or goes on applying it. Raises what GitHub raises, Unsettled; then the next tick goes on."""
    if plan.state is not PlanState.APPLIED:
        plan = replace(plan, state=PlanState.APPLIED, decided_by=by)
        services.plans.put(plan)
    journal = _journal(services, plan)
    out = {one.issue for one in plan.left_out}
    todo = [item for item in plan.items if item.issue not in plan.promoted and item.issue not in out]
    inhand = hands.read(services, repo) if todo else None
    for item in todo:
        assert inhand is not None
        plan = _promote(services, repo, plan, item, journal, inhand)
        services.plans.put(plan)
    strategy.update(services, repo, plan)
    _ran(services, repo, journal)
    if journal.result(_FINISHED) is None:
        note(services, repo, plan)
        journal.done(_FINISHED, {})
    return plan


def note(services: Services, repo: RepoSettings, plan: Plan) -> None:
    """In the ledger, with each candidate's terms."""
    services.record(
        EventKind.PLANNED,
        repo=repo.name,
        plan=plan.id,
        state=plan.state.value,
        by=plan.by,
        decided_by=plan.decided_by,
        why=plan.note,
        early=plan.early,
        promoted=list(plan.promoted),
        items=[{"issue": i.issue, "score": i.score, "metric": i.metric, "why": i.rationale} for i in plan.items],
        candidates=[
            {"issue": c.issue, "score": round(c.score, 3), "terms": {t.name: round(t.value, 3) for t in c.terms}}
            for c in plan.candidates[:100]
        ],
        left_out=[{"issue": one.issue, "why": one.why} for one in plan.left_out[:100]],
    )


def _promote(services: Services, repo: RepoSettings, plan: Plan, item: Item, journal: Journal, inhand: Hands) -> Plan:
    key = f"promote:{item.issue}"
    begun = isinstance(journal.state(key), Intended)
    if journal.result(key) is None:
        issue, why = candidates.still(services, repo, item.issue, inhand)
        taken = why == "" and begun
        if not taken and (issue is None or why is not None):
            words = why or "it is at work already, or Ready by somebody else"
            return replace(plan, left_out=(*plan.left_out, LeftOut(issue=item.issue, title=item.title, why=words)))
        journal.intend(key, f"#{item.issue} set Ready")
        unregistered = _set_ready(services, repo, issue, item) if not taken and issue is not None else ""
        services.record(
            EventKind.PROMOTED, repo=repo.name, plan=plan.id, issue=item.issue, why=item.rationale,
            metric=item.metric, not_expected=unregistered,
        )  # fmt: skip
        journal.done(key, {})
    return replace(plan, promoted=(*plan.promoted, item.issue))


def _set_ready(services: Services, repo: RepoSettings, issue: Issue, item: Item) -> str:
    """What is expected of it is on record before anybody can begin it. Why it is not, where it is not."""
    why = hypotheses.register(services, repo, issue, item) if item.hypothesis is not None else ""
    board.ready(services, repo, issue)
    return why


def _ran(services: Services, repo: RepoSettings, journal: Journal) -> None:
    """The cadence moves on once per plan, wherever a tick dies: what it was before stands in the journal."""
    if journal.result(_CADENCE) is not None:
        return
    before = str(services.cadence.next_due(JOB, repo.key))
    state = journal.state(_CADENCE)
    if not isinstance(state, Intended):
        journal.intend(_CADENCE, before)
    if not isinstance(state, Intended) or state.what == before:
        services.cadence.ran(JOB, repo.key, repo.cadence.sprint_cadence_days, services.now())
    journal.done(_CADENCE, {})


def _journal(services: Services, plan: Plan) -> Journal:
    return services.effects.of(f"plan-{plan.id}")
