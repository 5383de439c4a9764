"""Any command line as an agent: the prompt is its standard input, what it prints is text, exit 0 is good."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from orchestrator.agents.base import (
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
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job, RunOutcome

capabilities = Capabilities(json_ask=True)
stdin = prompt_on_stdin
env = no_env
files = no_files
message = no_message
providers: tuple[Provider, ...] = ()
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    return settings.command


def preflight(settings: AgentSettings) -> str | None:
    if not settings.command:
        return f"agent {settings.name!r} has no command"
    if shutil.which(settings.command[0]) is None:
        return f"{settings.command[0]!r} is not installed"
    return None


def reader(job: Job) -> Reader:
    return Reader()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=False)
