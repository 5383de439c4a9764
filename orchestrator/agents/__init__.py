"""The engineers: one plain module per command line program, one line in `AGENTS`.

`run` gives one job to one agent and tells how it ended; `ask` gets words for the control plane. How a run is started,
confined and watched stands in `running`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.agents import (
    aider,
    claude,
    cline,
    codex,
    copilot,
    cursor,
    deepseek,
    gemini,
    grok,
    keys,
    kimi,
    mini_swe_agent,
    opencode,
    qwen,
    running,
    scripted,
    shell,
)
from orchestrator.agents.base import ASK, Agent, Capabilities, binary_variable
from orchestrator.agents.confining import confinement
from orchestrator.agents.running import OPEN, Confinement, Watch, environment
from orchestrator.clock import Clock
from orchestrator.model.names import Public
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Event, Job, RunOutcome, Text

__all__ = [
    "AGENTS", "OPEN", "Confinement", "NoReply", "Reply", "Watch", "ask", "capabilities",
    "confinement", "environment", "only_json", "preflight", "run",
]  # fmt: skip

AGENTS: dict[str, Agent] = {
    "shell": shell,
    "scripted": scripted,
    "claude": claude,
    "codex": codex,
    "gemini": gemini,
    "opencode": opencode,
    "deepseek": deepseek,
    "qwen": qwen,
    "grok": grok,
    "copilot": copilot,
    "cursor": cursor,
    "kimi": kimi,
    "cline": cline,
    "aider": aider,
    "mini-swe-agent": mini_swe_agent,
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model said to a question: JSON when exactly one JSON value was found in it, else its words."""

    text: str
    said: str = ""
    """All its words, at most `MOST_SAID` characters of them."""
    usage: Usage = Usage()


@dataclass(frozen=True, kw_only=True)
class NoReply:
    """There is no answer; `failure` and `reset_at` as in a run."""

    why: str
    failure: FailureClass = FailureClass.UNKNOWN
    reset_at: str = ""
    usage: Usage = Usage()


MOST_TOLD = 160
"""Characters of a program's words in a reason."""
MOST_SAID = 1_000_000
"""Characters of an answer that are held; what is longer was cut, and is no answer any more."""


def capabilities(settings: AgentSettings) -> Capabilities:
    """What this engineer's program can do; nothing when there is no adapter for it."""
    agent = AGENTS.get(settings.adapter)
    return agent.capabilities if agent is not None else Capabilities()


def variables(settings: AgentSettings) -> tuple[str, ...]:
    """Names of our variables that a worker needs for this engineer: its key's, and where its program is. None of them
    reaches the agent."""
    agent = AGENTS.get(settings.adapter)
    return (*keys.needed(agent, settings), *map(binary_variable, AGENTS)) if agent is not None else ()


def preflight(settings: AgentSettings) -> str | None:
    """Why this engineer cannot run now, or None. Starts nothing."""
    agent = AGENTS.get(settings.adapter)
    if agent is not None:
        return agent.preflight(settings) or keys.unfit(agent, settings)
    return f"unknown adapter {settings.adapter!r}; there are {', '.join(AGENTS)}"


def run(
    settings: AgentSettings,
    job: Job,
    *,
    clock: Clock,
    redact: Callable[[str], Public],
    confine: Confinement = OPEN,
    watch: Watch | None = None,
    stop: Callable[[], str] = lambda: "",
) -> RunOutcome:
    """One agent run to its end, its limit, or the word a watcher answers. Raises nothing for what an agent does."""
    return _run(settings, job, clock, redact, confine, watch or Watch(stop=stop), lambda event: None)


def ask(
    settings: AgentSettings,
    prompt: str,
    *,
    timeout: float,
    home: Path,
    log: Path,
    redact: Callable[[str], Public],
    schema_hint: str = "",
    clock: Clock | None = None,
    confine: Confinement = OPEN,
    watch: Watch | None = None,
) -> Reply | NoReply:
    """A question in an empty folder. `timeout` in seconds; `watch` is told what it spends, and may end it. The caller
    checks the answer: it is a model's words."""
    texts: list[str] = []
    room = MOST_SAID
    first = ""

    def hear(event: Event) -> None:
        nonlocal room, first
        if isinstance(event, Text) and not first:
            first = event.text
        if isinstance(event, Text) and not event.noise and room > 0:
            texts.append(event.text[:room])
            room -= len(event.text) + 1

    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ask-", dir=home) as folder:
        job = Job(
            task=ASK,
            n=1,
            prompt=str(redact(f"{prompt}\n\n{schema_hint}".rstrip())) + "\n",  # it goes to another provider
            workspace=folder,
            home=str(home),
            log=str(log),
            wall_seconds=timeout,
            silence_seconds=timeout,
            read_only=True,
        )
        outcome = _run(settings, job, clock or Clock(), redact, confine, watch or Watch(), hear)
    if outcome.failure is not FailureClass.NONE:
        words = told(redact(first))
        heard = f"; it said: {words}" if words and words not in outcome.detail else ""
        why = f"{settings.name}: {outcome.failure.value} {outcome.detail}".rstrip() + heard
        return NoReply(why=why, failure=outcome.failure, reset_at=outcome.reset_at, usage=outcome.usage)
    said = "\n".join(texts)
    return Reply(text=only_json(said), said=said, usage=outcome.usage)


def told(text: Public) -> str:
    """The first line of a program's words, for a reason that a person reads."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    shown = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return shown if len(shown) <= MOST_TOLD else f"{shown[: MOST_TOLD - 1]}…"


def _run(
    settings: AgentSettings,
    job: Job,
    clock: Clock,
    redact: Callable[[str], Public],
    confine: Confinement,
    watch: Watch,
    hear: Callable[[Event], None],
) -> RunOutcome:
    unfit = preflight(settings)
    if unfit is not None:
        return RunOutcome(exit=None, failure=FailureClass.NOT_INSTALLED, detail=str(redact(unfit)))
    return running.run(AGENTS[settings.adapter], settings, job, clock, redact, confine, watch, hear)


def only_json(text: str) -> str:
    """The one JSON object or list in `text`; all of it when there is none, or more than one to choose from."""
    found: list[str] = []
    at, tries = 0, 0
    decoder = json.JSONDecoder()
    while (start := _next_open(text, at)) >= 0 and tries < 200:
        tries += 1
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
            continue
        found.append(text[start:end])
        at = end
    return found[0] if len(found) == 1 else text


def _next_open(text: str, at: int) -> int:
    places = [p for p in (text.find("{", at), text.find("[", at)) if p >= 0]
    return min(places, default=-1)
