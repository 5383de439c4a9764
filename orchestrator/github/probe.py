"""One GraphQL question through the standard library alone: an idle tick must not load a client library for it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping

from orchestrator.github.errors import Unavailable
from orchestrator.github.words import Json

Answer = tuple[int, dict[str, str], str]
"""Status, headers by lower-case name, body."""


DOWNLOAD = 50_000_000
"""Most bytes of one answer; a board page of 100 long issues stays under 10 MB."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirected POST would turn into a GET without its body, so a redirect is an answer like any other."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(
    url: str, document: str, variables: Mapping[str, Json], *, token: str, agent: str, timeout: float, direct: bool
) -> Answer:
    """POSTs the question. `direct` leaves proxies aside. Raises Unavailable, never uncertain: it only asks."""
    request = urllib.request.Request(
        url,
        data=body(document, variables),
        headers={"Authorization": f"bearer {token}", "Content-Type": "application/json", "User-Agent": agent},
    )
    return _open(request, timeout=timeout, direct=direct)


def download(url: str, *, agent: str, timeout: float, direct: bool) -> Answer:
    """GETs an address that GitHub pointed to on another host, without the token. At most DOWNLOAD bytes are read.

    Raises Unavailable, and ValueError for anything but https (http too where the server itself is on loopback).
    """
    if not url.startswith("https://") and not (direct and url.startswith("http://")):
        raise ValueError(f"{url[:80]!r} is no https address")
    return _open(urllib.request.Request(url, headers={"User-Agent": agent}), timeout=timeout, direct=direct)


def _open(request: urllib.request.Request, *, timeout: float, direct: bool) -> Answer:
    where = request.full_url.partition("?")[0]
    opener = urllib.request.build_opener(_Stay, *([urllib.request.ProxyHandler({})] if direct else []))
    try:
        with opener.open(request, timeout=timeout) as reply:
            return _answer(reply.status, reply.headers.items(), reply.read(DOWNLOAD))
    except urllib.error.HTTPError as refused:
        with refused:
            try:
                return _answer(refused.code, refused.headers.items(), refused.read(DOWNLOAD))
            except (OSError, http.client.HTTPException) as why:
                raise Unavailable(f"{where}: {why!r}") from why
    except (OSError, http.client.HTTPException) as why:
        raise Unavailable(f"{where}: {why!r}") from why


def body(document: str, variables: Mapping[str, Json]) -> bytes:
    return json.dumps({"query": document, "variables": variables}).encode()


def _answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    return status, {k.lower(): v for k, v in headers}, body.decode("utf-8", "replace")
