"""A page on an allowed host. Each hop is judged from the start: form, list, every address behind the name; then the
connection goes to the very addresses that were judged, with the certificate of the name.

Nothing of us travels along: no cookie, no credential, no referrer, no proxy of the environment.
"""

from __future__ import annotations

import codecs
import fnmatch
import ipaddress
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpcore

from orchestrator.sandbox.egress import targets
from orchestrator.sandbox.egress.targets import Address
from orchestrator.sources import address, files, html, pinned
from orchestrator.sources.address import Wanted
from orchestrator.sources.pinned import Deadline
from orchestrator.sources.rules import Read, Rules, Unread

_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429)
_CHARSETS = ("utf-8", "ascii", "iso8859-1", "cp1252")
"""Names as Python normalises them. Others are refused: some of its codecs unpack."""


@dataclass(frozen=True, kw_only=True)
class Net:
    """The world outside; another one in tests."""

    resolve: pinned.Resolve = pinned.resolve
    connect: pinned.Connect = pinned.connect
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    location: str
    kind: str
    """Content type as it was said."""
    body: bytes


def read(url: str, rules: Rules, net: Net = Net()) -> Read | Unread:
    deadline = Deadline.after(rules.seconds)
    wanted = address.judged(url, rules.hosts)
    for _ in range(rules.hops + 1):
        if isinstance(wanted, Unread):
            return wanted
        try:
            found = _hop(wanted, rules, net, deadline)
        except TimeoutError:  # pinned.Late is one
            return Unread(why=f"{wanted.target} took too long", lasting=False)
        except ssl.SSLError as error:
            return Unread(why=f"{wanted.target}: no trusted certificate ({error.reason or 'TLS'})", lasting=False)
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Unread(why=f"{wanted.target} does not answer ({type(error).__name__})", lasting=False)
        if isinstance(found, Unread):
            return found
        if found.status not in _REDIRECTS:
            return _read(wanted, found, rules)
        wanted = address.next_hop(wanted, found.location, rules.hosts)
    return Unread(why=f"more than {rules.hops} redirects", lasting=True)


def _hop(wanted: Wanted, rules: Rules, net: Net, deadline: Deadline) -> _Answer | Unread:
    """Raises OSError and httpcore's errors."""
    addresses = _addresses(wanted, net, deadline)
    if not addresses:
        return Unread(why=f"{wanted.target} has no address", lasting=False)
    if not _reachable(wanted, addresses, rules):
        return Unread(why=f"{wanted.target}: its address is not one of the open internet", lasting=True)
    return _request(wanted, addresses, rules, net, deadline)


def _addresses(wanted: Wanted, net: Net, deadline: Deadline) -> Sequence[Address]:
    """Looked up once, here. Raises OSError."""
    if wanted.target.address is not None:
        return (wanted.target.address,)
    found = net.resolve(wanted.target.host, wanted.target.port, deadline.left())
    try:
        return tuple(ipaddress.ip_address(each) for each in found)
    except ValueError:
        raise OSError("an answer that is no address") from None


def _reachable(wanted: Wanted, addresses: Sequence[Address], rules: Rules) -> bool:
    """Every one of them: which the connection comes to use is not known yet."""
    return all(targets.reachable(wanted.target, each, rules.hosts) for each in addresses)


def _request(
    wanted: Wanted, addresses: Sequence[Address], rules: Rules, net: Net, deadline: Deadline
) -> _Answer | Unread:
    port = wanted.target.port
    host = str(wanted.target).removesuffix(":443") if port == 443 else str(wanted.target)
    headers: dict[bytes | str, bytes | str] = {
        "Host": host,
        "User-Agent": "agent-os",
        "Accept": "text/html, text/*;q=0.9, application/json, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    url = httpcore.URL(scheme="https", host=wanted.target.host, port=port, target=wanted.path)
    with (
        httpcore.ConnectionPool(
            ssl_context=net.context(), network_backend=pinned.To(addresses, deadline, net.connect)
        ) as pool,
        pool.stream("GET", url, headers=headers) as answer,
    ):
        if answer.status in _REDIRECTS:
            return _Answer(status=answer.status, location=_header(answer, b"location"), kind="", body=b"")
        return _refused(wanted, answer, rules) or _whole(wanted, answer, rules)


def _refused(wanted: Wanted, answer: httpcore.Response, rules: Rules) -> Unread | None:
    """What its head says already against reading it."""
    if answer.status != 200:
        lasting = 400 <= answer.status < 500 and answer.status not in _PASSING
        return Unread(why=f"{wanted.target} answered {answer.status}", lasting=lasting)
    if _header(answer, b"content-encoding").strip().lower() not in ("", "identity"):
        return Unread(why=f"{wanted.target}: packed, though that was not asked for", lasting=True)
    kind = _essence(_header(answer, b"content-type"))
    if not any(fnmatch.fnmatchcase(kind, each) for each in rules.types):
        return Unread(why=f"{wanted.target}: {kind or 'an unnamed content type'} is no text", lasting=True)
    length = _header(answer, b"content-length")
    if length.isdecimal() and (len(length) > 18 or int(length) > rules.most_bytes):
        return _too_large(wanted, rules)
    return None


def _whole(wanted: Wanted, answer: httpcore.Response, rules: Rules) -> _Answer | Unread:
    parts, size = [], 0
    for piece in answer.iter_stream():
        size += len(piece)
        if size > rules.most_bytes:
            return _too_large(wanted, rules)
        parts.append(piece)
    return _Answer(status=answer.status, location="", kind=_header(answer, b"content-type"), body=b"".join(parts))


def _read(wanted: Wanted, answer: _Answer, rules: Rules) -> Read | Unread:
    text = _text(answer)
    if text is None:
        return Unread(why=f"{wanted.target}: no text, or in an encoding that is not read", lasting=True)
    if _essence(answer.kind) in ("text/html", "application/xhtml+xml"):
        text = html.seen(text)
    return files.bounded(text, rules, where=wanted.target.host)


def _text(answer: _Answer) -> str | None:
    said = answer.kind.lower().partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
    try:
        name = codecs.lookup(said).name if said.isascii() else ""
    except (LookupError, ValueError):
        return None
    if name == "utf-8":
        return files.decoded(answer.body)
    return answer.body.decode(name, "replace") if name in _CHARSETS and b"\0" not in answer.body else None


def _too_large(wanted: Wanted, rules: Rules) -> Unread:
    return Unread(why=f"{wanted.target}: larger than {rules.most_bytes:,} bytes", lasting=True)


def _header(answer: httpcore.Response, name: bytes) -> str:
    """The first of that name, empty for none; with characters that no later check lets pass where it is not ASCII."""
    value = next((v for k, v in answer.headers if k.lower() == name), b"")
    return value.decode("ascii", "replace").strip()


def _essence(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()
