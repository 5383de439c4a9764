"""How the loop asks a model: within budgets, only who could run now, and no more than so many times a day.

A question is worth less than the work: what a task would wait for, the loop does without, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator import consult
from orchestrator.consult import Answer, NoAnswer
from orchestrator.model.names import TaskId
from orchestrator.model.settings import RepoSettings
from orchestrator.model.stream import RunOutcome
from orchestrator.model.task import Task
from orchestrator.pipeline import choosing, funds
from orchestrator.policy import route
from orchestrator.services import Services
from orchestrator.state.asks import Asks

MOST_A_DAY = 24
"""Questions to agents in 24 hours, for one repository and purpose. The loop's cadences need a handful; whatever asks
hourly for nothing ends here."""
NEEDS = frozenset({"json_ask"})


def ask(
    services: Services,
    repo: RepoSettings,
    prompt: str,
    schema: Mapping[str, str],
    *,
    purpose: str,
    timeout: float = 180.0,
) -> Answer | NoAnswer:
    """The repository's `planner_agents` in turn, until one answers. The reason says of each why it did not.

    Who is paused, cooling, left alone after failures, busy or over its own budget is passed over, and nothing is
    recorded of it. `timeout` in seconds, for each. Raises Busy, CorruptState, OSError for our own state.
    """
    names = tuple(dict.fromkeys(repo.cadence.planner_agents))
    if not names:
        return NoAnswer(reason="no planner_agents")
    if why := services.stopped(repo):
        return NoAnswer(reason=why, asked=False)
    if (over := funds.repo(services, repo)) is not None:
        return NoAnswer(reason=over.words, asked=False)
    asks = Asks(root=services.settings.runtime / "state")
    free, said = _free(services, repo, names, purpose)
    tried = False
    for name in free:
        if (over := funds.repo(services, repo)) is not None:  # by the answer that did not fit
            return NoAnswer(reason="; ".join([*said, over.words]), asked=tried)
        if not asks.take(repo.key, purpose, MOST_A_DAY, services.now()):
            return NoAnswer(reason="; ".join([*said, f"asked {MOST_A_DAY} times today"]), asked=tried)
        answer = consult.ask(services, prompt, schema, purpose=purpose, repo=repo, agent=name, timeout=timeout)
        if isinstance(answer, Answer):
            return answer
        tried = True
        said.append(answer.reason)
        _tell(services, name, answer)
    return NoAnswer(reason="; ".join(said), asked=tried)


def _free(services: Services, repo: RepoSettings, names: tuple[str, ...], purpose: str) -> tuple[list[str], list[str]]:
    """Who can be asked now, in the operator's order, and why each of the others cannot."""
    task = Task(id=TaskId(f"ask-{purpose}"), repo=repo.name, title=purpose)
    every = replace(repo, chains=((task.type, names),))
    health = choosing.health(services, task, every, choosing.preflights(services, task, every))
    free: list[str] = []
    said: list[str] = []
    for name in names:
        alone = replace(repo, chains=((task.type, (name,)),))
        match route.choose(task, alone, health, services.now(), needs=NEEDS):
            case route.Route():
                free.append(name)
            case route.NoRoute(why=why):
                said.append(why)
    return free, said


def _tell(services: Services, name: str, answer: NoAnswer) -> None:
    """A refused key is the operator's to mend, whoever met it."""
    if (settings := services.settings.agent(name)) is not None:
        outcome = RunOutcome(exit=None, failure=answer.failure, detail=answer.reason)
        choosing.tell_operator(services, settings, outcome)
