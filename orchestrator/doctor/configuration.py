"""config.yaml, read as every command reads it."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, warn


def look(given: Given) -> Iterator[Finding]:
    name = given.config_file.name
    for problem in given.broken:
        yield fail(problem, f"correct {name}; `agent-os check-config` reads it again")
    if given.loaded is None:
        return
    for warning in given.loaded.warnings:
        yield warn(warning, f"change it in {name}")
    repos, agents = len(given.loaded.repos), len(given.loaded.agents)
    yield ok(f"{name} is good: {repos} repositor{'y' if repos == 1 else 'ies'}, {agents} agent{'s' * (agents != 1)}")


CHECK = Check(
    name="configuration", why="Nothing runs on a configuration that is wrong anywhere.", look=look, quick=True
)
