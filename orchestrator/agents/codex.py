"""Codex (`codex exec`), headless: the prompt on standard input, JSON lines out.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- Our provider is given by `-c`, not in `config.toml`: two runs that share a HOME would rewrite it under each other.
- No retries of its own: with one it obeys `Retry-After` to the letter and sleeps an hour in silence.
- `--disable plugins` and two settings, or it calls four hosts at every start.
- Its own sandbox does not start inside of ours; it is used where we have none and the run may only look.
- Its lines tell failures in words only. Codes stand in its session record below HOME; see `codex_events`.

Access: OPENAI_API_KEY by the gateway, else a login folder (`~/.codex` with `auth.json`), with which it goes to its
provider by itself. A model that is not named is the program's own choice, which not every key may use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from orchestrator.agents.base import (
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_files,
    no_message,
    program,
    prompt_on_stdin,
    settle,
)
from orchestrator.agents.codex_events import Events
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job, RunOutcome

KEY = "AGENT_OS_GATEWAY_KEY"
"""Variable that holds the gateway's key for it."""
RETRIES = {"request_max_retries": 0, "stream_max_retries": 0}
IDLE_MS = 300_000
"""Silence in an answer after which it gives up, where the run's own limit is longer."""

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY"),)
login_files = ("auth.json",)
login_hosts = ("chatgpt.com", "auth.openai.com", "api.openai.com")
login_home = ".codex"
stdin = prompt_on_stdin
files = no_files
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "codex"), "exec"]
    words += ["resume", job.resume] if job.resume else []
    words += ["--json", "--skip-git-repo-check", "--ignore-user-config", "--disable", "plugins"]
    words += ["-c", "analytics.enabled=false", "-c", 'otel.metrics_exporter="none"']
    if job.read_only and not gateway.boxed:
        words += ["-c", 'sandbox_mode="read-only"', "-c", 'approval_policy="never"']
    else:
        words.append("--dangerously-bypass-approvals-and-sandbox")
    if gateway.model:
        words += ["-m", gateway.model]
    words += ["-c", 'model_provider="gateway"', "-c", f"model_providers.gateway={_provider(gateway, job)}"]
    return [*words, "-"]


def _provider(gateway: Gateway, job: Job) -> str:
    """An inline table of TOML. Without a gateway it is OpenAI by the login of its own, but as patient as we say."""
    idle = min(IDLE_MS, max(1000, int(job.silence_seconds * 1000)))
    table: dict[str, str | int] = {
        "name": "gateway",
        "wire_api": "responses",
        **RETRIES,
        "stream_idle_timeout_ms": idle,
    }
    if gateway.url:
        table |= {"base_url": gateway.url, "env_key": KEY}
    inside = [f"{key}={json.dumps(value)}" for key, value in table.items()]
    return "{" + ",".join(inside if gateway.url else [*inside, "requires_openai_auth=true"]) + "}"


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {KEY: gateway.key} if gateway.url else {}


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "codex")


def reader(job: Job) -> Reader:
    return Events(job)


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
