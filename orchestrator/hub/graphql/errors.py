"""Errors as GitHub's GraphQL words them: a type, a message, where in the query, and HTTP 200.

Shapes: https://docs.github.com/en/graphql and what its clients quote in their own issue trackers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from orchestrator.hub.http import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger("hub")
_TYPES = {401: "FORBIDDEN", 403: "FORBIDDEN", 404: "NOT_FOUND"}


class Refusal(Exception):
    """A field that cannot be answered. `kind` is GitHub's `type`: NOT_FOUND, FORBIDDEN, UNPROCESSABLE, ..."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def not_found(what: str) -> Refusal:
    """What does not exist, or what the caller may not know of."""
    return Refusal("NOT_FOUND", f"Could not resolve to {what}.")


def no_node(node_id: str) -> Refusal:
    """An id that leads nowhere."""
    return Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'.")


def of_api(error: ApiError) -> Refusal:
    """The refusal of a rule shared with REST, in GraphQL's words."""
    messages = [entry if isinstance(entry, str) else str(entry.get("message", "")) for entry in error.errors]
    text = next((message for message in messages if message), error.message)
    return Refusal(_TYPES.get(error.status, "UNPROCESSABLE"), text)


def formatted(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """The `errors` of an answer. What the hub did not foresee goes to its log and is told as GitHub tells it."""
    found = []
    for error in errors:
        entry: dict[str, Any] = {}
        original = error.original_error
        message = error.message
        if isinstance(original, ApiError):
            original = of_api(original)
        if isinstance(original, Refusal):
            entry["type"], message = original.kind, original.message
        elif original is not None and not isinstance(original, GraphQLError):
            _log.error("GraphQL %s failed", error.path, exc_info=original)
            message = f"Something went wrong while executing your query. Please include `{request_id}` when reporting."
        if error.path:
            entry["path"] = error.path
        if error.extensions:
            entry["extensions"] = error.extensions
        if error.locations:
            entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
        found.append(entry | {"message": message})
    return found
