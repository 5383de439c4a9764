"""Who runs next: the facts about each candidate for `policy.route`, and the decision written down.

Choosing and reserving are one step under a lock (`reserved`): a cap of one run at a time, or the one probe of a circuit
breaker, must hold although several workers choose at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

from orchestrator import agents, notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.stream import RunOutcome
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import engine, funds
from orchestrator.policy import explore, route
from orchestrator.policy import health as judged
from orchestrator.policy.budget import Over, Scope
from orchestrator.policy.health import Run
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.store import Busy

_WAIT = 20.0
"""Seconds to wait for another worker's choice, which takes milliseconds."""


@contextlib.contextmanager
def reserved(services: Services) -> Iterator[None]:
    """From the look at who runs what until `reserve`: one worker at a time. Raises Busy."""
    with locks.hold(services.settings.runtime / "state" / "locks" / "choosing.lock", wait=_WAIT) as mine:
        if not mine:
            raise Busy("choosing.lock")
        yield


def reserve(services: Services, task: Task, attempt: Attempt) -> None:
    """From here on this run counts as one of its agent's, for every worker, with nothing spent yet."""
    services.spend.note(task, attempt, Usage())


def room(services: Services, task: Task, agent: str) -> bool:
    """Whether one more run of this agent may be under way: another task may have taken a dead worker's place."""
    settings = services.settings.agent(agent)
    most = settings.max_parallel if settings else 0
    return not most or len(_busy(services, task).get(agent, ())) < most


def _busy(services: Services, task: Task) -> dict[str, tuple[str, ...]]:
    """Agent to the other tasks that it works on now."""
    return services.spend.open(lambda id: id != task.id and services.mailbox.alive(TaskId(id)))


def choose(
    services: Services, task: Task, repo: RepoSettings, unfit: Mapping[str, str] | None = None
) -> route.Route | route.NoRoute:
    """`unfit`: what `preflights` told, where that was asked before."""
    told = preflights(services, task, repo) if unfit is None else unfit
    return route.choose(task, repo, health(services, task, repo, told), services.now())


def preflights(services: Services, task: Task, repo: RepoSettings) -> dict[str, str]:
    """Why each agent this task could go to cannot run here, empty where it can. May ask the network, so nobody holds
    the lock meanwhile; so here too it is said (by the pager, which may be slow) whose budget is used up."""
    confine = engine.confinement(services, repo)
    loose = confine if isinstance(confine, str) else ""
    found: dict[str, str] = {}
    for name in sorted({*route.chain(task, repo), task.next_agent} - {""}):
        settings = services.settings.agent(name)
        found[name] = (agents.preflight(settings) or loose) if settings else "is not configured"
        if settings and not found[name]:
            _say(services, funds.agent(services, repo, settings))
    return found


def _say(services: Services, over: Over | None) -> None:
    if over is not None and over.scope is not Scope.AGENT_WINDOW:  # a window comes and goes all day
        funds.say(services, over)


def health(services: Services, task: Task, repo: RepoSettings, unfit: Mapping[str, str]) -> dict[str, route.Health]:
    """What is known of every agent this task could go to."""
    runs = services.recent.runs(services.now())
    busy = _busy(services, task)
    found: dict[str, route.Health] = {}
    for name, why in unfit.items():
        settings = services.settings.agent(name)
        if why or settings is None:
            found[name] = route.Health(unfit=why)
            continue
        known = _of(services, repo, settings, runs.get(name, ()), len(busy.get(name, ())))
        of_type = judged.known(runs.get(name, ()), task.type.value, services.now())
        if settings.login:
            of_type = replace(of_type, usd=None)  # a subscription's runs are told a price that nobody pays
        since = explore.tasks_since(name, runs, services.now())
        found[name] = replace(known, of_type=of_type, since=since)
    return found


def _of(
    services: Services, repo: RepoSettings, settings: AgentSettings, runs: tuple[Run, ...], running: int
) -> route.Health:
    now = services.now()
    breaker = judged.breaker(runs, now)
    over = funds.agent(services, repo, settings)
    return route.Health(
        cooling_until=services.cooldowns.until(settings.name),
        paused=settings.paused,
        can=frozenset(name for name, can in asdict(agents.capabilities(settings)).items() if can),
        record=judged.record(runs, now),
        breaker_until=stamp(breaker.open_until) if breaker.open_until else "",
        probing=breaker.half,
        running=running,
        max_parallel=settings.max_parallel,
        over=over.words if over else "",
        over_until=over.until if over else "",
    )


def note(services: Services, task: Task, choice: route.Route | route.NoRoute) -> None:
    """The decision as one ledger event, with a reason for every candidate. A task that waits for the same reasons as
    at its last try is not recorded anew."""
    reasons = [
        {"agent": r.agent, "why": r.why.value, "words": str(services.redact(r.words)), "until": r.until}
        for r in choice.reasons
    ]
    if isinstance(choice, route.Route):
        services.record(
            EventKind.ROUTED, task, agent=choice.agent, until="", reasons=reasons, kind=task.next_kind.value
        )
        return
    states = ",".join(f"{r.agent}={r.why.value}" for r in choice.reasons)
    subject, state = f"routed:{task.id}", f"{len(task.attempts)}:{states}"
    if services.signatures.seen(subject, state):
        return
    services.record(
        EventKind.ROUTED, task, agent="", until=choice.until, reasons=reasons, kind=task.next_kind.value, why=choice.why
    )
    services.signatures.remember(subject, state)


def tell_operator(services: Services, settings: AgentSettings, outcome: RunOutcome) -> None:
    """What only the operator can mend (a refused key, an unknown model) is said once a day; others work meanwhile."""
    if outcome.failure not in (FailureClass.AUTH, FailureClass.MISCONFIGURED):
        return
    text = services.redact.head(f"agent {settings.name}: {outcome.failure.value}. {outcome.detail}", 600)
    notify.alert(
        services,
        Alert(
            kind=AlertKind.SYSTEM,
            subject=f"agent:{settings.name}",
            state=f"{outcome.failure.value}:{services.now():%Y-%m-%d}",
            text=text,
            action=f"mend agents.{settings.name} in {services.settings.config_file.name}: key, model or address",
        ),
    )
