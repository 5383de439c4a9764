"""Each engineer answers one line, live: through the sandbox, our proxy and its provider. Costs a few tokens."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator import agents, consult
from orchestrator.doctor.base import Check, Finding, Given, fail, ok, unknown
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.services import Services

QUESTION = "Are you there? Say ready."
SECONDS = 90.0


def look(given: Given) -> Iterator[Finding]:
    """Asked as the program itself asks: what is switched off or only observed asks nobody, and it counts as spent."""
    if not given.smoke:
        return
    services = given.services()
    repo = next((r for r in given.settings.repos if not services.stopped(r)), None)
    able = [a for a in given.settings.agents if not a.paused and agents.preflight(a) is None]
    if repo is None:
        why = services.stopped(next(iter(given.settings.repos)))
        yield unknown(f"nobody is asked: {why}", mend="agent-os on, or another mode")
        return
    for agent in able:
        yield _ask(services, repo, agent)
    if not able:
        yield unknown("no agent can be asked")


def _ask(services: Services, repo: RepoSettings, agent: AgentSettings) -> Finding:
    if not agents.capabilities(agent).json_ask:
        return unknown(f"{agent.adapter} takes tasks, not questions", agent.name)
    schema = {"answer": "text"}
    said = consult.ask(services, QUESTION, schema, purpose="doctor", repo=repo, agent=agent.name, timeout=SECONDS)
    if isinstance(said, consult.NoAnswer):
        log = services.settings.runtime / "logs" / "consult" / "doctor.log"
        return fail(f"it does not answer: {said.reason}", f"see {log}, and docs/agents.md", agent.name)
    return ok("it answered", agent.name)


CHECK = Check(
    name="smoke",
    why="Only a real answer shows that key, provider, sandbox and program fit together.",
    look=look,
    needs=("configuration", "sandbox", "agents"),
)
