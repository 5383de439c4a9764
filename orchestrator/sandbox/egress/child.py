"""What runs in the egress process: one thread, one event loop, both proxies, until its worker lets go."""

from __future__ import annotations

import array
import asyncio
import contextlib
import gc
import json
import os
import socket
import sys
from dataclasses import dataclass

from orchestrator.sandbox.egress import gateway
from orchestrator.sandbox.egress.connect import Proxy
from orchestrator.sandbox.egress.gateway import Gateway, Provider
from orchestrator.sandbox.egress.key import Swap
from orchestrator.sandbox.egress.order import Order
from orchestrator.sandbox.egress.record import Record
from orchestrator.sandbox.egress.serving import Client, Listener, Serve, refuse
from orchestrator.sandbox.egress.wire import Head

HANDED = b"gateway proxy"
"""What the launcher sends with its two listeners, in this order."""
ASK, ANSWER = b"?", b"!"
"""The worker asks whether all that has happened is on record; see `_attend`."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that the child needs. Descriptors are its own to close."""

    life: int
    """A stream socket to the worker: its end is our end."""
    record: int
    control: int = -1
    """Where the launcher's listeners come from; -1 = they stand in `listeners`."""
    listeners: tuple[int, ...] = ()
    """Gateway, proxy."""
    provider: Provider | None = None
    swap: Swap | None = None
    hosts: tuple[str, ...] = ()


def run(work: Work) -> None:
    """In the child: until the worker lets go."""
    gc.freeze()  # what we inherited stays shared with the worker
    asyncio.run(_serve(work))


def work(order: Order) -> Work:
    """Raises ValueError on an upstream that cannot be one."""
    provider = gateway.provider(order.base_url) if order.base_url else None
    return Work(
        life=order.life,
        record=order.record,
        control=order.control,
        listeners=tuple(n for n in (order.gateway, order.proxy) if n >= 0),
        provider=provider,
        swap=Swap(key=order.key, dummy=order.dummy) if provider else None,
        hosts=order.hosts,
    )


def main() -> None:
    """As a program of its own: the order comes by standard input."""
    said = json.load(sys.stdin)
    run(work(Order(**{**said, "hosts": tuple(said["hosts"])})))


async def _serve(work: Work) -> None:
    life = socket.socket(fileno=work.life)
    life.setblocking(False)
    attending = asyncio.ensure_future(_attend(life))
    listening = asyncio.ensure_future(_listen(work))
    try:
        await asyncio.wait({attending, listening}, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        await attending
    finally:
        listening.cancel()
        life.close()


async def _attend(life: socket.socket) -> None:
    """Answers the worker until it lets go. Between question and answer the loop turns a few times: what the kernel
    held ready when the question came, a client's end above all, has then been taken and written down."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(life, 64):
            for turn in range(20):
                await asyncio.sleep(
                    0.002 if turn % 5 == 4 else 0
                )  # a busy machine brings a client's end a little later
            await loop.sock_sendall(life, ANSWER)


async def _listen(work: Work) -> None:
    record = Record(work.record)
    if work.control >= 0:
        handed = await _handed(work.control)
    else:
        handed = [socket.socket(fileno=number) for number in work.listeners]
    if len(handed) != 2:
        return
    proxy = Proxy(hosts=work.hosts, record=record)
    serve: Serve = _nothing
    if work.provider is not None and work.swap is not None:
        serve = Gateway(provider=work.provider, swap=work.swap, record=record).serve
    await Listener(serve).start(handed[0])
    await Listener(proxy.serve).start(handed[1])


async def _nothing(client: Client, head: Head) -> bool:
    """There is no provider behind this run's gateway."""
    return await refuse(client, head, 403, "this run has no provider here")


async def _handed(control: int) -> list[socket.socket]:
    """The launcher's listeners; empty when it ended without sending them."""
    channel = socket.socket(fileno=control)
    channel.setblocking(False)
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(control, _set, ready)
    try:
        await ready
        return _received(channel)
    finally:
        loop.remove_reader(control)
        channel.close()


def _received(channel: socket.socket) -> list[socket.socket]:
    size = array.array("i").itemsize
    data, rights, _, _ = channel.recvmsg(64, socket.CMSG_SPACE(2 * size))
    numbers = array.array("i")
    for level, kind, found in rights:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(found[: len(found) - len(found) % size])
    if data != HANDED or len(numbers) != 2:
        for number in numbers:
            os.close(number)
        return []
    return [socket.socket(fileno=number) for number in numbers]


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
