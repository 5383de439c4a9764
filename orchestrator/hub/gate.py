"""The outermost layer of the hub's server: the request log and the fault rules, around REST, GraphQL and git alike."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.hub import lag
from orchestrator.hub.faults import Do, Target
from orchestrator.hub.requests import Facts, Record

if TYPE_CHECKING:
    from orchestrator.hub.world import World

_OPERATION = re.compile(r"\b(query|mutation)\s+(\w+)")
_MUTATION = re.compile(r"(?m)^\s*mutation\b")


@dataclass(kw_only=True)
class _Caught:
    """The answer of the inner application, held back until the rules have spoken."""

    status: int = 0
    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.messages.append(message)


class Gate:
    """ASGI middleware. Requests under /_hub are neither logged nor harmed."""

    def __init__(self, app: ASGIApp, hub: World) -> None:
        self.app = app
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_hub"):
            await self.app(scope, receive, send)
            return
        facts = scope["hub"] = Facts()
        lag.reading.set(path)
        is_git = path.endswith(("/info/refs", "/git-upload-pack", "/git-receive-pack"))
        body = b""
        if not is_git:
            body = await _read(receive)
            receive = _replay(body)
            _describe(facts, scope["method"], path, body)
        else:
            facts.writes = path.endswith("/git-receive-pack")
        began = time.perf_counter()
        effects = self.hub.faults.effects(
            Target(method=scope["method"], path=path, operation=facts.operation, write=facts.writes, body=body)
        )
        noted = False

        def note(status: int) -> None:
            nonlocal noted
            noted = True
            self._log(scope, facts, status, time.perf_counter() - began)

        async def sending(message: Message) -> None:
            # Logged before the first byte goes out: whoever has the answer finds the request in the log.
            if message["type"] == "http.response.start" and not noted:
                note(message["status"])
            await send(message)

        status = await self._serve(scope, receive, sending, effects, facts)
        if not noted:
            note(status)

    def _log(self, scope: Scope, facts: Facts, status: int, seconds: float) -> None:
        applied = 0 < status < 400 if facts.applied is None else facts.applied
        self.hub.requests.add(
            Record(
                method=scope["method"],
                path=scope["path"],
                operation=facts.operation,
                login=facts.login,
                token=facts.token,
                status=status,
                applied=applied and facts.writes and not facts.refused,
                write=facts.writes,
                points=facts.points,
                at=self.hub.db.now(),
                seconds=seconds,
            )
        )

    async def _serve(self, scope: Scope, receive: Receive, send: Send, effects: list[Do], facts: Facts) -> int:
        """The status sent (0: dropped). Whether the request took effect is noted in `facts`."""
        if not effects:
            direct = _Watch(send)
            await self.app(scope, receive, direct.send)
            return direct.status
        facts.applied = False
        for effect in effects:
            if effect.latency:
                await asyncio.sleep(effect.latency)
        for effect in effects:
            stopped = await self._strike(scope, send, effect, "before")
            if stopped is not None:
                return stopped
        caught = _Caught()
        lags = [(effect.lag, effect.where) for effect in effects if effect.lag is not None]
        token = lag.current.set(lags[0]) if lags else None
        await self.app(scope, receive, caught.send)
        if token is not None:
            lag.current.reset(token)
        facts.applied = 0 < caught.status < 400
        for effect in effects:
            stopped = await self._strike(scope, send, effect, "after")
            if stopped is not None:
                return stopped
        if any(effect.truncate for effect in effects):
            await self._truncated(scope, send, caught)
            return caught.status
        for message in caught.messages:
            await send(message)
        return caught.status

    async def _strike(self, scope: Scope, send: Send, effect: Do, when: str) -> int | None:
        """Apply the part of an effect that belongs to this moment; the final status when it ends the request."""
        if effect.act is not None and effect.when == when:
            await run_in_threadpool(self._act, effect.act)
        if effect.signal is not None and effect.when == when:
            os.kill(effect.signal, effect.sig)
            self._drop(scope)
            return 0
        if effect.drop == when:
            self._drop(scope)
            return 0
        if effect.graphql and effect.when == when:
            await _respond(send, 200, {"data": None, "errors": [dict(error) for error in effect.graphql]}, None)
            return 200
        if effect.status is not None and effect.when == when:
            message = effect.message or _MESSAGES.get(effect.status, "Server Error")
            body = {
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": str(effect.status),
            }
            await _respond(send, effect.status, body, effect.retry_after)
            return effect.status
        return None

    def _act(self, act: Any) -> None:
        if callable(act):
            act()
        else:
            getattr(self.hub.admin, act["name"])(*act.get("args", ()), **act.get("kwargs", {}))

    def _drop(self, scope: Scope) -> None:
        """Cut the client's connection without a byte of an answer."""
        for connection in list(self.hub.connections()):
            if connection.client == tuple(scope["client"]):
                connection.transport.abort()

    async def _truncated(self, scope: Scope, send: Send, caught: _Caught) -> None:
        """Send half the body under the full content-length, then cut the connection."""
        body = b"".join(message.get("body", b"") for message in caught.messages)
        await send(caught.messages[0])
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.01)
        for connection in list(self.hub.connections()):
            if connection.client == tuple(scope["client"]):
                connection.transport.close()


_MESSAGES = {
    403: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    404: "Not Found",
}


class _Watch:
    """Passes an answer on and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _describe(facts: Facts, method: str, path: str, body: bytes) -> None:
    """Operation name and write flag; for GraphQL they are in the body."""
    facts.writes = method not in ("GET", "HEAD", "OPTIONS")
    if not path.endswith("/graphql"):
        return
    try:
        payload = json.loads(body)
    except ValueError:
        return
    if isinstance(payload, dict):
        query = str(payload.get("query", ""))
        named = _OPERATION.search(query)
        facts.operation = payload.get("operationName") or (named.group(2) if named else None)
        facts.writes = bool(_MUTATION.search(query))


async def _respond(send: Send, status: int, body: object, retry_after: int | None) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(data)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
