"""Engineers by name, and the order they are tried in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from orchestrator.config import hosts
from orchestrator.config.placed import Notes
from orchestrator.config.schema import Agent, Config
from orchestrator.config.schema_evidence import Block
from orchestrator.model.confinement import Limits
from orchestrator.model.settings import AgentBudget, AgentSettings, Price
from orchestrator.model.task import TaskType
from orchestrator.yamlread.problems import At, near

_FOUR = ("codex", "claude", "gemini", "deepseek")
_CLAUDE_FIRST = ("claude", "codex")
BUILT_IN: dict[TaskType, tuple[str, ...]] = {
    TaskType.IMPLEMENTATION: _FOUR,
    TaskType.DEBUGGING: ("claude", "codex", "gemini", "deepseek"),
    TaskType.ARCHITECTURE: _CLAUDE_FIRST,
    TaskType.RESEARCH: _CLAUDE_FIRST,
    TaskType.DOCS: _CLAUDE_FIRST,
    TaskType.DESIGN: _CLAUDE_FIRST,
    TaskType.CONTENT: _CLAUDE_FIRST,
    TaskType.BROWSER_AUTOMATION: ("claude", "codex", "gemini", "deepseek"),
}
"""The order of the seed's example."""
PLANNERS = _CLAUDE_FIRST
_MINUTES = {"codex": 40.0, "claude": 45.0, "gemini": 35.0, "deepseek": 30.0}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Who may be named, and who was."""

    config: Config
    notes: Notes
    known: frozenset[str]
    adapters: frozenset[str]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    """For paths: `~` and variables."""
    used: dict[str, None] = field(default_factory=dict)

    @property
    def declared(self) -> tuple[str, ...]:
        return tuple(self.config.agents or {})

    def order(self, built_in: tuple[str, ...]) -> tuple[str, ...]:
        """The built-in order, narrowed to and completed by the agents of the `agents` section when there is one."""
        names = self.declared
        if names:
            built_in = (*(n for n in built_in if n in names), *(n for n in names if n not in built_in))
        self.used.update(dict.fromkeys(built_in))
        return built_in

    def check(self, at: At, names: Iterable[str]) -> tuple[str, ...]:
        """Names somebody wrote at `at`, each of which must be an agent, none twice."""
        names = tuple(names)
        if not names:
            self.notes.bad(at, "at least one agent", [])
        for n, name in enumerate(names):
            if name not in self.declared and name not in self.known:
                choice = sorted({*self.declared, *self.known})
                hint = near(name, choice) or f": {', '.join(choice)}"
                self.notes.bad((*at, n), f"an agent of the agents section or a known one{hint}", name)
            elif name in names[:n]:
                self.notes.bad((*at, n), "each agent once", name)
        self.used.update(dict.fromkeys(names))
        return names

    def check_one(self, at: At, name: str) -> str:
        if name not in self.declared and name not in self.known:
            choice = sorted({*self.declared, *self.known})
            hint = near(name, choice) or f": {', '.join(choice)}"
            self.notes.bad(at, f"an agent of the agents section or a known one{hint}", name)
        self.used[name] = None
        return name

    def chains(self, at: At, said: dict[TaskType, list[str]] | None) -> tuple[tuple[TaskType, tuple[str, ...]], ...]:
        """One chain per task type; types the map leaves out take the built-in order."""
        said = said or {}
        return tuple(
            (t, self.check((*at, t.value), said[t]) if t in said else self.order(BUILT_IN[t])) for t in TaskType
        )

    def settings(self, secret_variables: frozenset[str]) -> tuple[AgentSettings, ...]:
        """Declared agents first, then the known ones that some chain names. Call after all names were checked."""
        for name in self.config.agent_timeout_minutes or {}:
            if name not in self.declared and name not in self.known:
                hint = near(name, {*self.declared, *self.known})
                self.notes.bad(("agent_timeout_minutes", name), f"the name of an agent{hint}", name)
        found = [self._agent(n, a or Agent(), secret_variables) for n, a in (self.config.agents or {}).items()]
        found += [
            AgentSettings(name=n, adapter=n, timeout_minutes=self._minutes(n), secrets_file=self._secrets(n, Agent()))
            for n in self.used
            if n not in self.declared and n != "auto"
        ]
        return tuple(found)

    def _minutes(self, name: str) -> float:
        return (self.config.agent_timeout_minutes or {}).get(name, _MINUTES.get(name, 40.0))

    def _agent(self, name: str, agent: Agent, secret_variables: frozenset[str]) -> AgentSettings:
        at: At = ("agents", name)
        adapter = agent.adapter or name
        if not _NAME.fullmatch(name) or name == "auto":
            self.notes.bad(at, "as name [a-z0-9-], not auto", name)
        if adapter not in self.adapters | self.known:
            choice = sorted(self.adapters)
            hint = near(adapter, choice) or f": {', '.join(choice)}"
            where = (*at, "adapter") if agent.adapter else at
            self.notes.bad(where, f"an adapter{hint}", adapter)
        if adapter == "shell" and not agent.command:
            self.notes.bad((*at, "command"), "the command line that the shell adapter runs")
        if adapter == "scripted" and not agent.playbook:
            self.notes.bad((*at, "playbook"), "the playbook that the scripted adapter plays")
        return AgentSettings(
            name=name,
            adapter=adapter,
            command=self._command((*at, "command"), agent.command),
            playbook=str(self.folder / Path(agent.playbook).expanduser()) if agent.playbook else "",
            model=agent.model or "",
            env=self._variables((*at, "env"), agent.env or [], secret_variables),
            timeout_minutes=agent.timeout_minutes or self._minutes(name),
            silence_minutes=agent.silence_minutes or 15,
            cooldown_minutes=agent.cooldown_minutes or 60,
            key_env=self._variables((*at, "key_env"), [agent.key_env] if agent.key_env else [], secret_variables)[0]
            if agent.key_env
            else "",
            secrets_file=self._secrets(name, agent),
            login=str(self._path((*at, "login"), agent.login)) if agent.login else "",
            base_url=hosts.provider(agent.base_url, (*at, "base_url"), self.notes),
            price=_filled(agent.price, Price) if agent.price else None,
            hosts=hosts.patterns((agent.hosts, (*at, "hosts")), self.notes),
            readable=tuple(str(self._path((*at, "readable", n), p)) for n, p in enumerate(agent.readable or ())),
            limits=_filled(agent.limits, Limits),
            max_parallel=agent.max_parallel or 0,
            paused=agent.paused or False,
            budget=_filled(agent.budget, AgentBudget),
        )

    def _path(self, at: At, text: str) -> Path:
        return hosts.expand(text, base=self.folder, env=self.env, at=at, notes=self.notes)

    def _secrets(self, name: str, agent: Agent) -> str:
        """The seed keeps deepseek's keys in secrets.json beside config.yaml."""
        said = agent.secrets_file or ("secrets.json" if (agent.adapter or name) == "deepseek" else "")
        return str(self._path(("agents", name, "secrets_file"), said)) if said else ""

    def _command(self, at: At, command: str | list[str] | None) -> tuple[str, ...]:
        if not isinstance(command, str):
            return tuple(command or ())
        try:
            return tuple(shlex.split(command))
        except ValueError as error:
            self.notes.bad(at, f"a command line ({error})", command)
            return ()

    def _variables(self, at: At, names: list[str], secret: frozenset[str]) -> tuple[str, ...]:
        for n, name in enumerate(names):
            if not _VARIABLE.fullmatch(name):
                self.notes.bad((*at, n), "the name of an environment variable", name)
            elif name in secret:
                self.notes.bad((*at, n), "a variable other than our own tokens; no agent gets those", name)
        return tuple(names)


_M = TypeVar("_M")


def _filled(block: Block | None, kind: type[_M]) -> _M:
    """The model value of a block; what it does not say keeps the model's default."""
    said: dict[str, Any] = {} if block is None else msgspec.structs.asdict(block)
    return msgspec.convert({k: v for k, v in said.items() if v is not None}, kind)
