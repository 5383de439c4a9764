"""Where the CONNECT proxy may go: names against the allow-list, then the addresses behind the name.

A name is resolved once and the connection goes to that very address, so an answer that changes in between reaches
nothing. Spellings that a resolver takes for numbers (`127.1`, `0x7f.1`, `2130706433`) are no names here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_WORLD = ipaddress.ip_network("2000::/3")
_NOT_OF_THE_WORLD = tuple(ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Inside of 2000::/3: tunnels whose addresses hold an IPv4 address (Teredo, 6to4), protocols, documentation."""
_HOSTS_OF_CLOUDS = tuple(ipaddress.ip_network(net) for net in ("168.63.129.16/32", "192.0.0.0/24"))
"""Global by their numbers (Python 3.11), and yet hosts of cloud machines, which hand out credentials: Azure, Oracle."""


class Bad(ValueError):
    """No target that this proxy could go to; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    host: str
    """Lower case, without a dot at its end and without brackets."""
    port: int
    address: Address | None = None
    """Where the host is an address by itself."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def target(text: str) -> Target:
    """Reads `host:port` of a CONNECT request. Raises Bad."""
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise Bad("no host:port")
    return _target(host, int(port))


def _target(host: str, port: int) -> Target:
    host = host.lower()
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else ""
    if bare:
        try:
            return Target(host=str(ipaddress.IPv6Address(bare)), port=port, address=ipaddress.IPv6Address(bare))
        except ValueError:
            raise Bad("no address in the brackets") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Bad("no host name")
    if not _NUMBER.fullmatch(labels[-1]):
        return Target(host=host, port=port)
    try:
        return Target(host=host, port=port, address=ipaddress.IPv4Address(host))
    except ValueError:
        raise Bad("a number that is no IPv4 address of four parts") from None


def listed(wanted: Target, rules: Sequence[str]) -> bool:
    """Does a line of the allow-list name it? `host`, `*.host` (what stands below it, not itself), with `:port` where
    that is not 443. A line that is none of these names nothing."""
    for rule in rules:
        below = rule.startswith("*.")
        try:
            meant = _rule(rule[2:] if below else rule)
        except Bad:
            continue
        if meant.port != wanted.port:
            continue
        if wanted.host.endswith(f".{meant.host}") if below else wanted.host == meant.host:
            return True
    return False


def reachable(wanted: Target, address: Address, rules: Sequence[str]) -> bool:
    """May the connection go to this address of a listed target? Public ones, and those that are listed themselves;
    `localhost:port` in the list stands for loopback at that port."""
    if public(address) or listed(Target(host=str(address), port=wanted.port, address=address), rules):
        return True
    return wanted.host == "localhost" and address.is_loopback and listed(wanted, rules)


def public(address: Address) -> bool:
    """An address of the open internet, judged by what it leads to: `is_global` alone takes NAT64, 6to4 and multicast
    for that (Python 3.11), and 100.64/10 for no private one."""
    if isinstance(address, ipaddress.IPv6Address):
        return address in _WORLD and not any(address in net for net in _NOT_OF_THE_WORLD)
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_unspecified)
        and not any(address in net for net in _HOSTS_OF_CLOUDS)
    )


def _rule(text: str) -> Target:
    host, colon, port = text.rpartition(":")
    if colon and re.fullmatch(r"[0-9]{1,5}", port) and not (":" in host and not host.endswith("]")):
        return _target(host, int(port))
    return _target(f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text, 443)
