"""One listener's connections: how many there may be, how long they may say nothing, and how they are told no."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable

from orchestrator.sandbox.egress import wire
from orchestrator.sandbox.egress.wire import Broken, Head

MOST = 64
"""Connections served at a time on one listener; as many more wait their turn, further ones are closed."""
IDLE_SECONDS = 600.0
"""How long a connection may stay open between two requests."""
HEAD_SECONDS = 30.0
"""How long a head may take from its first byte."""


class Client:
    """A connection of the run's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        self.reader, self.writer, self.gone = reader, writer, gone

    def abort(self) -> None:
        self.writer.transport.abort()


Serve = Callable[[Client, Head], Awaitable[bool]]
"""Answers one request; whether the connection may carry another."""


class Protocol(asyncio.StreamReaderProtocol):
    """Streams, and a flag that goes up when the other side leaves, also while nobody reads from it."""

    def __init__(self, serve: Callable[[Client], Awaitable[None]]) -> None:
        reader = asyncio.StreamReader(limit=wire.HEAD_BYTES)
        self.gone = asyncio.Event()

        async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.CancelledError):  # the process ends; Python 3.11 would print a traceback
                await serve(Client(reader, writer, self.gone))

        super().__init__(reader, begin)

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()
        super().connection_lost(error)


class Listener:
    """Serves one listening socket."""

    def __init__(self, serve: Serve, *, trouble: Callable[[str], None] = lambda why: None) -> None:
        self.serve, self.trouble = serve, trouble
        self.open = 0
        self.turn = asyncio.Semaphore(MOST)

    async def start(self, listening: socket.socket) -> asyncio.Server:
        listening.setblocking(False)
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Protocol(self._connection), sock=listening, backlog=128)

    async def _connection(self, client: Client) -> None:
        self.open += 1
        try:
            if self.open > 2 * MOST:
                return
            async with self.turn:
                await self._requests(client)
        except (OSError, TimeoutError):
            pass  # it left, or said nothing for too long
        finally:
            self.open -= 1
            client.writer.close()

    async def _requests(self, client: Client) -> None:
        while True:
            try:
                head = await self._next(client)
                if head is None or not await self.serve(client, head):
                    return
            except Broken as why:
                self.trouble(str(why))
                await refuse(client, None, 400, f"no request: {why}")
                return

    async def _next(self, client: Client) -> Head | None:
        """The next head, or None where no more comes."""
        first = await asyncio.wait_for(client.reader.read(1), IDLE_SECONDS)
        if not first:
            return None
        return await asyncio.wait_for(wire.read_request(client.reader, first), HEAD_SECONDS)


async def refuse(client: Client, head: Head | None, status: int, why: str) -> bool:
    """Answers by ourselves, in a form that every provider's client can read. Ends the connection."""
    kinds = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 502: "api_error"}
    error = {"type": kinds.get(status, "invalid_request_error"), "message": f"agent-os: {why}", "code": None}
    body = json.dumps({"type": "error", "error": error}).encode()
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close"))
    whole = wire.write_head(f"HTTP/1.1 {status} Refused", headers)
    client.writer.write(whole if head is not None and head.method == "HEAD" else whole + body)
    await client.writer.drain()
    if client.writer.can_write_eof():
        client.writer.write_eof()
    await _hear_out(client)
    return False


async def _hear_out(client: Client) -> None:
    """Reads on for a moment what was sent meanwhile: a connection closed with unread bytes takes our answer with it."""
    try:
        async with asyncio.timeout(2.0):
            for _ in range(1024):
                if not await client.reader.read(wire.PIECE):
                    return
    except (TimeoutError, OSError):
        return
