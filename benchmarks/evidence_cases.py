"""Hostile addresses for the evidence guard, and what stands between each and the canary.

`off` names the defences that stop a case; with all of them off it has to hit, or the case shows nothing. Where it names
one only, that defence is alone in its way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.evidence_stage import DEAD, HOST, PUBLIC, Play, answer

FORM, LIST, PUBLIC_ONLY, EVERY, PIN, HOPS = "form", "list", "public", "every", "pin", "hops"
DEFENCES: Mapping[str, str] = {
    FORM: "one plain form of address: https, ASCII, no user, no other spelling of a number",
    LIST: "the host is on the allow-list, with its port",
    PUBLIC_ONLY: "its address is one of the open internet",
    EVERY: "every address of the answer is judged, not the first",
    PIN: "the connection goes to the judged address, nothing is looked up again",
    HOPS: "a redirect's target is judged like the first address",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    url: str
    off: tuple[str, ...]
    hosts: tuple[str, ...] = (HOST,)
    dns: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    plays: Mapping[str, Play] = field(default_factory=dict)
    reads: bool = False
    """The honest part of it is read all the same."""


INSIDE = {
    "loopback": "127.0.0.1",
    "loopback, its other end": "127.255.255.254",
    "this machine": "0.0.0.0",
    "private, ten": "10.0.0.1",
    "private, 172": "172.31.255.254",
    "private, 192": "192.168.1.1",
    "metadata of clouds": "169.254.169.254",
    "link-local": "169.254.1.1",
    "shared by carriers": "100.64.0.1",
    "metadata of Alibaba": "100.100.100.200",
    "host of Azure": "168.63.129.16",
    "metadata of Oracle": "192.0.0.192",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 loopback": "::1",
    "v6 this machine": "::",
    "v4 mapped into v6": "::ffff:127.0.0.1",
    "v4 mapped into v6, metadata": "::ffff:a9fe:a9fe",
    "v4 compatible": "::7f00:1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64, local": "64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "v6 link-local": "fe80::1",
    "v6 unique local": "fd00::1",
    "v6 metadata": "fd00:ec2::254",
    "v6 site-local": "fec0::1",
    "v6 multicast": "ff02::1",
    "v6 documentation": "2001:db8::5efe:7f00:1",
}
SPELLED = (
    "2130706433", "0x7f000001", "017700000001", "127.1", "127.0.1", "0x7f.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1",
    "0x7F.0.0.1", "127.0.0.01", "00000177.1", "2130706433.", "0", "0x0", "2852039166", "0xa9fea9fe", "169.16689662",
)  # fmt: skip
"""What the system's resolver takes for 127.0.0.1, 0.0.0.0 and 169.254.169.254."""
PORT = 8443


def cases() -> tuple[Case, ...]:
    return (*_literal(), *_spelled(), *_named(), *_written(), *_redirected(), *_rebound())


def _literal() -> Iterator[Case]:
    for name, text in INSIDE.items():
        host = f"[{text}]" if ipaddress.ip_address(text).version == 6 else text
        yield Case(name=f"literal: {name}", url=f"https://{host}:{PORT}/", off=(LIST, PUBLIC_ONLY))


def _spelled() -> Iterator[Case]:
    for text in SPELLED:
        url = f"https://{text}:{PORT}/"
        yield Case(name=f"spelled: {text}", url=url, off=(FORM, LIST, PUBLIC_ONLY), hosts=(HOST, f"{text}:{PORT}"))


def _named() -> Iterator[Case]:
    """A listed name that leads inside."""
    for name, text in INSIDE.items():
        yield Case(name=f"name: {name}", url=f"https://{HOST}/", off=(PUBLIC_ONLY,), dns={HOST: [(text,)]})
    local = {n: [("127.0.0.1",)] for n in ("localhost", "127.0.0.1.nip.io", "metadata.google.internal")}
    for host in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1.nip.io", "metadata.google.internal"):
        yield Case(name=f"name: {host}", url=f"https://{host}/", off=(LIST, PUBLIC_ONLY), dns=local)
    for host in (f"{HOST}.", HOST.upper()):
        yield Case(name=f"name: {host}", url=f"https://{host}/", off=(PUBLIC_ONLY,), dns={HOST: [("127.0.0.1",)]})
    stranger = {n: [("203.0.114.9",)] for n in ("evil.test", f"{HOST}.evil.test", "example.com", f"evil{HOST}")}
    for host in stranger:
        hosts = (HOST, "*.example.com") if host == "example.com" else (HOST,)
        yield Case(name=f"stranger: {host}", url=f"https://{host}/", off=(LIST,), hosts=hosts, dns=stranger)
    yield Case(name="stranger: nobody is listed", url="https://evil.test/", off=(LIST,), hosts=(), dns=stranger)
    yield Case(name="port: of another service", url=f"https://{HOST}:22/", off=(LIST,))


