"""Requests that must not reach the page, as bytes on the wire, beside honest ones that must.

Each hostile request is an honest one with one thing wrong, so that with the guard off it finds an answer: what refuses
it is the guard alone.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.web.guard import MOST_BODY, Guard


@dataclass(frozen=True, kw_only=True)
class Sent:
    what: str
    method: str = "GET"
    target: str = "/"
    host: str | None = ""
    """Empty: the right one; None: none."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cookie: str | None = ""
    """The token in it. Empty: the right one; None: no cookie."""
    chunked: bool = field(default=False)

    def bytes(self, guard: Guard) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Connection: close"]
        if self.host is not None:
            lines.append(f"Host: {self.host or guard.hosts[0]}")
        if self.cookie is not None:
            lines.append(f"Cookie: {guard.cookie}={self.cookie or guard.link}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        body = self.body
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def order(guard: Guard, body: dict[str, str], name: str = "task/hold") -> Sent:
    """As our own page sends it."""
    return Sent(
        what=f"order {name}",
        method="POST",
        target=f"/orders/{name}",
        headers=(
            ("Origin", f"http://{guard.hosts[0]}"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/json"),
            ("X-Agent-OS-Write", guard.write),
        ),
        body=json.dumps(body).encode(),
    )


def hostile(guard: Guard, give: dict[str, str], name: str = "task/send") -> list[Sent]:
    """`give`: the fields of an order that is carried out when it passes."""
    port, good = guard.port, order(guard, give, name)
    look = Sent(what="")
    evil = "https://evil.example"

    def but(what: str, drop: str = "", add: tuple[tuple[str, str], ...] = (), **more: Any) -> Sent:
        kept = tuple(h for h in good.headers if h[0] != drop)
        return replace(good, what=what, headers=(*kept, *add), **more)

    cookie = ("Cookie", f"{guard.cookie}={guard.link}")
    return [
        replace(look, what="another name for this machine (DNS rebinding)", host=f"evil.example:{port}"),
        replace(look, what="another name that begins as ours", host=f"127.0.0.1.evil.example:{port}"),
        replace(look, what="the right host without its port", host="127.0.0.1"),
        replace(look, what="another port", host="127.0.0.1:1"),
        replace(look, what="a wildcard address", host=f"0.0.0.0:{port}"),
        replace(look, what="IPv6's loopback", host=f"[::1]:{port}"),
        replace(look, what="a name with a dot at its end", host=f"localhost.:{port}"),
        replace(look, what="a proxy's other host", headers=(("X-Forwarded-Host", "evil.example"),)),
        replace(look, what="no token", cookie=None),
        replace(look, what="a wrong token", cookie="x" * len(guard.link)),
        replace(look, what="a token's beginning", cookie=guard.link[:-1]),
        replace(look, what="the token in the address", cookie=None, target=f"/?token={guard.link}"),
        replace(look, what="the write token as cookie", cookie=guard.write),
        replace(look, what="another page reads", headers=(("Origin", evil),)),
        replace(look, what="a sandboxed page reads", headers=(("Origin", "null"),)),
        replace(look, what="another page's picture", headers=(("Sec-Fetch-Site", "cross-site"),)),
        replace(look, what="a page of another port", headers=(("Sec-Fetch-Site", "same-site"),)),
        replace(
            look, what="shown in a frame", headers=(("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "iframe"))
        ),
        replace(look, what="the stream for another page", target="/events", headers=(("Origin", evil),)),
        replace(look, what="another method", method="DELETE"),
        replace(look, what="a preflight", method="OPTIONS", headers=(("Origin", evil),
                ("Access-Control-Request-Method", "POST"))),
        replace(look, what="a method in disguise", headers=(("X-HTTP-Method-Override", "POST"),)),
        replace(good, what="an order by GET", method="GET"),
        replace(good, what="an order by PUT", method="PUT"),
        but("an order of another page", "Origin", (("Origin", evil),)),
        but("an order of nobody", "Origin"),
        but("an order of our host on another port", "Origin", (("Origin", "http://127.0.0.1:1"),)),
        but("an order over https", "Origin", (("Origin", f"https://{guard.hosts[0]}"),)),
        but("an order from a page of another port", "Sec-Fetch-Site", (("Sec-Fetch-Site", "same-site"),)),
        but("an order as a form sends it", "Content-Type", (("Content-Type", "text/plain"),)),
        but("an order without a type", "Content-Type"),
        but("an order with the cookie alone", "X-Agent-OS-Write"),
        but("an order with the cookie's token twice", "X-Agent-OS-Write", (("X-Agent-OS-Write", guard.link),)),
        but("an order without the cookie", cookie=None),
        but("an order, its write token said twice", "", (("X-Agent-OS-Write", guard.write),)),
        but("an order too large", body=json.dumps(give).encode() + b" " * MOST_BODY),
        but("an order too large, of no told size", body=json.dumps(give).encode() + b" " * MOST_BODY, chunked=True),
        replace(look, what="far too long an address", target="/?x=" + "a" * 5000),
        replace(look, what="two cookies, both wrong", cookie="no", headers=((cookie[0], f"{guard.cookie}=no"),)),
    ]  # fmt: skip


def honest(guard: Guard, give: dict[str, str], name: str = "task/send") -> list[Sent]:
    look = Sent(what="")
    return [
        replace(look, what="typed into the address bar", headers=(("Sec-Fetch-Site", "none"),)),
        replace(look, what="a link of ours", target="/plans", headers=(("Sec-Fetch-Site", "same-origin"),)),
        replace(look, what="under the name localhost", host=f"localhost:{guard.port}"),
        replace(look, what="an older browser"),
        replace(look, what="our stylesheet", target="/static/app.css"),
        replace(look, what="a part", target="/?part=board", headers=(("Sec-Fetch-Site", "same-origin"),)),
        replace(look, what="beside another cookie", headers=(("Cookie", "theme=dark"),)),
        replace(look, what="only its head", method="HEAD"),
        order(guard, give, name),
        replace(
            order(guard, give, name),
            what="an order under the name localhost",
            host=f"localhost:{guard.port}",
            headers=tuple(
                (n, f"http://localhost:{guard.port}" if n == "Origin" else v) for n, v in order(guard, give).headers
            ),
        ),
    ]


def status(guard: Guard, sent: Sent) -> int:
    """What the page answers; 0 when it closed the door without a word."""
    with socket.create_connection(("127.0.0.1", guard.port), timeout=10) as wire:
        try:
            wire.sendall(sent.bytes(guard))
        except OSError:
            return 0
        data = b""
        while b"\r\n" not in data:
            try:
                piece = wire.recv(4096)
            except OSError:
                return 0
            if not piece:
                return 0
            data += piece
    return int(data.split(b" ", 2)[1])
