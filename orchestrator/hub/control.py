"""The hub's own endpoints under /_hub: fault rules, the request log, job logs. For tests, not for clients."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from orchestrator.hub.store.checks import CheckRun

if TYPE_CHECKING:
    from orchestrator.hub.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(hub: World) -> list[Route]:
    """GET, POST, DELETE /_hub/faults; GET, DELETE /_hub/requests; GET /_hub/logs/{id}."""

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            hub.faults.clear()
        if request.method == "POST":
            try:
                rule = await request.json()
                number = hub.faults.add(rule.get("match"), rule.get("do"))
            except (TypeError, ValueError, re.error, AttributeError) as error:
                return JSONResponse({"message": str(error)}, status_code=422)
            return JSONResponse({"id": number}, status_code=201)
        rules = [
            {"id": rule.id, "match": asdict(rule.match), "seen": rule.seen, "used": rule.used}
            for rule in hub.faults.rules
        ]
        return JSONResponse({"rules": rules})

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            hub.requests.reset()
        return JSONResponse(hub.requests.as_json())

    async def log(request: Request) -> Response:
        run_id = int(request.path_params["id"])
        found = hub.db.by_ids(CheckRun, "check_runs", [run_id])
        if not found or request.query_params.get("token") != hub.log_key(run_id):
            return PlainTextResponse("Not Found", status_code=404)
        return PlainTextResponse(found[0].log or "")

    return [
        Route("/_hub/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_hub/requests", requests, methods=["GET", "DELETE"]),
        Route("/_hub/logs/{id:int}", log, methods=["GET"]),
    ]
