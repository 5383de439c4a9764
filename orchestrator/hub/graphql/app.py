"""POST /graphql: authentication, the price of a query, its run, and an answer shaped as GitHub's."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.hub import auth
from orchestrator.hub.dispatch import request_id
from orchestrator.hub.graphql import cost as costs
from orchestrator.hub.graphql.cost import Cost
from orchestrator.hub.graphql.errors import formatted
from orchestrator.hub.graphql.schema import served
from orchestrator.hub.graphql.things import Batch, Thing
from orchestrator.hub.graphql.world import World
from orchestrator.hub.http import ApiError

if TYPE_CHECKING:
    from orchestrator.hub.auth import Viewer
    from orchestrator.hub.limits import Budget
    from orchestrator.hub.requests import Facts
    from orchestrator.hub.world import World as Hub

DOCS = "https://docs.github.com/graphql"
_KEPT = 256
_documents: OrderedDict[str, tuple[DocumentNode | None, list[GraphQLError]]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class _Reply:
    body: dict[str, Any]
    status: int = 200
    budget: Budget | None = None
    viewer: Viewer | None = None
    retry_after: int | None = None


async def handle(request: Request) -> Response:
    """The endpoint; `request.app.state.hub` is the hub."""
    raw = await request.body()
    identity = request_id()
    reply = await run_in_threadpool(_answer, request, raw, identity)
    headers = {
        "x-github-request-id": identity, "x-github-media-type": "github.v4; format=json", "server": "github.com",
        **(reply.budget.headers() if reply.budget else {}),
    }  # fmt: skip
    if reply.viewer is not None and reply.viewer.token is not None and reply.viewer.token.kind == "classic":
        headers["x-oauth-scopes"] = ", ".join(reply.viewer.scopes)
    if reply.retry_after is not None:
        headers["retry-after"] = str(reply.retry_after)
    body = json.dumps(reply.body, separators=(",", ":")).encode()
    return Response(body, reply.status, headers, media_type="application/json; charset=utf-8")


def _answer(request: Request, raw: bytes, identity: str) -> _Reply:
    hub: Hub = request.app.state.hub
    facts: Facts = request.scope["hub"]
    try:
        viewer = auth.authenticate(hub.db, request.headers)
        if viewer.user is None:
            raise ApiError(401, "This endpoint requires you to be authenticated.")
        payload = json.loads(raw)
    except ApiError as error:
        return _Reply(body={**error.body(), "documentation_url": DOCS}, status=error.status)
    except ValueError:
        body = {"message": "Problems parsing JSON", "documentation_url": DOCS, "status": "400"}
        return _Reply(body=body, status=400)
    facts.login = viewer.user.login
    facts.token = viewer.token.token if viewer.token else None
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return _Reply(body={"errors": [{"message": "A query attribute must be specified and must be a string."}]})
    return _run(hub, viewer, facts, payload, identity)


def _run(hub: Hub, viewer: Viewer, facts: Facts, payload: dict[str, Any], identity: str) -> _Reply:
    budget = hub.limits.budget(viewer.key, "graphql")
    if budget.remaining == 0:
        return _rate_limited(viewer, budget)
    document, errors = _document(payload["query"])
    variables = payload.get("variables") or {}
    operation = get_operation_ast(document, payload.get("operationName")) if document else None
    if document is None or errors or operation is None:
        errors = errors or [GraphQLError("An operation name is required")]
        return _refused(hub, viewer, [_worded(error) for error in formatted(errors, identity)])
    if not isinstance(variables, dict):
        return _refused(hub, viewer, [{"message": "Variables must be an object."}])
    cost = costs.of_document(served(), document, operation, variables)
    refusal = _too_much(cost) or _scopes(viewer, cost)
    if refusal is not None:
        return _refused(hub, viewer, [refusal])
    wait = hub.limits.content(viewer.key) if cost.creates else None
    if wait is not None:
        message = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation."
        body = {"message": message, "documentation_url": DOCS, "status": "403"}
        return _Reply(body=body, status=403, viewer=viewer, budget=budget, retry_after=wait)
    facts.points = cost.points
    budget = hub.limits.charge_graphql(viewer.key, cost.points)
    return _execute(hub, viewer, facts, document, operation, payload, cost, budget, identity)


def _execute(
    hub: Hub, viewer: Viewer, facts: Facts, document: DocumentNode, operation: OperationDefinitionNode,
    payload: dict[str, Any], cost: Cost, budget: Budget, identity: str,
) -> _Reply:  # fmt: skip
    world = World(hub, viewer, cost)
    root = Thing("Query", None, Batch(world))
    result = execute_sync(
        served(), document, root, world, payload.get("variables") or {}, payload.get("operationName"),
    )  # fmt: skip
    facts.refused = operation.operation is OperationType.MUTATION and not world.applied
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = formatted(result.errors, identity)
        if result.data is None and not any(error.path for error in result.errors):
            del body["data"]
    return _Reply(body=body, budget=budget, viewer=viewer)


def _document(text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """The parsed document with what is wrong with it; the newest are kept."""
    with _lock:
        if text in _documents:
            _documents.move_to_end(text)
            return _documents[text]
    try:
        document: DocumentNode | None = parse(text)
        errors = validate(served(), document) if document else []
    except GraphQLError as error:
        document, errors = None, [error]
    with _lock:
        _documents[text] = document, list(errors)
        while len(_documents) > _KEPT:
            _documents.popitem(last=False)
    return document, list(errors)


def _refused(hub: Hub, viewer: Viewer, errors: list[dict[str, Any]]) -> _Reply:
    """Errors without data. GitHub charges such a request a point, too."""
    return _Reply(body={"errors": errors}, viewer=viewer, budget=hub.limits.charge_graphql(viewer.key, 1))


def _rate_limited(viewer: Viewer, budget: Budget) -> _Reply:
    assert viewer.user is not None
    message = f"API rate limit already exceeded for user ID {viewer.user.id}."
    error = {"type": "RATE_LIMITED", "code": "graphql_rate_limit", "message": message}
    return _Reply(body={"errors": [error]}, viewer=viewer, budget=budget)


def _too_much(cost: Cost) -> dict[str, Any] | None:
    if cost.nodes <= costs.NODE_LIMIT:
        return None
    message = (
        f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of "
        f"{costs.NODE_LIMIT:,}."
    )
    return {"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}


def _scopes(viewer: Viewer, cost: Cost) -> dict[str, Any] | None:
    """A classic token without the project scopes gets no part of a query on boards."""
    if cost.boards is None or viewer.token is None or viewer.token.kind != "classic" or viewer.token.scopes is None:
        return None
    if viewer.grants("projects", "write" if cost.board_write else "read"):
        return None
    needed = ["project"] if cost.board_write else ["read:project"]
    message = (
        f"Your token has not been granted the required scopes to execute this query. The '{cost.boards}' field "
        f"requires one of the following scopes: {needed}, but your token has only been granted the: "
        f"{list(viewer.scopes)} scopes. Please modify your token's scopes at: https://github.com/settings/tokens."
    )
    return {"type": "INSUFFICIENT_SCOPES", "message": message}


def _worded(error: dict[str, Any]) -> dict[str, Any]:
    """An unknown field has a code of its own, which clients look for."""
    words = str(error["message"]).split("'")
    if str(error["message"]).startswith("Cannot query field") and len(words) >= 4:
        error["message"] = f"Field '{words[1]}' doesn't exist on type '{words[3]}'"
        error["extensions"] = {"code": "undefinedField", "typeName": words[3], "fieldName": words[1]}
    return error
