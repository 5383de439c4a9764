"""The REST operations, one module per area of GitHub's API."""

from __future__ import annotations

from orchestrator.hub.http import Route


def all_routes() -> list[Route]:
    """Every operation, in the order in which paths are tried."""
    from orchestrator.hub.rest import misc

    modules = (misc,)
    return [route for module in modules for route in module.routes.found]
