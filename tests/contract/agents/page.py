"""The part of docs/agents.md that is made from the adapters: versions, capabilities, command lines, variables.

`python -m tests.contract.agents.page` writes it anew; a story of the default gate fails when it is stale.
"""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from orchestrator.agents import AGENTS
from orchestrator.agents.base import Agent, Capabilities, Gateway
from orchestrator.agents.versions import PINS
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job
from tests.contract.agents.install import ROOT

PAGE = ROOT / "docs" / "agents.md"
BEGIN, END = "<!-- made from the adapters: begin -->", "<!-- made from the adapters: end -->"
OWN = ("shell", "scripted")
"""Adapters without a program of a maker's."""
JOB = Job(
    task="TASK", n=1, prompt="PROMPT", workspace="WORKSPACE", home="HOME", log="LOG", wall_seconds=2400,
    silence_seconds=900,
)  # fmt: skip


def block() -> str:
    names = [name for name in AGENTS if name not in OWN]
    return "\n\n".join([_versions(names), _capabilities(names), *(_commands(name) for name in names)])


def _versions(names: list[str]) -> str:
    lines = ["| engineer | package | tested version |", "|---|---|---|"]
    for name in names:
        pin = PINS.get(name)
        lines.append(f"| {name} | {pin.package if pin else ''} | {pin.version if pin else 'none: see below'} |")
    return "\n".join(lines)


def _capabilities(names: list[str]) -> str:
    fields = [f.name for f in dataclasses.fields(Capabilities)]
    lines = [f"| engineer | {' | '.join(f.replace('_', ' ') for f in fields)} |", f"|---|{'---|' * len(fields)}"]
    for name in names:
        can = AGENTS[name].capabilities
        lines.append(f"| {name} | {' | '.join('yes' if getattr(can, f) else '' for f in fields)} |")
    return "\n".join(lines)


def _commands(name: str) -> str:
    agent = AGENTS[name]
    settings = AgentSettings(name=name, adapter=name, command=(PINS[name].program,) if name in PINS else ())
    gateway = Gateway(
        url="http://127.0.0.1:3129", key="GATEWAY_KEY", model=_model(agent),
        provider=agent.providers[0].name if agent.providers else "", proxy="http://127.0.0.1:3128",
    )  # fmt: skip
    lines = [f"### {name}", "", "```", shlex.join(agent.argv(JOB, settings, gateway))]
    if variables := agent.env(JOB, settings, gateway):
        lines += ["", *(f"{k}={v}" for k, v in sorted(variables.items()))]
    lines += ["```", "", f"Asks {_whom(agent)}"]
    if files := agent.files(JOB, settings, gateway):
        lines[-1] += f" Written to its HOME before each run: {', '.join(f'`{f}`' for f in sorted(files))}."
    return "\n".join(lines)


def _model(agent: Agent) -> str:
    return (agent.providers[0].model if agent.providers else "") or "MODEL"


def _whom(agent: Agent) -> str:
    """Its providers with the variable of ours that holds the key, and its login."""
    asks = " then ".join(
        f"{p.name} ({p.base_url}, key in `{p.key_env}`{f' or `{p.secret}` of the secrets file' if p.secret else ''})"
        for p in agent.providers
    )
    login = f" Login: {', '.join(f'`{f}`' for f in agent.login_files)} of `~/{agent.login_home}`."
    return f"{asks or 'nobody'}.{login if agent.login_files else ''}"


def page(text: str) -> str:
    """The page with the block made anew."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{block()}\n\n{END}{rest.split(END)[1]}"


def main(file: Path = PAGE) -> None:
    file.write_text(page(file.read_text()))


if __name__ == "__main__":
    main()
