"""GitHub Copilot CLI (`copilot`), headless: the prompt on standard input, JSON lines out.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- With a key of ours it works without GitHub (`COPILOT_PROVIDER_*`) and offline but for that provider. It then needs a
  model by name. `COPILOT_PROVIDER_WIRE_API=responses`, which OpenAI's newest models want, passes by `env`.
- It unpacks 235 MB into every new HOME. A copy of that (`~/.cache/copilot/pkg/<platform>/<version>`) as the folder
  `node_modules/.copilot` of its install is read by all runs instead; it stands where a sandboxed run may read.
- Its own retries cannot be turned down: a 429 takes it a minute.
- Usage stands in its session record below HOME, as the sum of the session; its session's id comes with its last line
  only. See `copilot_events`.

Access: OPENAI_API_KEY or ANTHROPIC_API_KEY by the gateway. With a login folder (`~/.copilot` with `config.json`, what
`copilot login` leaves where there is no keyring) it goes to GitHub by itself: not proven here, for want of a login.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

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
from orchestrator.agents.copilot_events import Events
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job, RunOutcome

UNPACKED = "COPILOT_CLI_DIST_DIR"
READ_ONLY_TOOLS = "view,grep,glob"

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (
    Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY"),
    Provider(name="anthropic", base_url="https://api.anthropic.com", key_env="ANTHROPIC_API_KEY"),
)
login_files = ("config.json",)
login_hosts = ("github.com", "api.github.com", "*.githubcopilot.com")
login_home = ".copilot"
stdin = prompt_on_stdin
files = no_files
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "copilot"), "--output-format", "json", "--stream", "off", "--no-ask-user", "--no-color"]
    if job.read_only:
        words += ["--available-tools", READ_ONLY_TOOLS, "--deny-tool", "shell", "--deny-tool", "write"]
    words += ["--allow-all-tools", "--allow-all-paths", "--no-auto-update"]
    if gateway.model and not gateway.url:
        words += ["--model", gateway.model]
    if job.resume:
        words.append(f"--resume={job.resume}")
    return words


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    own = {"COPILOT_AUTO_UPDATE": "false"}
    if unpacked := _unpacked(program(settings, "copilot")[0]):
        own[UNPACKED] = unpacked
    if not gateway.url:
        return own
    return {
        **own,
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_TYPE": "anthropic" if gateway.provider == "anthropic" else "openai",
        "COPILOT_PROVIDER_BASE_URL": gateway.url,
        "COPILOT_PROVIDER_API_KEY": gateway.key,
        "COPILOT_MODEL": gateway.model,
    }


def _unpacked(word: str) -> str:
    """The copy in its install that all runs share, where somebody made one."""
    found = shutil.which(word)
    above = Path(found).resolve().parents if found else ()
    copies = (each / ".copilot" for each in above if each.name == "node_modules")
    return next((str(copy) for copy in copies if (copy / "index.js").is_file()), "")


def preflight(settings: AgentSettings) -> str | None:
    missing = installed(settings, "copilot")
    if missing is None and not settings.model and not settings.login:
        return "with a key of ours it needs a model by name: set `model`"
    return missing


def reader(job: Job) -> Reader:
    return Events(job)


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
