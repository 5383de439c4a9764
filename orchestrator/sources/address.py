"""An address as it was written, judged before anything is looked up. Redirects are judged by the same function.

Programs disagree about spellings that are not plain, and attacks live in what they disagree about. So there is one
form, `https://host[:port][/path][?query]` of visible ASCII, and everything else is refused instead of mended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from orchestrator.sandbox.egress import targets
from orchestrator.sandbox.egress.targets import Target
from orchestrator.sources.rules import Unread

_PLAIN = re.compile(r"[!#$&-;=?-Z\[\]_a-z~%]{1,2048}")
"""Visible ASCII without quotes, angles, backslash, caret, backtick, braces and bar."""
_FORM = re.compile(r"(?i:https)://(?P<host>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    target: Target
    path: str
    """With the query, as it goes into the request line."""
    url: str


def judged(url: str, hosts: Sequence[str]) -> Wanted | Unread:
    """`hosts`: the allow-list; empty = none."""
    if not _PLAIN.fullmatch(url):
        return _no("an address has to be plain ASCII of at most 2048 characters (xn--... for other letters)")
    form = _FORM.fullmatch(url)
    if form is None:
        return _no("only https addresses are read")
    host = form["host"]
    if "@" in host or "%" in host:
        return _no("an address with a user, a password or escapes before its path")
    try:
        target = targets.target(host if re.search(r":[0-9]*$", host) else f"{host}:443")
    except targets.Bad as why:
        return _no(f"{host[:255]}: {why}")
    if not targets.listed(target, hosts):
        return _no(f"{target} is not among the allowed domains")
    return Wanted(target=target, path=(form["path"] or "/") + (form["query"] or ""), url=url)


def next_hop(here: Wanted, location: str, hosts: Sequence[str]) -> Wanted | Unread:
    """Where a redirect leads, judged from the start."""
    if not _PLAIN.fullmatch(location):
        return _no("a redirect to an address that is not plain")
    try:
        there = urljoin(here.url, location)
    except ValueError:
        return _no("a redirect to no address")
    found = judged(there, hosts)
    return _no(f"a redirect: {found.why}") if isinstance(found, Unread) else found


def _no(why: str) -> Unread:
    return Unread(why=why, lasting=True)
