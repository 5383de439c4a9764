"""Who am I, and what have I left."""

from __future__ import annotations

from orchestrator.hub.http import Answer, Call, Routes
from orchestrator.hub.limits import HOURLY

routes = Routes()


@routes.on("GET /rate_limit")
def rate_limit(call: Call) -> Answer:
    """The budgets of the caller's token."""
    resources = {}
    for resource in HOURLY:
        budget = call.hub.limits.budget(call.viewer.key, resource)
        resources[resource] = {
            "limit": budget.limit, "used": budget.used, "remaining": budget.remaining, "reset": budget.reset,
        }  # fmt: skip
    return Answer(body={"resources": resources, "rate": resources["core"]})
