"""Who may speak to the page. Everything on this machine can reach a loopback port, and so can every web page that a
browser on it shows (RELIABILITY threat 15): a request is answered only when it can come from nothing but our own page,
opened by whoever has the link.

Judged before anything else reads the request: values in, an answer out.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BODY = 512 * 1024
"""Bytes of one order: a whole configuration as text fits."""
MOST_ADDRESS = 4096
MOST_FIELDS = 64
"""Header lines."""
OPEN = "/open"
"""The link leads here; it alone is answered without the cookie."""
ORDERS = "/orders/"
WRITE = "x-agent-os-write"
"""The header that an order carries: a second token, which stands in our pages and in no cookie."""

HEADERS = (
    ("content-security-policy",
     "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
)  # fmt: skip
"""On every answer, also on refusals."""


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, as they came, repeated ones too."""

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def one(self, name: str) -> str:
        """Empty where it is not there; what is said twice is not what anybody honest says."""
        found = self.all(name)
        return found[0] if len(found) == 1 else ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    status: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Guard:
    port: int
    link: str
    """The token of the link, and of the cookie that the link is exchanged for."""
    write: str
    """The token of orders."""

    @property
    def cookie(self) -> str:
        """Its name tells the port: cookies do not know ports, and two installations may run side by side."""
        return f"agent_os_{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def refuse(self, asked: Request) -> Refusal | None:
        """None: it may pass."""
        return self._form(asked) or self._origin(asked) or self._token(asked) or self._order(asked)

    def opens(self, token: str) -> bool:
        return _same(token, self.link)

    def _form(self, asked: Request) -> Refusal | None:
        if asked.method not in ("GET", "HEAD", "POST"):
            return Refusal(status=405, why="only GET and POST are answered")
        if len(asked.path) + len(asked.query) > MOST_ADDRESS or len(asked.headers) > MOST_FIELDS:
            return Refusal(status=414, why="the request is too long")
        if not asked.path.startswith("/") or "\\" in asked.path or "//" in asked.path or "/../" in f"{asked.path}/":
            return Refusal(status=400, why="no address of ours")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in asked.path):
            return Refusal(status=400, why="no address of ours")
        if asked.all("upgrade") or asked.all("x-http-method-override") or asked.all("x-forwarded-host"):
            return Refusal(status=400, why="nothing stands between the page and its server")
        return None

    def _origin(self, asked: Request) -> Refusal | None:
        """Another page's request, or another name for this machine (DNS rebinding)."""
        host = asked.one("host")
        if host not in self.hosts:
            return Refusal(status=421, why=f"this is {self.hosts[0]}, under no other name")
        origins = asked.all("origin")
        if (asked.method == "POST" and not origins) or any(o != f"http://{host}" for o in origins):
            return Refusal(status=403, why="the request comes from another page")
        sites = asked.all("sec-fetch-site")
        known = ("same-origin",) if asked.method == "POST" else ("same-origin", "none")
        if any(site not in known for site in sites):
            return Refusal(status=403, why="the request comes from another page; open the link in a new tab")
        if any(dest in ("iframe", "frame", "embed", "object") for dest in asked.all("sec-fetch-dest")):
            return Refusal(status=403, why="the page is shown in no other page")
        return None

    def _token(self, asked: Request) -> Refusal | None:
        if asked.path == OPEN:
            return None
        held = [value for name, value in _cookies(asked.all("cookie")) if name == self.cookie]
        if not any(_same(value, self.link) for value in held):
            return Refusal(status=401, why="open the link that `agent-os web` printed: it holds the key of this run")
        return None

    def _order(self, asked: Request) -> Refusal | None:
        """Nothing is changed by looking, and an order is JSON with the token that only our pages hold."""
        ordering = asked.path.startswith(ORDERS)
        if asked.method != "POST":
            return Refusal(status=405, why="an order is given by POST") if ordering else None
        if not ordering:
            return Refusal(status=405, why="this address takes no orders")
        if asked.one("content-type").split(";")[0].strip().lower() != "application/json":
            return Refusal(status=415, why="an order is JSON")
        if not _same(asked.one(WRITE), self.write):
            return Refusal(status=403, why="the page is of an earlier run of `agent-os web`: load it again")
        said = asked.all("content-length")
        if len(said) + len(asked.all("transfer-encoding")) > 1 or any(not (n.isascii() and n.isdigit()) for n in said):
            return Refusal(status=400, why="the request contradicts itself")
        if any(len(n) > 9 or int(n) > MOST_BODY for n in said):
            return Refusal(status=413, why=f"at most {MOST_BODY} bytes")
        return None


def _cookies(lines: Sequence[str]) -> list[tuple[str, str]]:
    parts = (part.strip().partition("=") for line in lines for part in line.split(";"))
    return [(name, value) for name, _, value in parts]


def _same(told: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(told.encode("utf-8", "surrogateescape"), wanted.encode())
