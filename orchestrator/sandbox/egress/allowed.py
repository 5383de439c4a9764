"""Which hosts the CONNECT proxy lets through, and which addresses no name may lead to.

Names are compared before anything is resolved; then every address the name resolves to must be a public one, and the
connection goes to that very address: a name that answers differently the second time gains nothing. What Python calls
global still holds translations of private addresses (NAT64, 6to4, Teredo, IPv4-mapped), so these are taken apart.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

REGISTRIES = (
    "pypi.org", "files.pythonhosted.org",
    "registry.npmjs.org", "registry.yarnpkg.com",
    "crates.io", "index.crates.io", "static.crates.io",
    "proxy.golang.org", "sum.golang.org",
    "rubygems.org", "index.rubygems.org",
    "repo.maven.apache.org", "repo1.maven.org", "plugins.gradle.org",
    "deb.debian.org", "security.debian.org", "archive.ubuntu.com", "security.ubuntu.com",
)  # fmt: skip
"""Package registries that a build of the work may need. Data of the product: what is listed may be read from, and, like
every host that answers, may carry data out."""

_TRANSLATED = tuple(ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
_SHARED = ipaddress.ip_network("100.64.0.0/10")

Address = tuple[str, int]


class NotAllowed(Exception):
    """The connection is refused; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class Target:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def target(word: str) -> Target:
    """`host:port` of a CONNECT request, `[v6]:port` too. Raises NotAllowed."""
    host, colon, port = word.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").rstrip(".").lower()
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise NotAllowed("not host:port")
    if len(host) > 253 or any(c.isspace() or c in "/@\\%" for c in host) or not host.isascii():
        raise NotAllowed("not a host name")
    return Target(host=host, port=int(port))


def listed(wanted: Target, patterns: tuple[str, ...]) -> bool:
    """Does a pattern name it? `host`, `*.host` (below it, not itself), each with `:port`; without one, 443."""
    for pattern in patterns:
        name, port = _parts(pattern)
        if port != wanted.port:
            continue
        if name == wanted.host or (
            name.startswith("*.") and wanted.host.endswith(name[1:]) and wanted.host != name[2:]
        ):
            return True
    return False


def resolve(wanted: Target, patterns: tuple[str, ...]) -> Address:
    """The address to connect to. Raises NotAllowed, also when the name does not resolve."""
    if not listed(wanted, patterns):
        raise NotAllowed("not on the allow-list")
    try:
        found = socket.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as why:
        raise NotAllowed("its name does not resolve") from why
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise NotAllowed("its name does not resolve")
    if not _literal(wanted, patterns):
        for address in addresses:
            if not public(address):
                raise NotAllowed("its name leads to an address that is not public")
    return addresses[0], wanted.port


def public(address: str) -> bool:
    """Is it an address of the open internet, by itself and in every translation it may stand for?"""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return public(str(ip.ipv4_mapped))
        if any(ip in net for net in _TRANSLATED) or ip.is_site_local:
            return False
    elif ip in _SHARED:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _literal(wanted: Target, patterns: tuple[str, ...]) -> bool:
    """The operator listed this very address (or localhost), with its port: then it need not be public."""
    if wanted.host != "localhost":
        try:
            ipaddress.ip_address(wanted.host)
        except ValueError:
            return False
    return any(_parts(p) == (wanted.host, wanted.port) and ":" in p for p in patterns)


def _parts(pattern: str) -> tuple[str, int]:
    name, colon, port = pattern.lower().rpartition(":")
    return (name, int(port)) if colon and port.isdigit() else (pattern.lower(), 443)
