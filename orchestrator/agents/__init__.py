"""The engineers: one plain module per command line program, one line in `AGENTS`.

`run` gives one job to one agent and tells how it ended; `ask` gets words for the control plane. An agent gets a
cleared environment, a HOME of its own and the variables its settings name; no token of ours is ever among them.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator import process
from orchestrator.agents import scripted, shell
from orchestrator.agents.base import ASK, Agent, Tally
from orchestrator.agents.log import RunLog
from orchestrator.clock import Clock
from orchestrator.model.names import Public
from orchestrator.model.result import FailureClass
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Event, Job, RunOutcome, Text
from orchestrator.model.times import parse, stamp

AGENTS: dict[str, Agent] = {
    "shell": shell,
    "scripted": scripted,
}

KNOWN_ENGINEERS = frozenset(
    {
        "claude",
        "codex",
        "gemini",
        "deepseek",
        "opencode",
        "qwen",
        "copilot",
        "grok",
        "kimi",
        "cline",
        "aider",
        "mini-swe-agent",
        "cursor",
    }
)
"""Names that config may use although this version has no adapter for them: their preflight fails, nothing is spent."""

NEVER_PASSED = frozenset({"GITHUB_TOKEN", "GH_TOKEN", "GITHUB_PAT", "TELEGRAM_BOT_TOKEN"})
"""Variables no agent gets, whatever its settings name."""

_SESSION = re.compile(r"[A-Za-z0-9][\w.:-]{0,127}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model said to a question: JSON when exactly one JSON value was found in it, else its words."""

    text: str


@dataclass(frozen=True, kw_only=True)
class NoReply:
    """There is no answer; `failure` and `reset_at` as in a run."""

    why: str
    failure: FailureClass = FailureClass.UNKNOWN
    reset_at: str = ""


def preflight(settings: AgentSettings) -> str | None:
    """Why this engineer cannot run now, or None. Starts nothing."""
    agent = AGENTS.get(settings.adapter)
    if agent is not None:
        return agent.preflight(settings)
    if settings.adapter in KNOWN_ENGINEERS:
        return f"no adapter for {settings.adapter!r} in this version"
    return f"unknown adapter {settings.adapter!r}; there are {', '.join(AGENTS)}"


def run(
    settings: AgentSettings,
    job: Job,
    *,
    clock: Clock,
    redact: Callable[[str], Public],
    stop: Callable[[], str] = lambda: "",
) -> RunOutcome:
    """One agent run to its end, its limit, or the word `stop` answers. Raises nothing for what an agent does."""
    return _run(settings, job, clock, redact, stop, lambda event: None)


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
) -> Reply | NoReply:
    """A question in an empty folder. `timeout` in seconds. The caller checks the answer: it is a model's words."""
    texts: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Text):
            texts.append(event.text)

    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ask-", dir=home) as folder:
        job = Job(
            task=ASK,
            n=1,
            prompt=f"{prompt}\n\n{schema_hint}".rstrip() + "\n",
            workspace=folder,
            home=str(home),
            log=str(log),
            wall_seconds=timeout,
            silence_seconds=timeout,
        )
        outcome = _run(settings, job, clock or Clock(), redact, lambda: "", hear)
    if outcome.failure is not FailureClass.NONE:
        why = f"{settings.name}: {outcome.failure.value} {outcome.detail}".rstrip()
        return NoReply(why=why, failure=outcome.failure, reset_at=outcome.reset_at)
    return Reply(text=only_json("\n".join(texts)))


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


def _run(
    settings: AgentSettings,
    job: Job,
    clock: Clock,
    redact: Callable[[str], Public],
    stop: Callable[[], str],
    hear: Callable[[Event], None],
) -> RunOutcome:
    unfit = preflight(settings)
    if unfit is not None:
        return RunOutcome(exit=None, failure=FailureClass.NOT_INSTALLED, detail=str(redact(unfit)))
    agent = AGENTS[settings.adapter]
    reader, tally = agent.reader(), Tally()
    with RunLog(Path(job.log), clock, redact) as log:
        log.note(f"run {job.n} of {job.task} by {settings.name}")

        def take(event: Event) -> None:
            tally.add(log.event(event))
            hear(event)

        def on_line(text: str) -> None:
            for event in reader.line(text):
                take(event)

        try:
            ended = process.stream(
                tuple(agent.argv(job, settings)),
                cwd=job.workspace,
                env=environment(agent, job, settings),
                stdin=agent.stdin(job),
                on_line=on_line,
                wall_seconds=job.wall_seconds,
                silence_seconds=job.silence_seconds,
                stop=stop,
            )
        except process.CannotStart as error:
            log.note(f"cannot start: {error}")
            return RunOutcome(exit=None, failure=FailureClass.NOT_INSTALLED, detail=str(redact(str(error))))
        for event in reader.end():
            take(event)
        outcome = _checked(agent.outcome(tally, ended.exit, ended.why_killed, ended.seconds), redact)
        log.note(f"ended: exit {outcome.exit}, {outcome.failure.value} {outcome.detail}".rstrip())
    return outcome


def environment(agent: Agent, job: Job, settings: AgentSettings) -> Mapping[str, str]:
    """All an agent's process sees. Makes its HOME; temporary files stay in it."""
    temporary = Path(job.home) / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    allowed = [name for name in settings.env if name not in NEVER_PASSED]
    own = {"HOME": job.home, "TMPDIR": str(temporary), **agent.env(job, settings), **dict(job.env)}
    return process.clean_env({k: v for k, v in own.items() if k not in NEVER_PASSED}, keep=allowed)


def _checked(outcome: RunOutcome, redact: Callable[[str], Public]) -> RunOutcome:
    """What an agent told is foreign: a session id becomes an argument later, a time becomes a decision."""
    return replace(
        outcome,
        session=outcome.session if _SESSION.fullmatch(outcome.session) else "",
        reset_at=_time(outcome.reset_at),
        detail=str(redact(outcome.detail))[:2000],
    )


def _time(text: str) -> str:
    try:
        return stamp(parse(text)) if text else ""
    except (ValueError, OverflowError):
        return ""
