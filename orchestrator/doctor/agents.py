"""Each engineer: is its program there, of a tested version, with a key or a login."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from orchestrator import agents, process
from orchestrator.agents import base, versions
from orchestrator.doctor.base import Check, Finding, Given, fail, ok, warn
from orchestrator.model.settings import AgentSettings

_VERSION = re.compile(r"\d+\.\d+\.\d+")
SECONDS = 8.0


def look(given: Given) -> Iterator[Finding]:
    known = given.settings.agents
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield from pool.map(lambda agent: _one(given, agent), known)
    if not known:
        yield fail("no agent is configured", "add one under `agents` in config.yaml; docs/agents.md has them")
    elif all(agents.preflight(agent) for agent in known):
        yield fail("no agent can run: every task would be given up at once", "mend one of the above")


def _one(given: Given, agent: AgentSettings) -> Finding:
    if why := agents.preflight(agent):
        return warn(why, _mend(agent, why), agent.name)
    if agent.paused:
        return ok("paused by the configuration", agent.name)
    pin = versions.PINS.get(agent.adapter)
    if pin is None:
        return ok(f"{agent.adapter} is ready", agent.name)
    argv = [*base.program(agent, pin.program), "--version"]
    try:
        done = process.run(argv, cwd="/", env=given.programs(), timeout=SECONDS, tied=False)
    except process.CannotStart as why_not:
        return warn(f"it cannot be started: {why_not}", _install(pin), agent.name)
    said = _VERSION.search((done.out + b" " + done.err).decode("utf-8", "replace"))
    if said is None:
        how = "took too long" if done.timed_out else "names no version"
        return warn(f"{argv[0]} --version {how}", _install(pin), agent.name)
    if _numbers(said[0]) < _numbers(pin.version):
        return warn(f"{agent.adapter} {said[0]} is older than {pin.version}, the tested one", _install(pin), agent.name)
    newer = "" if said[0] == pin.version else f" (tested with {pin.version})"
    return ok(f"{agent.adapter} {said[0]}{newer}, with a key or a login", agent.name)


def _mend(agent: AgentSettings, why: str) -> str:
    pin = versions.PINS.get(agent.adapter)
    if "is not installed" in why and pin is not None:
        return _install(pin)
    return "see `agents` in docs/config.md, and docs/agents.md for its key or login"


def _install(pin: versions.Pin) -> str:
    return f"npm install -g {pin.package}@{pin.version}" if pin.npm else f"pipx install {pin.package}=={pin.version}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


CHECK = Check(
    name="agents",
    why="They do the work; one that is missing leaves it to the others.",
    look=look,
    needs=("configuration",),
    seconds=9.5,
)
