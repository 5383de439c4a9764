"""Which agents the configuration names: those the person says, else those that are installed and have access."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator import agents, disk
from orchestrator.agents import keys
from orchestrator.install.words import key
from orchestrator.model.errors import Told
from orchestrator.model.settings import AgentSettings
from orchestrator.state.made import Kind, Made

REHEARSAL = "scripted"
NOBODY = ("scripted", "shell")
"""Adapters that are nobody without what a configuration says about them."""
PLAYBOOK = """\
# What the rehearsal engineer does with any issue: it needs no model. Written by `agent-os init`.
scenes:
  - when: {kind: ask, prompt: head_sha}
    steps:
      - answer:
          {nonce: "{nonce}", head_sha: "{head_sha}", verdict: approve, findings: [], criteria: "{criteria}", tests: []}
  - when: {kind: ask}
    steps:
      - answer: {answer: rehearsed}
  - when: {title: Canary of Agent OS}
    steps:
      - write: {path: agent-os-canary.md, text: "canary\\n"}
      - result: {status: complete, summary: Wrote agent-os-canary.md}
  - steps:
      - write: {path: "{task}.md", text: "Written by Agent OS for {task}.\\n"}
      - result: {status: complete, summary: "Wrote {task}.md"}
"""


@dataclass(frozen=True, kw_only=True)
class Engineer:
    """One line of the section `agents`."""

    name: str
    said: tuple[tuple[str, str], ...] = ()
    """Its keys and values."""
    unfit: str = ""
    """Why it cannot run here and now."""
    keys: tuple[tuple[str, str], ...] = ()
    """Variables of this shell that hold its key, with their values."""


def resolve(wanted: Sequence[str], env: Mapping[str, str], playbook: str) -> tuple[Engineer, ...]:
    """Those that were named, or all that could run now. Raises Told for a name that no adapter has."""
    if wanted:
        named = [_named(word, env, playbook) for word in dict.fromkeys(wanted)]
        if same := [one.name for n, one in enumerate(named) if one.name in {other.name for other in named[:n]}]:
            raise Told(f"--agent: two are called {same[0]!r}; NAME=COMMAND takes another name")
        return tuple(named)
    found = (_adapter(name, env) for name in agents.AGENTS if name not in NOBODY)
    return tuple(one for one in found if not one.unfit)


def _named(word: str, env: Mapping[str, str], playbook: str) -> Engineer:
    name, equals, command = word.partition("=")
    if equals:
        if not command.strip() or not name:
            raise Told(f"--agent {word!r}: expected NAME=COMMAND")
        try:
            shlex.split(command)
            command.encode()  # a byte of the shell's that is no UTF-8 stands in no file of ours
        except ValueError as why:
            raise Told(f"--agent {word!r}: {why}") from None
        return Engineer(name=key(name), said=(("adapter", "shell"), ("command", command)))
    if name == REHEARSAL:
        return Engineer(name="rehearsal", said=(("adapter", "scripted"), ("playbook", playbook)))
    if name not in agents.AGENTS or name in NOBODY:
        known = ", ".join(n for n in agents.AGENTS if n not in NOBODY)
        raise Told(f"--agent {name!r}: there are {known}; scripted (a rehearsal without a model); or NAME=COMMAND")
    return _adapter(name, env)


def _adapter(name: str, env: Mapping[str, str]) -> Engineer:
    """By its key, else by the login that stands in its usual folder."""
    agent = agents.AGENTS[name]
    settings = AgentSettings(name=name, adapter=name)
    unfit = agents.preflight(settings)
    held = tuple((p.key_env, env[p.key_env]) for p in agent.providers if env.get(p.key_env))
    if unfit is None:
        return Engineer(name=name, keys=held)
    login = f"~/{agent.login_home}"
    folder = str(Path(env.get("HOME") or Path.home()) / agent.login_home)
    if agent.login_home and agents.preflight(AgentSettings(name=name, adapter=name, login=folder)) is None:
        return Engineer(name=name, said=(("login", login),))
    return Engineer(name=name, unfit=unfit)


def keep_keys(engineers: Sequence[Engineer], file: Path, made: Made) -> tuple[str, ...]:
    """Writes the keys that only this shell holds where cron's workers find them, readable by this person alone; what
    the file holds already stays. Names of what was added."""
    held = keys.secrets(str(file)) if file.exists() else {}
    if isinstance(held, str):
        raise Told(held)
    new = {name: value for one in engineers for name, value in one.keys if name not in held}
    if new:
        file.parent.mkdir(parents=True, exist_ok=True)
        made.note(Kind.FILE, str(file))
        disk.replace(file, json.dumps({**held, **new}, indent=2).encode() + b"\n", mode=0o600)
        os.chmod(file, 0o600)
    return tuple(new)
