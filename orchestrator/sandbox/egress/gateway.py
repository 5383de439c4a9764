"""The reverse proxy to a run's provider: the same request with the real key, the same answer without it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from orchestrator.model.exchange import Exchange, Refusal
from orchestrator.model.times import stamp
from orchestrator.sandbox.egress import wire
from orchestrator.sandbox.egress.key import Cleaner, Swap
from orchestrator.sandbox.egress.record import Record
from orchestrator.sandbox.egress.serving import Client, refuse
from orchestrator.sandbox.egress.tap import Tap
from orchestrator.sandbox.egress.wire import Broken, Head

METHODS = frozenset({"GET", "HEAD", "POST"})
"""What a model is asked with. With the others an agent could remove or rewrite what else the key's account holds; TRACE
would send the key back."""
CONNECT_SECONDS = 20.0
DROPPED_OUT = ("host", "content-length", "accept-encoding", "expect", "cookie")
DROPPED_HOME = ("content-length", "set-cookie", "alt-svc", "strict-transport-security")
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Asked for none; what is sent all the same is undone (`wbits` of zlib)."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The upstream's address, taken apart."""

    host: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def provider(base_url: str) -> Provider:
    """Raises ValueError on an address that is none."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"no address of a provider: {base_url}")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    return Provider(host=parts.hostname, port=port, prefix=parts.path.rstrip("/"), tls=tls)


@dataclass(frozen=True, kw_only=True)
class Gateway:
    provider: Provider
    swap: Swap
    record: Record

    async def serve(self, client: Client, head: Head) -> bool:
        """One request of a client; whether its connection may carry another."""
        changed = self.swap.outward(head.target, head.passed_on(DROPPED_OUT))
        why = ""
        if head.method not in METHODS:
            why, status = f"the method {head.method}", 405
        elif not head.target.startswith("/"):
            why, status = "a target that is no path", 400
        elif changed is None:
            why, status = "a request without the key of this run", 401
        elif self.record.full:
            why, status = "more requests than one run can have", 403
        if why or changed is None:
            target = self.provider.netloc[:255]
            self.record.refusal(Refusal(at=stamp(datetime.now(UTC)), target=target, why=why))
            return await refuse(client, head, status, why)
        target, headers = changed
        return await _Passing(self, client, head).go(target, headers)


class _Passing:
    """One request on its way, and its answer."""

    def __init__(self, gateway: Gateway, client: Client, head: Head) -> None:
        self.provider, self.swap, self.record = gateway.provider, gateway.swap, gateway.record
        self.client, self.head = client, head
        self.came, self.began = datetime.now(UTC), time.monotonic()
        self.tap: Tap | None = None
        self.complete = self.left = False

    async def go(self, target: str, headers: wire.Headers) -> bool:
        work = asyncio.ensure_future(self._work(target, headers))
        gone = asyncio.ensure_future(self.client.gone.wait())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            return await work if work.done() else False
        finally:
            self.left = self.left or not work.done()
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self._write()

    async def _work(self, target: str, headers: wire.Headers) -> bool:
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(
                    self.provider.host,
                    self.provider.port,
                    ssl=self.provider.tls,
                    limit=wire.HEAD_BYTES,
                    happy_eyeballs_delay=0.25,
                ),
                CONNECT_SECONDS,
            )
        except (OSError, TimeoutError):
            return await refuse(self.client, self.head, 502, "the provider does not answer")
        asking = asyncio.ensure_future(self._ask(writer, target, headers))
        try:
            answer = await wire.read_answer(reader)
            stays = await self._answer(answer, reader)
            return stays and asking.done() and asking.exception() is None
        except (Broken, OSError) as broken:
            self.left = self.client.gone.is_set()
            if self.tap is None:
                if asking.done() and isinstance(asking.exception(), Broken):
                    return await refuse(self.client, self.head, 400, "a request that is broken")
                return await refuse(self.client, self.head, 502, f"the provider broke off ({type(broken).__name__})")
            self.client.abort()  # a proper end would make half an answer look whole
            return False
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            writer.transport.abort()

    async def _ask(self, writer: asyncio.StreamWriter, target: str, headers: wire.Headers) -> None:
        try:
            await self._send(writer, target, headers)
        except Broken:
            writer.transport.abort()  # the provider shall not answer half a request
            raise

    async def _send(self, writer: asyncio.StreamWriter, target: str, headers: wire.Headers) -> None:
        head, length = self.head, self.head.length
        sized = head.chunked or length is not None
        framing = (
            (("Transfer-Encoding", "chunked") if head.chunked else ("Content-Length", str(length)),) if sized else ()
        )
        own = (("Host", self.provider.netloc), *headers, ("Accept-Encoding", "identity"), ("Connection", "close"))
        writer.write(wire.write_head(f"{head.method} {self.provider.prefix}{target} HTTP/1.1", (*own, *framing)))
        if head.first("expect").lower() == "100-continue" and head.version == 1:
            self.client.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async for piece in wire.body(self.client.reader, head):
            writer.write(wire.chunk(piece) if head.chunked else piece)
            await writer.drain()
        if head.chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _answer(self, answer: Head, reader: asyncio.StreamReader) -> bool:
        self.tap = tap = Tap(answer, datetime.now(UTC))
        coding = answer.first("content-encoding").lower()
        drop = (*DROPPED_HOME, "content-encoding") if coding in CODINGS else DROPPED_HOME
        bodiless = self.head.method == "HEAD" or answer.status in (204, 304)
        chunked = self.head.version == 1 and not bodiless
        stays = self.head.stays and (chunked or bodiless)
        framing = (("Transfer-Encoding", "chunked"),) if chunked else ()
        own = (
            *self.swap.homeward(answer.passed_on(drop)),
            *framing,
            ("Connection", "keep-alive" if stays else "close"),
        )
        writer = self.client.writer
        writer.write(wire.write_head(f"HTTP/1.1 {answer.status} {_phrase(answer.status)}", own))
        await writer.drain()
        if not bodiless:
            async for piece in _clean(wire.body(reader, answer, to_end=True), coding, self.swap.cleaner(), tap):
                writer.write(wire.chunk(piece) if chunked else piece)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
        self.complete = True
        await writer.drain()
        return stays

    def _write(self) -> None:
        tap = self.tap
        if tap is not None:
            tap.end()
        self.record.exchange(
            Exchange(
                at=stamp(self.came),
                method=self.head.method,
                path=self.head.target.partition("?")[0][:500],
                status=tap.head.status if tap else 0,
                code=tap.told.code if tap else "",
                retry_after=tap.retry_after if tap else None,
                reset_at=tap.reset_at if tap else "",
                complete=self.complete,
                left=self.left and not self.complete,
                usage=tap.told.usage if tap else None,
                model=tap.told.model if tap else "",
                seconds=round(time.monotonic() - self.began, 3),
            )
        )


async def _clean(pieces: AsyncIterator[bytes], coding: str, cleaner: Cleaner, tap: Tap) -> AsyncIterator[bytes]:
    """The body without coding and without the key, as it comes; the tap hears it."""
    plain = zlib.decompressobj(CODINGS[coding]) if coding in CODINGS else None
    async for piece in pieces:
        data = piece
        while data:
            if plain is not None:
                try:
                    opened = plain.decompress(data, wire.PIECE)
                except zlib.error:
                    raise Broken("a coding that is broken") from None
                data = plain.unconsumed_tail
            else:
                opened, data = data, b""
            tap.feed(opened)
            if clean := cleaner.piece(opened):
                yield clean
    if rest := cleaner.end():
        yield rest


def _phrase(status: int) -> str:
    from http import HTTPStatus

    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase
    return "Answer"
