"""Where an engineer's access to its provider comes from: a key of ours, a secrets file, or a subscription's login.

Keys are read here and handed to the egress proxy only; no agent's environment, file or argument ever holds one.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.agents.base import Agent, Provider
from orchestrator.model.settings import AgentSettings

PLACEHOLDERS = ("your", "xxx", "changeme", "change-me", "placeholder", "<", "todo", "example", "...")
"""What a key that nobody filled in begins with or holds."""
SECRETS_BYTES = 65536
REACH_SECONDS = 3.0
REACHED_FOR = 300.0
"""Seconds for which a provider that answered is taken to answer still; one that did not is asked again after 30."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """One provider that can be asked."""

    provider: Provider
    base_url: str
    key: str = field(repr=False)


def access(agent: Agent, settings: AgentSettings, env: Mapping[str, str] | None = None) -> Access | str:
    """The first provider of the chain whose key is at hand and who answers, or why there is none."""
    env = os.environ if env is None else env
    held = secrets(settings.secrets_file) if settings.secrets_file else {}
    if isinstance(held, str):
        return held
    reasons: list[str] = []
    for provider in agent.providers:
        base_url = (settings.base_url or provider.base_url).rstrip("/")
        name = settings.key_env or provider.key_env
        key = str(held.get(provider.secret, "")) if provider.secret else ""
        key = (key or env.get(name, "")).strip()
        where = f"{provider.secret} in {Path(settings.secrets_file).name} or {name}" if provider.secret else name
        if not key:
            reasons.append(f"{provider.name}: no key ({where})")
        elif placeholder(key):
            reasons.append(f"{provider.name}: its key is a placeholder ({where})")
        elif len(agent.providers) > 1 and not reachable(base_url):
            reasons.append(f"{provider.name}: does not answer at {urlsplit(base_url).netloc}")
        else:
            return Access(provider=provider, base_url=base_url, key=key)
    return "; ".join(reasons)


def unfit(agent: Agent, settings: AgentSettings) -> str | None:
    """The preflight of access: None when there is a key, a login folder, or no provider at all."""
    if not agent.providers or logged_in(agent, settings):
        return None
    found = access(agent, settings)
    if isinstance(found, Access):
        return None
    hint = " (or `login`: the folder of a subscription)" if agent.login_files else ""
    return f"{found}{hint}"


def logged_in(agent: Agent, settings: AgentSettings) -> bool:
    """Its login folder holds at least one of the files that make a login."""
    return bool(settings.login) and any((Path(settings.login) / name).is_file() for name in agent.login_files)


def secrets(file: str) -> dict[str, object] | str:
    """The secrets file's object, or what is wrong with it. Its values never stand in an error."""
    path = Path(file)
    try:
        data = path.read_bytes()
    except OSError as why:
        return f"{path.name} cannot be read: {why.strerror}"
    if len(data) > SECRETS_BYTES:
        return f"{path.name} has {len(data)} bytes, more than {SECRETS_BYTES}"
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as why:
        at = f" in line {why.lineno}" if isinstance(why, json.JSONDecodeError) else ""
        return f"{path.name} is no JSON{at}"
    return found if isinstance(found, dict) else f"{path.name} holds no JSON object"


def placeholder(key: str) -> bool:
    fold = key.casefold()
    return len(key) < 8 or any(word in fold for word in PLACEHOLDERS)


def reachable(base_url: str) -> bool:
    """A TCP connection comes about. Remembered for a while: the question is asked at every choice of an agent."""
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    moment = int(time.monotonic() // REACHED_FOR)
    return _reached(parts.hostname or "", port, moment) or _reached(
        parts.hostname or "", port, -int(time.monotonic() // 30) - 1
    )


@lru_cache(maxsize=64)
def _reached(host: str, port: int, moment: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=REACH_SECONDS):
            return True
    except OSError:
        return False
