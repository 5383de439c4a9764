"""Every question the control plane asks a model goes through here, and none is asked without work that needs it."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator import agents
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import stamp
from orchestrator.policy import route
from orchestrator.services import Services
from orchestrator.state.store import Busy

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "flag": (bool,),
    "texts": (list,),
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    data: dict[str, Json]
    agent: str


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """The caller falls back to its deterministic way."""

    reason: str
    failure: FailureClass = FailureClass.NONE
    """Of the agent's run; none where it did run, and what it said did not fit."""
    asked: bool = True
    """False = nobody was asked, for a reason that passes: money, a cool-down, the day's questions."""


def ask(
    services: Services,
    prompt: str,
    schema: Mapping[str, str],
    *,
    purpose: str,
    repo: RepoSettings,
    agent: str,
    timeout: float = 60.0,
) -> Answer | NoAnswer:
    """A closed question: `schema` maps each key of the wanted JSON object to text, number, flag or texts.

    The answer is checked (exactly these keys, these kinds) and asked once more when it does not fit. Each question and
    its end is one ledger event. An agent that met its limit cools down, as after a run. Never raises for what a model
    does.
    """
    if why := services.stopped(repo):
        return NoAnswer(reason=why, asked=False)
    settings = services.settings.agent(agent)
    if settings is None:
        return _note(services, repo, purpose, agent, NoAnswer(reason=f"agent {agent!r} is not configured"))
    text = f"{prompt}\n\nAnswer with one JSON object and nothing else. Keys: {json.dumps(dict(schema))}"
    confine = agents.confinement(repo, services.settings.runtime)
    if isinstance(confine, str):
        return _note(services, repo, purpose, agent, NoAnswer(reason=confine))
    problem = reason = ""
    folder = services.settings.runtime / "logs" / "consult"
    for _ in range(2):
        again = f"{text}\n\nYour last answer was refused: {problem}" if problem else text
        reply = agents.ask(
            settings,
            again,
            timeout=timeout,
            home=folder / "home",
            log=folder / f"{purpose}.log",
            redact=services.redact,
            confine=confine,
            watch=agents.Watch(stop=lambda: "off" if services.stopped(repo) else ""),
        )
        _spent(services, repo, purpose, agent, reply.usage)
        if isinstance(reply, agents.NoReply):
            _cools(services, settings, reply)
            return _note(services, repo, purpose, agent, NoAnswer(reason=reply.why, failure=reply.failure))
        checked = check(reply.text, schema)
        if isinstance(checked, dict):
            return _note(services, repo, purpose, agent, Answer(data=checked, agent=agent))
        problem, words = checked, agents.told(services.redact(reply.said))
        reason = f"{agent}: {problem}" + (f"; it said: {words}" if words else "; it said nothing")
    return _note(services, repo, purpose, agent, NoAnswer(reason=reason))


def check(text: str, schema: Mapping[str, str]) -> dict[str, Json] | str:
    """The object, or what is wrong with it. Text round a single object (a fence, a greeting) is forgiven."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return "no JSON object in it"
    try:
        data = json.loads(text[start : end + 1])
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    if set(data) != set(schema):
        return f"keys {sorted(data)}, wanted {sorted(schema)}"
    for key, kind in schema.items():
        value = data[key]
        if not isinstance(value, KINDS[kind]) or (kind == "number" and isinstance(value, bool)):
            return f"{key} must be {kind}"
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            return f"{key} must be a list of texts"
    return dict(data)


def _cools(services: Services, settings: AgentSettings, reply: agents.NoReply) -> None:
    if reply.failure is FailureClass.QUOTA:
        until = route.cool_until(reply.reset_at, services.now(), settings.cooldown_minutes)
        services.cooldowns.set(settings.name, until)


def _spent(services: Services, repo: RepoSettings, purpose: str, agent: str, usage: Usage) -> None:
    """A question is no run of any task; it counts in the budgets of its repository and its agent."""
    started = f"{stamp(services.now())} {secrets.token_hex(4)}"
    task = Task(id=TaskId(f"ask-{purpose}"), repo=repo.name, title=purpose)
    with contextlib.suppress(Busy, OSError):
        services.spend.note(task, Attempt(n=0, agent=agent, started=started), usage, end=True)


def _note(
    services: Services, repo: RepoSettings, purpose: str, agent: str, outcome: Answer | NoAnswer
) -> Answer | NoAnswer:
    reason = outcome.reason if isinstance(outcome, NoAnswer) else ""
    services.record(
        EventKind.ASKED, repo=repo.name, purpose=purpose, agent=agent, answered=isinstance(outcome, Answer), why=reason
    )
    return outcome
