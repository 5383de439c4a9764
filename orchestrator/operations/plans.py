"""Sprint plans for a person: looking at them, saying yes or no, asking for one now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.operators import Right
from orchestrator.model.plan import LeftOut, Plan, PlanState
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.times import parse
from orchestrator.operations import OrderRefused, allow
from orchestrator.planning import planner
from orchestrator.planning.planner import Did
from orchestrator.services import Services


def plans(services: Services, repo: str = "") -> tuple[Plan, ...]:
    """All plans that can be read, newest first; of one repository by key or owner/name. Raises OrderRefused for an
    unknown one."""
    found = [plan for one in _repos(services, repo) for plan in services.plans.look(one.key)[0]]
    return tuple(sorted(found, key=lambda p: (p.at, p.id), reverse=True))


def unreadable(services: Services, repo: str = "") -> tuple[str, ...]:
    """What is wrong with plans that cannot be read, each with its file; nothing is planned in their repositories.
    Raises OrderRefused."""
    return tuple(str(why) for one in _repos(services, repo) for why in services.plans.look(one.key)[1])


def newest(services: Services, repo: str = "") -> tuple[Plan, ...]:
    """The newest plan of one repository, or of each. Raises OrderRefused."""
    return tuple(found[0] for one in _repos(services, repo) if (found := services.plans.look(one.key)[0]))


def approve(services: Services, id: str, person: str) -> Plan:
    """Applies a pending plan now. Raises OrderRefused."""
    return _decide(services, id, person, approve=True)


def reject(services: Services, id: str, person: str, *, why: str = "") -> Plan:
    """Ends a pending plan; the cadence stays due. `why` is kept with it. Raises OrderRefused."""
    return _decide(services, id, person, approve=False, why=" ".join(why.split()))


def strike(services: Services, id: str, issue: int, person: str) -> Plan:
    """Takes one issue out of a pending plan, which goes on waiting for a word about the rest. Raises OrderRefused."""
    with _pending(services, id) as (repo, plan):
        item = next((i for i in plan.items if i.issue == issue), None)
        if item is None:
            there = ", ".join(f"#{i.issue}" for i in plan.items)
            raise OrderRefused(f"#{issue} is no line of plan {id}; there are {there}")
        if len(plan.items) == 1:
            raise OrderRefused(f"#{issue} is the only line of plan {id}: reject the plan instead")
        _order(services, repo, person, "plan strike", plan=id, issue=str(issue))
        out = LeftOut(issue=issue, title=item.title, why=f"struck by {person}")
        left = tuple(i for i in plan.items if i.issue != issue)
        struck = replace(plan, items=left, left_out=(out, *plan.left_out))
        services.plans.put(struck)
        return struck


def now(services: Services, repo: str, person: str, *, dry_run: bool = False) -> Did:
    """Plans a repository at once; with `dry_run` the plan is only shown. Raises OrderRefused."""
    found = managed(services, repo)
    if found.automation_mode is AutomationMode.DISPATCHER_ONLY:
        raise OrderRefused(f"{found.name} is dispatcher_only: people set its issues Ready, nothing is planned there")
    if found.cadence.sprint_cadence_days <= 0:
        raise OrderRefused(f"{found.name} is dormant: its sprint_cadence_days is 0")
    if not dry_run:
        _writable(found)
        _order(services, found, person, "plan now")
    return planner.now(services, found, dry_run=dry_run)


def _writable(repo: RepoSettings) -> None:
    if repo.automation_mode is AutomationMode.OBSERVE:
        raise OrderRefused(f"{repo.name} is in the mode observe: nothing is set Ready there; --dry-run shows the plan")


def managed(services: Services, repo: str) -> RepoSettings:
    found = services.settings.repo(repo)
    if found is None:
        known = ", ".join(r.key for r in services.settings.repos)
        raise OrderRefused(f"no repository {repo!r}; there are: {known}")
    return found


def _repos(services: Services, repo: str) -> list[RepoSettings]:
    return [managed(services, repo)] if repo else list(services.settings.repos)


def _decide(services: Services, id: str, person: str, *, approve: bool, why: str = "") -> Plan:
    with _pending(services, id) as (repo, plan):
        _writable(repo)
        said = {"why": str(services.redact.head(why, planner.WHY))} if why else {}
        _order(services, repo, person, "plan approve" if approve else "plan reject", plan=id, **said)
        return planner.decide(services, repo, plan, person, approve=approve, why=why)


@contextmanager
def _pending(services: Services, id: str) -> Iterator[tuple[RepoSettings, Plan]]:
    """The plan and its repository, while nobody else plans there; a refusal for one that is not to be decided."""
    found = services.plans.get(id)
    if found is None:
        raise OrderRefused(f"no plan {id!r}; `agent-os plan ls` lists them")
    repo = managed(services, found.repo)
    with _locked(services, repo):
        plan = services.plans.get(id)
        if plan is None or plan.state is not PlanState.PENDING:
            standing = services.plans.pending(repo.key)
            rest = f"{standing.id} waits" if standing else "nothing is to be decided"
            raise OrderRefused(f"plan {id} is {plan.state.value if plan else 'gone'}: {rest}")
        if services.now() >= parse(plan.expires):
            raise OrderRefused(f"plan {id} ran out at {plan.expires}; the next tick of the planner makes a new one")
        if repo.automation_mode is AutomationMode.DISPATCHER_ONLY or repo.cadence.sprint_cadence_days <= 0:
            raise OrderRefused(f"{repo.name} is not planned any more (dispatcher_only, or a cadence of 0)")
        yield repo, plan


@contextmanager
def _locked(services: Services, repo: RepoSettings) -> Iterator[None]:
    with planner.lock(services, repo) as mine:
        if not mine:
            raise OrderRefused(f"{repo.name} is being planned right now; try again in a minute")
        yield


def _order(services: Services, repo: RepoSettings, person: str, what: str, **more: str) -> None:
    """In the ledger: who ordered what. Raises OrderRefused for who may not."""
    allow(services, person, Right.ORDER if what == "plan now" else Right.APPROVE)
    actor = Actor(kind="person", id=person)
    services.ledger.write(Event(kind=EventKind.ORDER, actor=actor, repo=repo.name, data={"order": what, **more}))
