"""A client that holds every answer of the hub against GitHub's OpenAPI as it comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from orchestrator.hub import Hub
from tests.hub.client import Client
from tests.hub.conformance import contracts


@dataclass(frozen=True, kw_only=True)
class Exempt:
    """Where GitHub's contract is no use as it stands, and which of its operations is held against instead."""

    reason: str
    instead: str
    each: bool = False


EXCEPTIONS = {
    "GET /repos/{owner}/{repo}/contents": Exempt(
        reason="the contract lists only /contents/{path}; the root is its empty path",
        instead="GET /repos/{owner}/{repo}/contents/{path}",
    ),
    "GET /app/installations": Exempt(
        reason="in this list alone the account must be a user AND an enterprise, which nothing is",
        instead="GET /app/installations/{id}", each=True,
    ),
}  # fmt: skip


@dataclass
class Record:
    """Operations seen, with the statuses they answered, and what was wrong."""

    seen: dict[str, set[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    routes: list[tuple[str, str, re.Pattern[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from orchestrator.hub import rest
        from orchestrator.hub.dispatch import _pattern

        plain = contracts.hub_routes()
        for route, (method, path) in zip(rest.all_routes(), plain, strict=True):
            self.routes.append((method, path, re.compile(_pattern(route.path))))
        # `issues/events` before `issues/{number}`: the one with fewer parameters is meant.
        self.routes.sort(key=lambda entry: entry[1].count("{"))

    def operation(self, method: str, path: str) -> tuple[str, str] | None:
        """Method and path template of a request, None for what is no REST operation."""
        for known, template, pattern in self.routes:
            if known == method and pattern.fullmatch(path):
                return known, template
        return None

    def look(self, answer: httpx.Response) -> None:
        """Judge one answer."""
        answer.read()
        path = answer.request.url.path.removeprefix("/api/v3")
        found = self.operation(answer.request.method, path)
        if found is None:
            return
        name = f"{found[0]} {found[1]}"
        self.seen.setdefault(name, set()).add(answer.status_code)
        body: Any = None
        if answer.content and "json" in answer.headers.get("content-type", ""):
            body = answer.json()
        for problem in judge(name, answer.status_code, body):
            self.wrong.append(f"{name} {answer.status_code}: {problem}")


def judge(name: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer. A refusal that the operation does not list must be GitHub's basic error."""
    method, path = name.split(" ")
    operation = f"{method} {contracts.shape_of(path)}"
    exempt = EXCEPTIONS.get(name)
    if exempt is not None:
        bodies = body if exempt.each and status == 200 else [body]
        return [problem for one in bodies for problem in judge(exempt.instead, status, one)]
    try:
        return contracts.problems(operation, status, body)
    except KeyError:
        if status < 400:
            return [f"the contract knows no answer {status} (nor perhaps the operation)"]
        return contracts.basic_error(body)


class Recorded(Client):
    """A client whose answers go into a record."""

    def __init__(self, hub: Hub, token: str | None, record: Record, scheme: str = "token", prefix: str = "") -> None:
        super().__init__(hub, None, prefix)
        if token:
            self.headers["authorization"] = f"{scheme} {token}"
        self.event_hooks = {"response": [record.look]}
