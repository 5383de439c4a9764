"""The scripted agent: plays a YAML playbook (see `player`), so that stories and the demo need no model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from orchestrator.agents.base import (
    ASK,
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    no_env,
    no_files,
    no_message,
    prompt_on_stdin,
    settle,
)
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Command,
    Denied,
    Edit,
    Error,
    Event,
    Job,
    Quota,
    RunOutcome,
    SessionStarted,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

PLAYER = Path(__file__).with_name("player.py")

capabilities = Capabilities(resume=True, read_only=True, cost_known=True, json_ask=True, terminal=True)
stdin = prompt_on_stdin
env = no_env
files = no_files
message = no_message
providers: tuple[Provider, ...] = ()
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    """Isolated (-I) and by path: neither the workspace nor PYTHONPATH can put its own modules in the player's place."""
    kind = "ask" if job.task == ASK else "run"
    named = ("--agent", settings.name, "--task", job.task, "--n", str(job.n), "--kind", kind, "--resume", job.resume)
    return (sys.executable, "-I", str(PLAYER), settings.playbook, *named)


def preflight(settings: AgentSettings) -> str | None:
    if not settings.playbook:
        return f"agent {settings.name!r} has no playbook"
    if not Path(settings.playbook).is_file():
        return f"playbook {settings.playbook!r} does not exist"
    return None


class Events(Reader):
    """One JSON object per line; a line that is none (what a `run` step printed) is text."""

    def line(self, text: str) -> Iterable[Event]:
        try:
            data = json.loads(text) if text.startswith('{"type"') else None
        except (ValueError, RecursionError):
            data = None
        event = _event(data) if isinstance(data, dict) else None
        return super().line(text) if event is None else (event,)


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)


def _event(data: dict[str, object]) -> Event | None:
    text = str(data.get("text", ""))
    match data.get("type"):
        case "text":
            return Text(text=text)
        case "thinking":
            return Thinking(text=text)
        case "edit":
            return Edit(path=str(data.get("path", "")))
        case "command":
            return Command(command=str(data.get("command", "")), exit=_whole(data.get("exit")))
        case "usage":
            return UsageReport(usage=_usage(data))
        case "session":
            return SessionStarted(id=str(data.get("id", "")))
        case "quota":
            return Quota(reset_at=str(data.get("reset_at", "")))
        case "denied":
            return Denied(what=text)
        case "error":
            return Error(failure=_failure(data.get("class")), text=text)
        case "terminal":
            return Terminal(ok=data.get("ok") is True)
        case _:
            return None


def _usage(data: dict[str, object]) -> Usage:
    cost = data.get("cost")
    return Usage(
        input_tokens=_whole(data.get("input")) or 0,
        cached_tokens=_whole(data.get("cached")) or 0,
        output_tokens=_whole(data.get("output")) or 0,
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
        source="provider",
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _failure(value: object) -> FailureClass:
    return next((f for f in FailureClass if f.value == value), FailureClass.UNKNOWN)
