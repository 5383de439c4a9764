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
        data=json.dumps({"query": document, "variables": variables}).encode(),
        headers={"Authorization": f"bearer {token}", "Content-Type": "application/json", "User-Agent": agent},
    )
    opener = urllib.request.build_opener(_Stay, *([urllib.request.ProxyHandler({})] if direct else []))
    try:
        with opener.open(request, timeout=timeout) as reply:
            return _answer(reply.status, reply.headers.items(), reply.read())
    except urllib.error.HTTPError as refused:
        with refused:
            try:
                return _answer(refused.code, refused.headers.items(), refused.read())
            except (OSError, http.client.HTTPException) as why:
                raise Unavailable(f"{url}: {why!r}") from why
    except (OSError, http.client.HTTPException) as why:
        raise Unavailable(f"{url}: {why!r}") from why


def _answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    return status, {k.lower(): v for k, v in headers}, body.decode("utf-8", "replace")
