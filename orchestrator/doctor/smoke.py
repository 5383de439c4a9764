"""Each engineer answers one line, live: through the sandbox, our proxy and its provider. Costs a few tokens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestrator import agents
from orchestrator.doctor.base import Check, Finding, Given, fail, ok, unknown
from orchestrator.model.settings import AgentSettings
from orchestrator.services import Services

QUESTION = 'Answer with this JSON and nothing else: {"answer": "ready"}'
SECONDS = 90.0


def look(given: Given) -> Iterator[Finding]:
    if not given.smoke:
        return
    services = given.services()
    able = [a for a in given.settings.agents if not a.paused and agents.preflight(a) is None]
    for agent in able:
        yield _ask(services, agent)
    if not able:
        yield unknown("no agent can be asked")


def _ask(services: Services, agent: AgentSettings) -> Finding:
    repo = next(iter(services.settings.repos))
    confine = agents.confinement(repo, services.settings.runtime)
    if isinstance(confine, str):
        return fail(confine, "agent-os sandbox test", agent.name)
    if not agents.capabilities(agent).json_ask:
        return unknown(f"{agent.adapter} takes tasks, not questions", agent.name)
    with tempfile.TemporaryDirectory(prefix="agent-os-doctor-") as folder:
        said = agents.ask(
            agent,
            QUESTION,
            timeout=SECONDS,
            home=Path(folder) / "home",
            log=Path(folder) / "log",
            redact=services.redact,
            clock=services.clock,
            confine=confine,
        )
    if isinstance(said, agents.NoReply):
        return fail(f"it does not answer: {said.why}", "agent-os task log shows a run; docs/agents.md", agent.name)
    if "ready" not in said.text:
        return fail(
            f"it answered something else: {agents.told(services.redact(said.said))}", "docs/agents.md", agent.name
        )
    return ok(f"answered under {confine.level.value}", agent.name)


CHECK = Check(
    name="smoke",
    why="Only a real answer shows that key, provider, sandbox and program fit together.",
    look=look,
    needs=("configuration", "sandbox", "agents"),
)
