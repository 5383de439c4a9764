"""The HTTP server under the hub: uvicorn, woken instead of polling, so that a hub starts and stops at once."""

from __future__ import annotations

import asyncio
import socket
import time
from email.utils import formatdate

import uvicorn

from orchestrator.hub.clock import Clock

TICK_SECONDS = 0.5
POLL_SECONDS = 0.003


class Serving(uvicorn.Server):
    """uvicorn's server with its two waits replaced. The Date header follows the hub's clock."""

    def __init__(self, config: uvicorn.Config, clock: Clock, patience: float = 2.0) -> None:
        super().__init__(config)
        self.clock = clock
        self.patience = patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Refresh the Date header twice a second until `end` is called."""
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        while not self.should_exit:
            date = formatdate(self.clock.epoch(), usegmt=True).encode()
            self.server_state.default_headers = [(b"date", date), *self.config.encoded_headers]
            try:
                await asyncio.wait_for(self._woken.wait(), TICK_SECONDS)
            except TimeoutError:
                continue

    def end(self) -> None:
        """Ask the server to end; safe from any thread."""
        self.should_exit = True
        if self._loop is not None and self._woken is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, let the running answers end within the patience (seconds), cut the rest."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        until = time.monotonic() + self.patience
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)
        for task in self.server_state.tasks:
            task.cancel()
