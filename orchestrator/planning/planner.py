"""The planner: which open issues the next sprint takes up. It promotes what is there and files nothing.

One repository at a time, under its own lock. A plan is made when the cadence is due, or early when the sprint went
idle; it is applied by itself, or waits for a person. Only an applied plan consumes the cadence: one that was rejected
or ran out is made again, a rejected one not before something changed, or half of the cadence went by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from orchestrator.model.event import EventKind
from orchestrator.model.evidence import Entry
from orchestrator.model.plan import Candidate, Plan, PlanState
from orchestrator.model.planning import PlanApproval
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.planning import (
    applying,
    candidates,
    feedback,
    grooming,
    looking,
    research,
    strategy,
    waiting,
    wording,
)
from orchestrator.planning.applying import JOB
from orchestrator.planning.candidates import Backlog
from orchestrator.policy import plan as policy
from orchestrator.policy.plan import Facts
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.effects import Unsettled

GROOMED = "planner-groom"
"""Cadence job: an empty backlog is groomed once a day at most."""
WHY = 500
"""Characters of why a person rejects a plan."""
MOST_KEPT = 300
"""Candidates that are kept in a plan, best first."""


@dataclass(frozen=True, kw_only=True)
class Did:
    """What came of one repository, in words; empty = nothing was to do."""

    words: str = ""
    plan: Plan | None = None


def order(services: Services) -> tuple[RepoSettings, ...]:
    """The repositories that are planned, each after those it depends on. A circle is told, and planned as it stands."""
    repos = [r for r in services.settings.repos if r.automation_mode is not AutomationMode.DISPATCHER_ONLY]
    known = {name.casefold(): r.key for r in repos for name in (r.key, r.name)}
    after = {r.key: (*r.cadence.plan_after, *_named(services, r, known)) for r in repos}
    keys, circle = policy.repo_order(after)
    if circle:
        text = f"These repositories wait for each other in plan_after or STRATEGY.md: {', '.join(circle)}."
        waiting.alert(
            services, "plan-order", ",".join(circle), text, "take one of them out; until then config order holds"
        )
    by_key = {r.key: r for r in repos}
    return tuple(by_key[key] for key in keys)


def tick(services: Services, repo: RepoSettings) -> Did:
    """One pass over one repository. Raises what GitHub raises, CorruptState."""
    with lock(services, repo) as mine:
        return _tick(services, repo) if mine else Did()


def now(services: Services, repo: RepoSettings, *, dry_run: bool = False) -> Did:
    """A plan at once, for a person who asks for one. With `dry_run` it is only shown, and no agent is asked."""
    if dry_run:
        return _dry(services.looking(), repo)
    with lock(services, repo) as mine:
        if not mine:
            return Did(words="it is being planned right now")
        if (done := _standing(services, repo)) is not None:
            return done
        return _plan(services, repo, early=not _due(services, repo), always=True)


def _dry(services: Services, repo: RepoSettings) -> Did:
    entries = _entries(services, repo)
    backlog = candidates.read(services, repo, entries)
    made = _make(services, repo, backlog, entries, early=False, unasked="no agent is asked for a look")
    held = waits(services, repo)
    words = f"{held}; with none it would be planned so" if held else "would be planned so"
    return Did(words=words, plan=made)


def would(services: Services, repo: RepoSettings) -> tuple[str, ...]:
    """What the next plan would set Ready, when it is due: no agent is asked, nothing is written. Raises as `now`."""
    if repo.cadence.sprint_cadence_days <= 0 or not _due(services, repo):
        return ()
    plan = _dry(services.looking(), repo).plan
    return tuple(f"set #{i.issue} Ready" for i in plan.items) if plan is not None else ()


def waits(services: Services, repo: RepoSettings) -> str:
    """`a plan waits: ID, until ...`; empty when none does."""
    plan = services.plans.pending(repo.key)
    if plan is None or waiting.over(plan, repo, services.now()):
        return ""
    return f"a plan waits: {plan.id}, until {plan.expires}"


def decide(services: Services, repo: RepoSettings, plan: Plan, person: str, *, approve: bool, why: str = "") -> Plan:
    """A person's word about a pending plan; `why` it is rejected is kept with it. The caller holds the lock and has
    looked that it is pending."""
    if approve:
        return _apply(services, repo, plan, person).plan or plan
    said = f"rejected: {services.redact.head(why, WHY)}" if why else ""
    return _end(services, repo, _noted(plan, said), PlanState.REJECTED, person)


@contextmanager
def lock(services: Services, repo: RepoSettings) -> Iterator[bool]:
    """True for whoever may plan this repository now."""
    with locks.hold(services.settings.runtime / "state" / "locks" / f"planner-{repo.key}.lock") as mine:
        yield mine


def _tick(services: Services, repo: RepoSettings) -> Did:
    if (standing := _standing(services, repo)) is not None:
        return standing
    if repo.cadence.sprint_cadence_days <= 0:
        return Did()
    if _due(services, repo):
        return _look(services, repo, early=False)
    if not repo.cadence.planner_allow_early_refresh or candidates.live(services, repo):
        return Did()
    return _look(services, repo, early=True)


def _look(services: Services, repo: RepoSettings, *, early: bool) -> Did:
    """A plan, unless the last look found nothing and nothing changed since."""
    state = looking.state(services, repo, early=early)
    if looking.idle(services, repo, state):
        return Did()
    did = _plan(services, repo, early=early)
    looking.fruitless(services, repo, state if did.plan is None else "")
    return did


def _standing(services: Services, repo: RepoSettings) -> Did | None:
    """What an earlier plan still asks for; None when it asks for nothing."""
    plans = services.plans.of(repo.key)
    now = services.now()
    known = [p for p in plans if not waiting.ahead(p, now)]
    for plan in (*known[:3], *(p for p in plans if waiting.ahead(p, now))):
        if applying.unfinished(services, plan):
            return _apply(services, repo, plan, "")
    pending = next((p for p in plans if p.state is PlanState.PENDING), None)
    if pending is None:
        return None
    if why := waiting.over(pending, repo, now):
        return _over(services, repo, pending, why)
    return Did(words=f"plan {pending.id} waits for a person until {pending.expires}", plan=pending)


def _due(services: Services, repo: RepoSettings) -> bool:
    return services.cadence.due(JOB, repo.key, repo.cadence.sprint_cadence_days, services.now())


def _plan(services: Services, repo: RepoSettings, *, early: bool, always: bool = False) -> Did:
    entries = _entries(services, repo)
    backlog = candidates.read(services, repo, entries)
    if early and not always and backlog.busy:
        return Did()
    if not backlog.seen and _groom(services, repo):
        backlog = candidates.read(services, repo, entries)
    if not backlog.seen:
        return _nothing(services, repo, backlog)
    if not always and _refused_alike(services, repo, backlog):
        return Did()
    looks, unanswered = _looks(services, repo, backlog), None if always else waiting.unanswered(services, repo)
    if unanswered is None:
        plan = _make(services, repo, backlog, entries, early=early)
    elif services.signatures.seen(f"plan:{repo.key}", looks):
        plan = waiting.renewed(services, repo, unanswered, _id(services, repo))
    else:
        why = f"no agent was asked: nobody answered {unanswered.id}"
        plan = _make(services, repo, backlog, entries, early=early, unasked=why)
    if not plan.items:
        return Did()
    services.signatures.remember(f"plan:{repo.key}", looks)
    if repo.cadence.plan_approval is PlanApproval.AUTO:
        return _apply(services, repo, plan, "plan_approval: auto")
    services.plans.put(plan)
    applying.note(services, repo, plan)
    if unanswered is None:
        waiting.ask_person(services, repo, plan)
    return Did(words=f"plan {plan.id} waits for a person until {plan.expires}", plan=plan)


def _make(
    services: Services,
    repo: RepoSettings,
    backlog: Backlog,
    entries: tuple[Entry, ...],
    *,
    early: bool,
    unasked: str = "",
) -> Plan:
    """`unasked`: why no agent is asked."""
    facts = candidates.facts(services, repo, backlog)
    found = policy.candidates(backlog.seen, facts)
    word, by, why = None, "deterministic", unasked
    if not unasked:
        word, by, why = wording.ask(services, repo, found, facts, backlog.seen, entries)
    if word is not None and not word.promote:
        why = "the agent named no candidate: the terms decide"
    ordered = policy.merge_answer(found, word)
    if ordered.ignored:
        why = "; ".join(filter(None, (why, f"not candidates: {', '.join(ordered.ignored[:10])}")))
    chosen = policy.deterministic(ordered.candidates, facts.size)
    at = services.now()
    return Plan(
        id=_id(services, repo),
        repo=repo.key,
        at=stamp(at),
        state=PlanState.PENDING,
        items=policy.items(chosen, ordered.rationales, facts, "planner" if word is None else by),
        candidates=ordered.candidates[:MOST_KEPT],
        by=by,
        note=why,
        expires=stamp(at + waiting.patience(repo)),
        early=early,
        left_out=backlog.left_out,
        focus=word.focus if word else _focus(facts, chosen),
    )


def _focus(facts: Facts, chosen: tuple[Candidate, ...]) -> str:
    kinds = list(dict.fromkeys(c.direction for c in chosen))
    return f"Work of the kinds {', '.join(kinds)}" if kinds else ""


def _apply(services: Services, repo: RepoSettings, plan: Plan, by: str) -> Did:
    try:
        plan = applying.apply(services, repo, plan, by=by)
    except Unsettled as why:
        return Did(words=f"plan {plan.id} goes on with the next tick: {why}", plan=services.plans.get(plan.id))
    numbers = ", ".join(f"#{n}" for n in plan.promoted) or "nothing: no item was a candidate any more"
    return Did(words=f"plan {plan.id} applied, Ready: {numbers}", plan=plan)


def _over(services: Services, repo: RepoSettings, plan: Plan, why: str) -> Did | None:
    """It ran out. The next one is made in the same tick, unless the repository sleeps."""
    _end(services, repo, _noted(plan, why), PlanState.EXPIRED, "")
    if repo.cadence.sprint_cadence_days <= 0:
        return Did(words=f"plan {plan.id} is void: {why}")
    return None


def _noted(plan: Plan, said: str) -> Plan:
    return replace(plan, note="; ".join(filter(None, (plan.note, said))))


def _end(services: Services, repo: RepoSettings, plan: Plan, state: PlanState, by: str) -> Plan:
    ended = replace(plan, state=state, decided_by=by)
    services.plans.put(ended)
    services.record(
        EventKind.PLANNED, repo=repo.name, plan=plan.id, state=state.value, by=plan.by, decided_by=by, why=ended.note
    )
    return ended


def _groom(services: Services, repo: RepoSettings) -> bool:
    """Nothing can be planned: the groomer looks whether there is something to be done. True when it looked."""
    if repo.cadence.groomer_cadence_days <= 0 or not services.cadence.due(GROOMED, repo.key, 1, services.now()):
        return False
    grooming.groom(services, repo)
    services.cadence.ran(GROOMED, repo.key, 1, services.now())
    return True


def _nothing(services: Services, repo: RepoSettings, backlog: Backlog) -> Did:
    """Told once: an empty backlog stays empty until somebody files something."""
    words = f"nothing can be planned: {len(backlog.left_out)} open issues are left out, {len(backlog.busy)} at work"
    subject, state = f"plan-empty:{repo.key}", repr(sorted((one.issue, one.why) for one in backlog.left_out))
    if services.signatures.seen(subject, state):
        return Did()
    left_out = [{"issue": one.issue, "why": one.why} for one in backlog.left_out[:100]]
    services.record(EventKind.PLANNED, repo=repo.name, plan="", state="empty", why=words, left_out=left_out)
    services.signatures.remember(subject, state)
    return Did(words=words)


def _refused_alike(services: Services, repo: RepoSettings, backlog: Backlog) -> bool:
    """Was a plan of just these issues rejected lately?"""
    last = waiting.last(services, repo)
    if last is None or last.state is not PlanState.REJECTED:
        return False
    over = parse(last.at) + timedelta(days=repo.cadence.sprint_cadence_days / 2)
    return services.now() < over and services.signatures.seen(f"plan:{repo.key}", _looks(services, repo, backlog))


def _looks(services: Services, repo: RepoSettings, backlog: Backlog) -> str:
    """What a plan is made from, but for the time: issues, their texts and labels, and how much was measured."""
    facts = [(one.issue.number, one.issue.title, one.issue.body, sorted(one.issue.labels)) for one in backlog.seen]
    measured = len(services.outcomes.measured(repo.name))
    return hashlib.sha256(repr((sorted(facts), measured)).encode("utf-8", "surrogatepass")).hexdigest()


def _entries(services: Services, repo: RepoSettings) -> tuple[Entry, ...]:
    """Production feedback and research, refreshed when they are old. Guarded ones go no further."""
    found = (*feedback.entries(services, repo), *research.entries(services, repo))
    return tuple(e for e in found if e.included)


def _named(services: Services, repo: RepoSettings, known: dict[str, str]) -> tuple[str, ...]:
    """Repositories that its kept STRATEGY.md says it depends on. Costs no network: the mirror is read by plans."""
    path = strategy.file(services, repo)
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return tuple(key for key in policy.named_dependencies(text, known) if key != repo.key)


def _id(services: Services, repo: RepoSettings) -> str:
    day = services.now().strftime("%Y%m%d")
    made = [p.id for p in services.plans.of(repo.key) if p.id.startswith(f"{repo.key}-{day}-")]
    return f"{repo.key}-{day}-{1 + max((int(id.rsplit('-', 1)[1]) for id in made), default=0)}"
