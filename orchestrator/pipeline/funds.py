"""What is left to spend: the facts of `state/spend` for `policy.budget`, and the one word when there is nothing."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.task import Task
from orchestrator.policy import budget
from orchestrator.policy.budget import Over, Spent
from orchestrator.services import Services


def of_task(services: Services, task: Task, *, before: int = 0) -> Spent:
    """What the task has spent since its counters were reset; `before`: only by attempts with a lower number.

    A run whose worker died stands in `state/spend` alone, one of a month long past in the task alone.
    """
    noted = services.spend.task(task.id, task.counted_from)
    total = Spent()
    for attempt in task.counted:
        if before and attempt.n >= before:
            continue
        told = budget.used(attempt.usage)
        usd, tokens = noted.get(attempt.n, (0.0, 0))
        total += Spent(usd=max(told.usd, usd), tokens=max(told.tokens, tokens))
    return total


def repo(services: Services, repo: RepoSettings, *, passed: bool = False) -> Over | None:
    """The repository's ceiling that is reached."""
    day, month = _spent(services.spend.repo(repo.name)), _spent(services.spend.repo(repo.name, month=True))
    return budget.repo_over(repo.budget, repo.name, day, month, services.now(), passed=passed)


def agent(services: Services, repo: RepoSettings, agent: AgentSettings, *, passed: bool = False) -> Over | None:
    """The agent's own ceiling that is reached."""
    own, spend = agent.budget, services.spend
    tokens, until = spend.window(agent.name, own.window_hours) if own.window_tokens else (0, "")
    return budget.agent_over(
        agent,
        repo.budget,
        _spent(spend.agent(agent.name)),
        _spent(spend.agent(agent.name, month=True)),
        Spent(tokens=tokens),
        services.now(),
        window_until=until,
        passed=passed,
    )


def standing(services: Services, repo_: RepoSettings, agent_: AgentSettings, *, passed: bool) -> Over | None:
    """The first ceiling beyond the task's own that holds for a run of this agent on this repository."""
    return repo(services, repo_, passed=passed) or agent(services, repo_, agent_, passed=passed)


def affordable(services: Services, tasks: Sequence[Task]) -> list[Task]:
    """Those whose repository may start something now. What is over its budget is said once."""
    over: dict[str, Over | None] = {}
    kept: list[Task] = []
    for task in tasks:
        settings = services.settings.repo(task.repo)
        if settings is None:
            kept.append(task)
            continue
        if settings.key not in over:
            over[settings.key] = reached = repo(services, settings)
            if reached is not None:
                say(services, reached)
        if over[settings.key] is None:
            kept.append(task)
    return kept


def say(services: Services, over: Over) -> None:
    """One alert and one ledger event per ceiling and the time it ends, then silence until then."""
    subject, state = f"budget:{over.scope.value}:{over.subject}", over.until or over.cap
    if services.signatures.seen(subject, state):
        return
    services.record(
        EventKind.OVER_BUDGET, repo=over.subject if "/" in over.subject else "", scope=over.scope.value,
        subject=over.subject, spent=over.spent, cap=over.cap, until=over.until,
    )  # fmt: skip
    text = services.redact(f"{over.words}. Nothing new is started; what runs ends by itself.")
    notify.alert(
        services,
        Alert(kind=AlertKind.SYSTEM, subject=subject, state=state, text=text, action="raise the budget, or wait"),
    )
    services.signatures.remember(subject, state)


def _spent(sums: tuple[float, int]) -> Spent:
    return Spent(usd=sums[0], tokens=sums[1])
