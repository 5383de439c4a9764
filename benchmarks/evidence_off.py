"""The defences of the evidence guard switched off, one by one: what a client does that nobody thought about."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import unicodedata
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urljoin

from benchmarks.evidence_cases import EVERY, FORM, HOPS, LIST, PIN, PUBLIC_ONLY
from orchestrator.sandbox.egress import targets
from orchestrator.sandbox.egress.targets import Address, Target
from orchestrator.sources import address, pinned, web
from orchestrator.sources.address import Wanted
from orchestrator.sources.rules import Rules, Unread

Patch = tuple[Any, str, Any]


@contextlib.contextmanager
def off(*defences: str) -> Iterator[None]:
    """Without these defences while it lasts."""
    with contextlib.ExitStack() as back:
        for owner, name, stand_in in (_STAND_INS[each] for each in defences):
            back.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, stand_in)
        yield


def _mended(url: str, hosts: Sequence[str]) -> Wanted | Unread:
    """Reads an address as programs do that mend what they can. The list is asked all the same."""
    text = re.sub(r"[\t\r\n]", "", url).strip("".join(map(chr, range(33))))
    text = text if "//" in text else text.replace("\\", "/")
    match = re.match(r"(?i)(?:([a-z]+):)?/*([^/?#]*)(/[!-~]*)?", text)
    assert match is not None
    host = unicodedata.normalize("NFKC", unquote(match[2].rpartition("@")[2])).replace("。", ".").replace("\xad", "")
    bare, _, port = host.rpartition(":") if re.search(r":[0-9]+$", host) else (host, "", "")
    bare = bare.partition("\0")[0].partition("%")[0].strip("[]").removesuffix(".").lower()
    bare = bare if bare.isascii() else bare.encode("idna").decode()
    number = int(port or {"http": 80}.get((match[1] or "").lower(), 443))
    wanted = Target(host=bare, port=number, address=_number(bare))
    if not vars(address)["targets"].listed(wanted, hosts):
        return Unread(why=f"{wanted} is not listed", lasting=True)
    return Wanted(target=wanted, path=match[3] or "/", url=text)


def _number(host: str) -> Address | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    return None


def _followed(here: Wanted, location: str, hosts: Sequence[str]) -> Wanted | Unread:
    """Where the redirect says, without a look at it."""
    with off(LIST):
        return _mended(urljoin(here.url, location.replace("\\", "/")), hosts)


def _first_reachable(wanted: Wanted, addresses: Sequence[Address], rules: Rules) -> bool:
    return targets.reachable(wanted.target, addresses[0], rules.hosts)


def _looked_up_again(self: Any, host: str, port: int, *rest: Any, **more: Any) -> pinned.Stream:
    """The connection by name, as usual. The stage stands behind its connect."""
    stage = self._connect.__self__
    found = ipaddress.ip_address(stage.resolve(host, port, 1.0)[0])
    return pinned.Stream(stage.connect(found, port, 1.0), self._deadline)


_STAND_INS: dict[str, Patch] = {
    FORM: (address, "judged", _mended),
    LIST: (
        address,
        "targets",
        SimpleNamespace(target=targets.target, Bad=targets.Bad, listed=lambda wanted, rules: True),
    ),
    PUBLIC_ONLY: (web, "_reachable", lambda wanted, addresses, rules: True),
    EVERY: (web, "_reachable", _first_reachable),
    PIN: (pinned.To, "connect_tcp", _looked_up_again),
    HOPS: (address, "next_hop", _followed),
}
