"""HTTP/1.1 as both proxies read and write it (RFC 9110, RFC 9112): heads, and bodies piece by piece.

Strict where a lenient reader and a strict one would see two different requests: one framing per message, names of
letters, no bare control characters, no folded lines.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

HEAD_BYTES = 65536
"""Of one head, and of one chunk's size line with its extensions."""
PIECE = 65536

Headers = tuple[tuple[str, str], ...]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_REQUEST = re.compile(r"([A-Z]{1,20}) ([\x21-\x7e]{1,32768}) HTTP/1\.([01])")
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: .*)?")
_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


class Broken(Exception):
    """The other side sent what is no HTTP, or ended in the middle of it."""


@dataclass(frozen=True, kw_only=True)
class Head:
    headers: Headers
    version: int
    """Minor version: HTTP/1.0 or 1.1."""
    method: str = ""
    target: str = ""
    status: int = 0

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def chunked(self) -> bool:
        return self.first("transfer-encoding").lower() == "chunked"

    @property
    def length(self) -> int | None:
        said = self.first("content-length")
        return int(said) if said else None

    @property
    def stays(self) -> bool:
        """The connection may carry another message."""
        return self.version == 1 and "close" not in self.first("connection").lower()

    def passed_on(self, drop: Iterable[str] = ()) -> Headers:
        """Without what concerns this connection only, and without `drop`."""
        named = {word.strip().lower() for value in self.all("connection") for word in value.split(",")}
        gone = _HOP | named | set(drop)
        return tuple((key, value) for key, value in self.headers if key.lower() not in gone)


async def read_request(reader: asyncio.StreamReader, first: bytes = b"") -> Head | None:
    """None where the other side is done; `first` was read already. Raises Broken."""
    found = await _head(reader, first)
    if found is None:
        return None
    line, headers = found
    match = _REQUEST.fullmatch(line)
    if match is None:
        raise Broken("no request line of HTTP/1.x")
    head = Head(headers=headers, version=int(match[3]), method=match[1], target=match[2])
    _check_framing(head)
    return head


async def read_answer(reader: asyncio.StreamReader) -> Head:
    """The final one: 1xx are skipped. Raises Broken."""
    for _ in range(20):
        found = await _head(reader)
        match = _STATUS.fullmatch(found[0]) if found else None
        if found is None or match is None:
            raise Broken("no status line of HTTP/1.x")
        head = Head(headers=found[1], version=int(match[1]), status=int(match[2]))
        _check_framing(head)
        if head.status >= 200:
            return head
    raise Broken("only provisional answers")


async def body(reader: asyncio.StreamReader, head: Head, *, to_end: bool = False) -> AsyncIterator[bytes]:
    """Its pieces as they come. `to_end`: where the head names no length the body ends with the connection. Raises
    Broken when it ends early."""
    if head.chunked:
        async for piece in _chunks(reader):
            yield piece
    elif head.length is not None:
        left = head.length
        while left:
            piece = await reader.read(min(PIECE, left))
            if not piece:
                raise Broken("the body ended early")
            left -= len(piece)
            yield piece
    elif to_end:
        while piece := await reader.read(PIECE):
            yield piece


def write_head(first: str, headers: Headers) -> bytes:
    return "".join((first, "\r\n", *(f"{key}: {value}\r\n" for key, value in headers), "\r\n")).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _head(reader: asyncio.StreamReader, first: bytes = b"") -> tuple[str, Headers] | None:
    try:
        data = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if (first + error.partial).strip():
            raise Broken("ended within a head") from None
        return None
    except asyncio.LimitOverrunError:
        raise Broken(f"a head of more than {HEAD_BYTES} bytes") from None
    line, *lines = data[:-4].lstrip(b"\r\n").split(b"\r\n")
    headers = []
    for each in lines:
        name, colon, value = each.partition(b":")
        value = value.strip(b" \t")
        if not colon or not _NAME.fullmatch(name) or any((c < 32 and c != 9) or c == 127 for c in value):
            raise Broken("a header line that is none")
        headers.append((name.decode("ascii"), value.decode("latin-1")))
    return line.decode("latin-1"), tuple(headers)


def _check_framing(head: Head) -> None:
    lengths, codings = head.all("content-length"), head.all("transfer-encoding")
    if (lengths and codings) or len(set(lengths)) > 1 or len(codings) > 1:
        raise Broken("two framings of one body")
    if lengths and not re.fullmatch(r"\d{1,15}", lengths[0]):
        raise Broken("a length that is no number")
    if codings and codings[0].lower() != "chunked":
        raise Broken(f"transfer coding {codings[0][:20]}")


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await _line(reader)
        size = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,12}", size):
            raise Broken("a chunk without a size")
        left = int(size, 16)
        if not left:
            break
        while left:
            piece = await reader.read(min(PIECE, left))
            if not piece:
                raise Broken("the body ended early")
            left -= len(piece)
            yield piece
        if await _line(reader):
            raise Broken("a chunk longer than its size")
    for _ in range(64):
        if not await _line(reader):
            return
    raise Broken("too many trailers")


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.IncompleteReadError:
        raise Broken("the body ended early") from None
    except asyncio.LimitOverrunError:
        raise Broken("a line without an end") from None
