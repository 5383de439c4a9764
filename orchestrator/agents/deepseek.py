"""DeepSeek's models as an engineer: an OpenCode run by the first of three providers that has a key and answers.

OpenRouter, then NanoGPT, then Chutes. Their keys stand in the file that `secrets_file` names (as openRouterApiKey,
nanoGptApiKey, chutesApiKey), or in variables. Each calls the model by a name of its own, so `model` is best left empty.
The names are from the list of models that OpenCode carries.
"""

from __future__ import annotations

from orchestrator.agents.base import Provider
from orchestrator.agents.opencode import (
    argv,
    capabilities,
    env,
    files,
    message,
    outcome,
    preflight,
    reader,
    stdin,
)

__all__ = [
    "argv", "capabilities", "env", "files", "login_files", "login_home", "login_hosts", "message", "outcome",
    "preflight", "providers", "reader", "stdin",
]  # fmt: skip

providers = (
    Provider(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        key_env="OPENROUTER_API_KEY",
        secret="openRouterApiKey",
        model="deepseek/deepseek-v4-flash-0731",
    ),
    Provider(
        name="nanogpt",
        base_url="https://nano-gpt.com/api/v1",
        key_env="NANO_GPT_API_KEY",
        secret="nanoGptApiKey",
        model="deepseek/deepseek-v4-flash-0731",
    ),
    Provider(
        name="chutes",
        base_url="https://llm.chutes.ai/v1",
        key_env="CHUTES_API_KEY",
        secret="chutesApiKey",
        model="deepseek-ai/DeepSeek-V4-Flash-0731-TEE",
    ),
)
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""
