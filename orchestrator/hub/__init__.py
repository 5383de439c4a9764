"""A GitHub-compatible server of our own: REST, GraphQL, git over HTTP, checks, boards, and faults on order.

    with Hub(root) as hub:
        hub.url                                    # http://127.0.0.1:PORT
        hub.admin.user("ada")
        token = hub.admin.token("ada")

An island: imports nothing of orchestrator outside this package.
"""

from __future__ import annotations

from orchestrator.hub.server import Hub

__all__ = ["Hub"]
