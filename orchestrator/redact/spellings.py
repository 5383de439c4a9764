"""How one value may be spelled where it leaks: escaped, encoded, encoded twice."""

from __future__ import annotations

import base64
import html
import json

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def plain(value: str) -> set[bytes]:
    """Spellings that stand by themselves: as it is, backwards, hex, URL, JSON, HTML, and one of them in another."""
    raw = value.encode("utf-8", "replace")
    code = base64.b64encode(raw)
    words = {raw, raw[::-1], *_hex(raw), *_hex(code), *_hex(code.rstrip(b"=")), *_url(raw), *_json(value)}
    words |= {html.escape(value).encode("utf-8", "replace"), html.escape(value, quote=False).encode("utf-8", "replace")}
    words |= {twice for word in _url(raw) for twice in _url(word)}
    words |= {twice for word in (code, code.rstrip(b"=")) for twice in _url(word)} - {code, code.rstrip(b"=")}
    # What a language writes for bytes, and URL with every character escaped.
    words |= {_each(raw, b"\\x%02x"), _each(raw, b"\\x%02X"), _each(raw, b"%%%02x"), _each(raw, b"%%%02X")}
    return words


def base64_cores(value: str) -> set[bytes]:
    """What base64 makes of the value inside of any longer text, also of its other spellings."""
    raw = value.encode("utf-8", "replace")
    inner = {raw, base64.b64encode(raw), *_url(raw), *_json(value), raw.hex().encode()}
    return {core for word in inner for core in _cores(word)}


def _hex(raw: bytes) -> set[bytes]:
    return {raw.hex().encode(), raw.hex().upper().encode()}


def _url(raw: bytes) -> set[bytes]:
    words = set()
    for form in (b"%%%02X", b"%%%02x"):
        whole = b"".join(bytes([b]) if b in _UNRESERVED else form % b for b in raw)
        words |= {whole, whole.replace(form % 0x2F, b"/"), whole.replace(b"%20", b"+")}
    return words


def _json(value: str) -> set[bytes]:
    escaped = json.dumps(value)[1:-1]
    units = value.encode("utf-16-be", "replace").hex()
    words = {escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1]}
    for code in (units, units.upper()):
        words.add("".join(f"\\u{code[n : n + 4]}" for n in range(0, len(code), 4)))
    # Some writers escape these for the sake of HTML.
    words.add("".join(f"\\u{ord(c):04x}" if c in "<>&'=+" else c for c in escaped))
    return {w.encode() for w in words} | {json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "replace")}


def _each(raw: bytes, form: bytes) -> bytes:
    return b"".join(form % b for b in raw)


def _cores(raw: bytes) -> set[bytes]:
    """At each of the three alignments, without the characters that its neighbours share."""
    cores = set()
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        core = code[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        cores |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return cores
