"""`--agent NAME`: a command line agent the user has, in place of the scripted engineers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator import agents, config, wiring
from orchestrator.demo.scenario import ENGINEERS
from orchestrator.model.errors import Told
from orchestrator.model.settings import AgentSettings

NEED_MORE = ("scripted", "shell")
"""Adapters that are nobody without what a configuration says about them."""


class NoSuchEngineer(Told):
    """The name leads to no agent that can run here; the message lists those that do."""


def resolve(name: str, env: Mapping[str, str], *, checkout: Path) -> AgentSettings | None:
    """The agent's settings from the user's own configuration, else the plain adapter of that name.

    None for `scripted`, the demo's own. Raises NoSuchEngineer, ConfigError.
    """
    if name == "scripted":
        return None
    known = _known(env, checkout)
    found = known.get(name)
    if found is None:
        names = ", ".join(sorted(known)) or "none yet"
        raise NoSuchEngineer(
            f"--agent {name!r}: not an agent here. There are: scripted (the default); {names}. Any other command line "
            f"can be one: give it a name under `agents` in config.yaml with `adapter: shell` and its `command`"
        )
    if unfit := agents.preflight(found):
        raise NoSuchEngineer(f"--agent {name!r}: {unfit}")
    return replace(found, name=f"{name}-agent") if name in ENGINEERS else found


def _known(env: Mapping[str, str], checkout: Path) -> dict[str, AgentSettings]:
    plain = {n: AgentSettings(name=n, adapter=n) for n in agents.AGENTS if n not in NEED_MORE}
    root, file = config.locate(env, checkout=checkout)
    if not file.is_file():
        return plain
    configured = {a.name: a for a in wiring.settings(file, root, env).agents}
    return plain | {n: a for n, a in configured.items() if a.adapter in agents.AGENTS and a.adapter != "scripted"}
