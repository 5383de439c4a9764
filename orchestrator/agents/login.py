"""A subscription's login: its few files lent to a run's HOME, and what was refreshed there taken back under a lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from orchestrator.agents.base import Agent
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job


def hosts(agent: Agent) -> tuple[str, ...]:
    """Where the program goes by itself with a login."""
    return agent.login_hosts


@contextlib.contextmanager
def lent(agent: Agent, settings: AgentSettings, job: Job, *, has_key: bool) -> Iterator[None]:
    """The login's files stand in the run's HOME for the block."""
    yield
