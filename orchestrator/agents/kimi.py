"""Kimi Code (`kimi -p`), headless: JSON lines out, the prompt in a file.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- It needs Node 22.19 or newer and does not start on an older one. PyPI's `kimi-cli` is another, dead program.
- `-p` takes the prompt as an argument only, and its text may begin a command of the program's own (`/goal`): so the
  argument says which file to read, and the prompt stands there.
- One attempt per request; with more it waits for minutes, and as long as a `Retry-After` says.
- Its lines hold neither usage nor codes, and the session's id only after a good end: see `kimi_events`.

Access: MOONSHOT_API_KEY, or KIMI_API_KEY (a plan for coding), both by the gateway. Else a login folder (`~/.kimi-code`
with `credentials/kimi-code.json`, what `kimi login` leaves), with which it goes to its provider by itself. The login
was tried with a made-up token against the stub only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from orchestrator.agents.base import (
    PROMPT_FILE,
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_message,
    no_stdin,
    program,
    prompt_in_file,
    settle,
)
from orchestrator.agents.kimi_events import Events
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job, RunOutcome

LOOKER = ".agent-os/looker.md"
"""Below HOME: the profile that only looks. Its tools are all that the model is offered."""
_LOOKER = """---
name: looker
description: Looks at files and answers
tools: [Read, Grep, Glob]
---
You look at files and answer in words. You change nothing.
"""
PLAN = "https://api.kimi.com/coding/v1"
PLAN_MODEL = "kimi-for-coding"
CONTEXT = 262_144
"""Tokens that Moonshot's models take at least; the program has to be told a number."""

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (
    Provider(
        name="moonshot",
        base_url="https://api.moonshot.ai/v1",
        key_env="MOONSHOT_API_KEY",
        model="kimi-k2.7-code",
    ),
    Provider(name="kimi-plan", base_url=PLAN, key_env="KIMI_API_KEY", model=PLAN_MODEL),
)
login_files = ("credentials/kimi-code.json",)
login_hosts = ("api.kimi.com", "auth.kimi.com")
login_home = ".kimi-code"
stdin = no_stdin
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "kimi"), "--output-format", "stream-json"]
    if job.resume:
        words += ["-S", job.resume]  # a session keeps the profile it began with
    elif job.read_only:
        words += ["--agent-file", f"{job.home}/{LOOKER}"]
    return [*words, "-p", f"Read the whole file {job.home}/{PROMPT_FILE} and do exactly what it says."]


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {
        "KIMI_CODE_NO_AUTO_UPDATE": "1",
        "KIMI_DISABLE_TELEMETRY": "1",
        "KIMI_DISABLE_CRON": "1",
        "KIMI_LOOP_MAX_ATTEMPTS_PER_STEP": "1",
    }


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {
        **prompt_in_file(job),
        LOOKER: _LOOKER,
        f"{login_home}/config.toml": _config(settings, gateway),
    }


def _config(settings: AgentSettings, gateway: Gateway) -> str:
    """One provider and one model: the gateway, else the plan by its login. Its quoting is TOML's as well."""
    if gateway.url:
        # An address of the operator's own may belong to anybody: no fields there that only Moonshot knows.
        kind = "openai" if settings.base_url else "kimi"
        name = "gateway"
        access = [f'type = "{kind}"', f"base_url = {json.dumps(gateway.url)}", f"api_key = {json.dumps(gateway.key)}"]
    else:
        name = "managed:kimi-code"
        access = ['type = "kimi"', f'base_url = "{PLAN}"', 'api_key = ""']
        access.append('oauth = { storage = "file", key = "oauth/kimi-code" }')
    model = gateway.model or PLAN_MODEL
    return "\n".join(
        (
            'default_model = "engineer"',
            'default_permission_mode = "auto"',
            "telemetry = false",
            f'[providers."{name}"]',
            *access,
            "[models.engineer]",
            f'provider = "{name}"',
            f"model = {json.dumps(model)}",
            f"max_context_size = {CONTEXT}",
            "",
        )
    )


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "kimi")


def reader(job: Job) -> Reader:
    return Events(job)


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