def _written() -> Iterator[Case]:
    """Spellings in which two programs see two hosts."""
    everything = (FORM, LIST, PUBLIC_ONLY)
    at = f"127.0.0.1:{PORT}"
    written = {
        "user before loopback": f"https://{HOST}@{at}/",
        "user and password": f"https://{HOST}:443@{at}/",
        "backslash before @": f"https://{HOST}\\@{at}/",
        "backslash as slash": f"https:\\\\{at}\\",
        "fragment before @": f"https://{at}#@{HOST}/",
        "query before @": f"https://{at}?@{HOST}/",
        "two @": f"https://a@{HOST}@{at}/",
        "escaped slash": f"https://{HOST}%2f@{at}/",
        "escaped dots": f"https://127%2e0%2e0%2e1:{PORT}/",
        "tab in the host": f"https://127.0.0\t.1:{PORT}/",
        "line end in the host": f"https://127.0.\n0.1:{PORT}/",
        "space before": f"  https://{at}/",
        "control before": f"\x01https://{at}/",
        "full-width digits": f"https://１２７.０.０.１:{PORT}/",
        "circled digits": f"https://①②⑦.⓪.⓪.①:{PORT}/",
        "ideographic dots": f"https://127。0。0。1:{PORT}/",
        "mixed case and http": f"HtTp://{at}/",
        "http": f"http://{at}/",
        "no scheme": f"//{at}/",
        "one slash": f"https:/{at}/",
        "three slashes": f"https:///{at}/",
        "gopher": f"gopher://{at}/_x",
        "zone": f"https://[fe80::1%25lo]:{PORT}/",
        "NUL after the host": f"https://127.0.0.1\x00.{HOST}:{PORT}/",
        "soft hyphen": f"https://127.0.0.\xad1:{PORT}/",
    }
    for name, url in written.items():
        yield Case(name=f"written: {name}", url=url, off=everything)
    yield Case(name="written: http to a listed host", url=f"http://{HOST}/", off=(FORM, LIST))
    listed = (HOST, f"{HOST}:80")
    yield Case(name="written: http to a listed port", url=f"http://{HOST}/", off=(FORM,), hosts=listed)
    homograph = "d\N{CYRILLIC SMALL LETTER O}cs.example.com"
    dns = {homograph.encode("idna").decode(): [("203.0.114.9",)]}
    yield Case(name="written: homograph", url=f"https://{homograph}/", off=(FORM, LIST), dns=dns)


def _redirected() -> Iterator[Case]:
    dns = {"evil.test": [("203.0.114.9",)], "inside.example.com": [("127.0.0.1",)]}  # fmt: skip
    hosts = (HOST, "inside.example.com")
    there = {
        "loopback": (f"https://127.0.0.1:{PORT}/", (HOPS, PUBLIC_ONLY)),
        "loopback, decimal": (f"https://2130706433:{PORT}/", (HOPS, PUBLIC_ONLY)),
        "loopback, mapped": (f"https://[::ffff:127.0.0.1]:{PORT}/", (HOPS, PUBLIC_ONLY)),
        "metadata": ("http://169.254.169.254/latest/meta-data/", (HOPS, PUBLIC_ONLY)),
        "without a scheme": (f"//127.0.0.1:{PORT}/", (HOPS, PUBLIC_ONLY)),
        "with backslashes": (f"\\\\127.0.0.1:{PORT}\\", (HOPS, PUBLIC_ONLY)),
        "with a user": (f"https://{HOST}@127.0.0.1:{PORT}/", (HOPS, PUBLIC_ONLY)),
        "a listed name that leads inside": ("https://inside.example.com/", (PUBLIC_ONLY,)),
        "an unlisted name": ("https://evil.test/", (HOPS,)),
        "down to http": (f"http://{HOST}/", (HOPS,)),
        "another port": (f"https://{HOST}:8443/", (HOPS,)),
    }
    for name, (location, off) in there.items():
        for status in (301, 302, 303, 307, 308) if name == "loopback" else (302,):
            plays = {"/": answer(status, location=location)}
            name_ = f"redirect: {status} to {name}"
            yield Case(name=name_, url=f"https://{HOST}/", off=off, hosts=hosts, dns=dns, plays=plays)
    chain: dict[str, Play] = {f"/{n}": answer(302, location=f"/{n + 1}") for n in range(3)}
    chain["/3"] = answer(302, location=f"https://127.0.0.1:{PORT}/")
    yield Case(name="redirect: the fourth of a chain", url=f"https://{HOST}/0", off=(HOPS, PUBLIC_ONLY), plays=chain)
    there_ = f"https://127.0.0.1:{PORT}/"
    page = f'<meta http-equiv="refresh" content="0;url={there_}"><img src="{there_}">'.encode()
    heads = {"refresh": f"0;url={there_}", "alt_svc": f'h2="127.0.0.1:{PORT}"', "link": f"<{there_}>; rel=preload"}
    follow = {"/": answer(200, page, content_type="text/html", **heads)}
    yield Case(name="redirect: by the page itself", url=f"https://{HOST}/", off=(), plays=follow, reads=True)


def _rebound() -> Iterator[Case]:
    """Answers of a resolver that somebody hostile runs."""
    url = f"https://{HOST}/"
    for name, then in (("loopback", "127.0.0.1"), ("metadata", "169.254.169.254"), ("v6", "::1")):
        dns = {HOST: [(PUBLIC,), (then,)]}
        yield Case(name=f"rebinding: public, then {name}", url=url, off=(PIN,), dns=dns, reads=True)
    for name, answers in (("dead, then loopback", (DEAD, "127.0.0.1")), ("dead, then NAT64", (DEAD, "64:ff9b::1"))):
        yield Case(name=f"answer: {name}", url=url, off=(EVERY,), dns={HOST: [answers]})
    both = {HOST: [("127.0.0.1", PUBLIC)]}
    yield Case(name="answer: loopback, then public", url=url, off=(PUBLIC_ONLY,), dns=both)
    again = {"/": answer(302, location="/2")}
    hop = {HOST: [(PUBLIC,), ("127.0.0.1",)]}
    yield Case(name="rebinding: at the second hop", url=url, off=(PUBLIC_ONLY,), dns=hop, plays=again)
