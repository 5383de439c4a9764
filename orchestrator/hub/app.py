"""The hub's ASGI application: GraphQL, git, the test controls and REST under one roof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from orchestrator.hub import control, rest
from orchestrator.hub.dispatch import Router
from orchestrator.hub.gate import Gate
from orchestrator.hub.git_http import GitHttp

if TYPE_CHECKING:
    from orchestrator.hub.world import World

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
GIT_PATHS = ("/info/refs", "/git-upload-pack", "/git-receive-pack")


async def graphql(request: Request) -> Response:
    """The GraphQL endpoint, loaded at its first use."""
    from orchestrator.hub.graphql.app import handle

    return await handle(request)


def build(hub: World) -> ASGIApp:
    """The application for a hub (`request.app.state.hub`)."""
    router = Router(hub, rest.all_routes())
    git = GitHttp(hub).__call__
    routes = [
        *control.routes(hub),
        Route("/graphql", graphql, methods=["POST"]),
        Route("/api/graphql", graphql, methods=["POST"]),
        *[Route(f"/{{owner}}/{{repo}}{end}", git, methods=["GET", "POST"]) for end in GIT_PATHS],
        Route("/{path:path}", router.__call__, methods=METHODS),
    ]
    app = Starlette(routes=routes)
    app.state.hub = hub
    return Gate(app, hub)
