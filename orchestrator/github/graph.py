"""GraphQL through gql. Loaded when the first question with work behind it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gql import GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportProtocolError, TransportServerError
from gql.transport.httpx import HTTPXTransport

from orchestrator.github.errors import Unavailable
from orchestrator.github.probe import Answer
from orchestrator.github.words import Json


class _Request(GraphQLRequest):
    """A request that is parsed once a text and goes out as it was written; gql would print it anew each time."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        super().__init__(_parsed(text), variable_values=variables)
        self._text = text

    @property
    def payload(self) -> dict[str, Any]:
        return {"query": self._text, **({"variables": self.variable_values} if self.variable_values else {})}


@lru_cache(maxsize=64)
def _parsed(text: str) -> GraphQLRequest:
    """The document, checked by gql; raises GraphQLError where it is none."""
    return GraphQLRequest(text)


class Graph:
    """One connection to the GraphQL endpoint, kept for the process."""

    def __init__(self, url: str, token: Callable[[], str], *, agent: str, timeout: float, direct: bool) -> None:
        self._answers: list[Any] = []
        self._transport = HTTPXTransport(
            url,
            headers={"User-Agent": agent},
            auth=lambda request: _signed(request, token()),
            timeout=timeout,
            trust_env=not direct,
            # Plain HTTP (the hub's, on loopback) verifies nobody: the authorities' certificates, 20 ms, stay unread.
            verify=not url.startswith("http://"),
            event_hooks={"response": [self._answers.append]},
        )
        self._transport.connect()  # type: ignore[no-untyped-call]

    def post(self, document: str, variables: Mapping[str, Json], *, write: bool, where: str) -> Answer:
        """Sends the document once, after gql has parsed it; the answer is judged by whoever asked.

        Raises Unavailable when no whole answer came.
        """
        self._answers.clear()
        try:
            self._transport.execute(_Request(document, dict(variables)))
        except TransportConnectionFailed as why:
            unsent = type(why.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout")
            raise Unavailable(f"{where}: {why.__cause__!r}", uncertain=write and not unsent) from why
        except (TransportServerError, TransportProtocolError):
            if not self._answers:
                raise
        reply = self._answers[-1]
        return reply.status_code, {k.lower(): v for k, v in reply.headers.items()}, reply.text

    def close(self) -> None:
        self._transport.close()  # type: ignore[no-untyped-call]


def _signed(request: Any, token: str) -> Any:
    request.headers["Authorization"] = f"bearer {token}"
    return request
