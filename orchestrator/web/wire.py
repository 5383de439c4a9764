"""Connections to the page: another user's programs get none, and whoever holds many open without a word keeps nobody
else away.

Every program on this machine can open connections to a loopback port. Past a number of idle ones the longest idle is
closed; a request takes no part in that from its last header to the end of its answer. Loaded late, as `app` is.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.web import peers

IDLE = 100
"""Connections at once on which nothing is being answered."""
PATIENCE = 10.0
"""Seconds until the first request has to be there whole."""


class Wire(H11Protocol):
    since = 0.0
    """When it was opened or last said something, in the loop's seconds."""
    quiet: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if peers.foreign(transport.get_extra_info("peername"), transport.get_extra_info("sockname")):
            transport.abort()
        idle = [c for c in self.connections if isinstance(c, Wire) and c.idle()]
        if len(idle) >= IDLE:
            oldest = min(idle, key=lambda c: c.since)
            oldest.transport.abort()
            self.connections.discard(oldest)  # at once: it is told that it is lost only in the loop's next round
        super().connection_made(transport)
        self.since = self.loop.time()
        self.quiet = self.loop.call_later(PATIENCE, self._given_up)

    def data_received(self, data: bytes) -> None:
        if self.asked and self.idle():  # a slow first request does not make itself younger
            self.since = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.quiet is not None:
            self.quiet.cancel()
        super().connection_lost(exc)

    @property
    def asked(self) -> bool:
        """A whole request was heard here."""
        return bool(self.cycle)

    def idle(self) -> bool:
        """Nothing is asked here whose answer is not over."""
        return not self.asked or self.cycle.response_complete

    def _given_up(self) -> None:
        if not self.asked:
            self.transport.abort()
