"""What is left to spend: the facts of `state/spend` for `policy.budget`, and the one word when there is nothing."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.result import Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.task import Attempt, Folder, Phase, Task
from orchestrator.policy import budget
from orchestrator.policy.budget import Over, Scope, Spent
from orchestrator.services import Services
from orchestrator.state.spend import key


def of_task(services: Services, task: Task, *, before: int = 0) -> Spent:
    """What the task has spent since its counters were reset; `before`: only before the present run of that number.

    A run whose worker died stands in `state/spend` alone, one of a month long past in the task alone.
    """
    now = next((a for a in task.counted if a.n == before), None)
    noted = services.spend.task(task.id, task.counted_from, without=key(task, now) if now else "")
    total = Spent()
    for attempt in task.counted:
        if before and attempt.n > before:
            continue
        told = Spent() if attempt is now else budget.used(attempt.usage)
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


def task_over(services: Services, task: Task, repo: RepoSettings) -> Over | None:
    """The task's own ceiling that is reached."""
    return budget.task_over(repo.budget, task, of_task(services, task))


def over(services: Services, task: Task, repo_: RepoSettings) -> Over | None:
    """Why this task may start no run now, whoever the agent."""
    return task_over(services, task, repo_) or repo(services, repo_)


def last_known(services: Services, task: Task, attempt: Attempt) -> Usage:
    """What a run had used when its worker died: its newest line."""
    line = services.spend.last(task, attempt)
    if line is None or not (line.tokens or line.usd):
        return Usage()
    return Usage(
        input_tokens=line.input,
        cached_tokens=line.cached,
        output_tokens=line.output,
        cost_usd=line.usd,
        source="provider" if line.usd is not None else "unknown",
    )


def standing(services: Services, repo_: RepoSettings, agent_: AgentSettings, *, passed: bool) -> Over | None:
    """The first ceiling beyond the task's own that holds for a run of this agent on this repository."""
    return repo(services, repo_, passed=passed) or agent(services, repo_, agent_, passed=passed)


def affordable(services: Services, tasks: Sequence[Task]) -> list[Task]:
    """Those that cost nothing more, and those whose repository may start something now."""
    wanted = {t.repo.casefold() for t in tasks if t.phase is Phase.QUEUED}
    asked = [r for r in services.settings.repos if r.name.casefold() in wanted]
    closed = {r.name.casefold() for r in asked if repo(services, r) is not None}
    return [t for t in tasks if t.phase is not Phase.QUEUED or t.repo.casefold() not in closed]


def tell(services: Services) -> None:
    """Says once which repositories have work waiting that their budget does not allow now."""
    waiting = services.mailbox.ids(Folder.INBOX)
    for settings in services.settings.repos if waiting else ():
        if (reached := repo(services, settings)) is not None:
            say(services, reached)


def standing_now(services: Services) -> tuple[Over, ...]:
    """Every ceiling of a repository or an agent that is reached now; for people."""
    found = [repo(services, r) for r in services.settings.repos]
    first = next(iter(services.settings.repos), None)
    found += [agent(services, first, a) for a in services.settings.agents] if first else []
    return tuple(over for over in found if over is not None)


def say(services: Services, over: Over) -> None:
    """One alert and one ledger event per ceiling and the time it ends, then silence until then."""
    subject, state = f"budget:{over.scope.value}:{over.subject}", over.until or over.cap
    if services.signatures.seen(subject, state):
        return
    repos = over.scope in (Scope.REPO_DAY, Scope.REPO_MONTH)
    services.record(
        EventKind.OVER_BUDGET, repo=over.subject if repos else "", scope=over.scope.value,
        subject=over.subject, spent=over.spent, cap=over.cap, until=over.until,
    )  # fmt: skip
    follows = (
        "Nothing new starts; agents at work are stopped once they pass it."
        if repos
        else "It is passed over until then."
    )
    text = services.redact(f"{over.words}. {follows}")
    notify.alert(
        services,
        Alert(kind=AlertKind.SYSTEM, subject=subject, state=state, text=text, action="raise the budget, or wait"),
    )
    services.signatures.remember(subject, state)


def _spent(sums: tuple[float, int]) -> Spent:
    return Spent(usd=sums[0], tokens=sums[1])
