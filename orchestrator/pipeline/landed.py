"""After a merge: the base branch is watched, and what grew too large becomes a follow-up issue."""

from __future__ import annotations

from orchestrator.services import Services


def watch(services: Services) -> bool:
    """Looks at what landed lately. True while there is something to watch."""
    return False
