"""The CONNECT proxy: TLS goes through untouched to what is on the allow-list, and nothing goes elsewhere.

Plain HTTP through a proxy (`GET http://...`) is refused: package hosts speak TLS, and what passed unread could not be
told apart from an attack on a server that trusts this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.model.exchange import Refusal
from orchestrator.model.times import stamp
from orchestrator.sandbox.egress import targets, wire
from orchestrator.sandbox.egress.record import Record
from orchestrator.sandbox.egress.serving import Client, refuse
from orchestrator.sandbox.egress.targets import Address, Target
from orchestrator.sandbox.egress.wire import Head

CONNECT_SECONDS = 20.0
LAST_SECONDS = 60.0
"""What the other side may still say once one has ended."""

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolve(host: str, port: int) -> Sequence[Address]:
    """All addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found))


@dataclass(frozen=True, kw_only=True)
class Proxy:
    hosts: Sequence[str]
    record: Record
    resolve: Resolve = resolve

    async def serve(self, client: Client, head: Head) -> bool:
        """One CONNECT of a client. Its connection is over with it."""
        if head.method != "CONNECT":
            return await self._refuse(
                client, head, head.target, "only CONNECT passes here, to port 443 of listed hosts"
            )
        try:
            wanted = targets.target(head.target)
        except targets.Bad as why:
            return await self._refuse(client, head, head.target, str(why))
        if not targets.listed(wanted, self.hosts):
            return await self._refuse(client, head, str(wanted), "not on the allow-list")
        try:
            found = await self._addresses(wanted)
        except (OSError, UnicodeError):
            return await refuse(client, head, 502, f"{wanted} has no address")
        if not found or not all(targets.reachable(wanted, address, self.hosts) for address in found):
            return await self._refuse(client, head, str(wanted), "its address is not one of the open internet")
        streams = await _first(found, wanted.port)
        if streams is None:
            return await refuse(client, head, 502, f"{wanted} does not answer")
        await _tunnel(client, *streams)
        return False

    async def _addresses(self, wanted: Target) -> Sequence[Address]:
        if wanted.address is not None:
            return (wanted.address,)
        return await asyncio.wait_for(self.resolve(wanted.host, wanted.port), CONNECT_SECONDS)

    async def _refuse(self, client: Client, head: Head, target: str, why: str) -> bool:
        self.record.refusal(Refusal(at=stamp(datetime.now(UTC)), target=_plain(target), why=why))
        return await refuse(client, head, 403, why)


async def _first(addresses: Sequence[Address], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the first address that takes one."""
    for address in addresses[:4]:
        with contextlib.suppress(OSError, TimeoutError):
            return await asyncio.wait_for(asyncio.open_connection(str(address), port), CONNECT_SECONDS / 2)
    return None


async def _tunnel(client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    ways = [
        asyncio.ensure_future(_pump(client.reader, writer)),
        asyncio.ensure_future(_pump(reader, client.writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(ways, timeout=LAST_SECONDS)
        if any(not way.done() or way.exception() for way in ways):
            client.abort()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction until its end; the other may go on."""
    while piece := await reader.read(wire.PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _plain(target: str) -> str:
    """What the agent named, for a person to read: without a query, which could hold anything."""
    return target.partition("?")[0][:255]
