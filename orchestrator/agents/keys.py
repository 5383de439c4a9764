"""Where an engineer's access to its provider comes from: a key of ours, a secrets file, or a subscription's login.

Keys are read here and handed to the egress proxy only; no agent's environment, file or argument ever holds one.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.agents.base import Agent, Provider
from orchestrator.model.settings import AgentSettings

SECRETS_BYTES = 65536
REACH_SECONDS = 3.0
REACHED_FOR = 300.0
"""Seconds for which a provider that answered is taken to answer still."""
UNREACHED_FOR = 30.0
"""Seconds after which one that did not is asked again."""

_KEY = re.compile(r"[\x21-\x7e]{8,4096}")
_UNFILLED = re.compile(
    r"<|\.\.\.|(?:^|[-_])(?:your|xxx+|change-?_?me|placeholder|todo|example|insert|replace)(?:$|[-_])", re.IGNORECASE
)
"""What a key that nobody filled in looks like. Whole words only: keys are random, parts of words turn up in them."""


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
    meant = [p for p in agent.providers if p.key_env == settings.key_env]  # its usual name says which one is meant
    for provider in meant or agent.providers:
        base_url = (settings.base_url or provider.base_url).rstrip("/")
        name = settings.key_env or provider.key_env
        told = held.get(provider.secret) or held.get(name)  # cron's environment has no keys: the file may name any
        key = (told if isinstance(told, str) and told.strip() else env.get(name, "")).strip()
        filed = f"{provider.secret} in {Path(settings.secrets_file).name}" if settings.secrets_file else ""
        where = f"{filed} or {name}" if provider.secret and filed else name
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
    if settings.login and not Path(settings.login).is_dir():
        return f"{found}; and its login folder {settings.login} is not there"
    hint = " (or `login`: the folder of a subscription)" if agent.login_files else ""
    return f"{found}{hint}"


def logged_in(agent: Agent, settings: AgentSettings) -> bool:
    """Its login folder holds at least one of the files that make a login."""
    return bool(settings.login) and any((Path(settings.login) / name).is_file() for name in agent.login_files)


def secrets(file: str) -> dict[str, object] | str:
    """The secrets file's object, or what is wrong with it. Its values never stand in an error."""
    path = Path(file)
    try:
        with path.open("rb") as source:
            data = source.read(SECRETS_BYTES + 1)
    except OSError as why:
        return f"{path.name} cannot be read: {why.strerror}"
    if len(data) > SECRETS_BYTES:
        return f"{path.name} has more than {SECRETS_BYTES} bytes"
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as why:
        at = f" in line {why.lineno}" if isinstance(why, json.JSONDecodeError) else ""
        return f"{path.name} is no JSON{at}"
    return found if isinstance(found, dict) else f"{path.name} holds no JSON object"


def variables(known: Iterable[Agent]) -> frozenset[str]:
    """Names of the variables that usually hold a provider's key, for the redactor."""
    return frozenset(provider.key_env for agent in known for provider in agent.providers)


def needed(agent: Agent, settings: AgentSettings) -> tuple[str, ...]:
    """Names of our variables that a worker reads for this engineer's key."""
    return (settings.key_env,) if settings.key_env else tuple(p.key_env for p in agent.providers)


def placeholder(key: str) -> bool:
    """Nobody filled it in, or it is none: too short, or with what no header can hold."""
    return not _KEY.fullmatch(key) or _UNFILLED.search(key) is not None


def reachable(base_url: str) -> bool:
    """A TCP connection comes about. Remembered for a while: the question is asked at every choice of an agent."""
    try:
        parts = urlsplit(base_url)
        where = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    except ValueError:
        return False
    now = time.monotonic()
    if (known := _reached.get(where)) is not None and now < known.until:
        return known.answers
    answers = _answers(where)
    _reached[where] = _Reached(answers=answers, until=now + (REACHED_FOR if answers else UNREACHED_FOR))
    return answers


@dataclass(frozen=True, kw_only=True)
class _Reached:
    answers: bool
    until: float
    """On the monotonic clock."""


_reached: dict[tuple[str, int], _Reached] = {}
"""Of this process; as many entries as there are providers in the configuration."""


def _answers(where: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(where, timeout=REACH_SECONDS):
            return True
    except (OSError, UnicodeError):
        return False
