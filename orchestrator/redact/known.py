"""Secrets this installation holds, found by value in the spellings they leak in."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator
from typing import Any

from orchestrator.redact import linear

SHORTEST = 8
_LONG_LINE = 16
_MARK = b"[redacted]"
_BASE64 = rb"[A-Za-z0-9+/_-]*"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def clean(text: bytes, known: tuple[str, ...]) -> bytes:
    pattern = _pattern(known)
    return text if pattern is None else bytes(pattern.sub(_MARK, text))


def spans(text: bytes, known: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each known value in the text."""
    pattern = _pattern(known)
    for match in pattern.finditer(text) if pattern is not None else ():
        yield match.start(), match.end(), "known"


@functools.lru_cache(maxsize=8)
def _pattern(known: tuple[str, ...]) -> Any:
    """One automaton for all spellings of all values; None when there is nothing to look for."""
    import re2

    plain: set[bytes] = set()
    encoded: set[bytes] = set()
    for value in known:
        # Of a key of several lines a log may show one; each is as good as the whole.
        for part in {value.strip(), *(line for line in value.split("\n") if len(line.strip()) >= _LONG_LINE)}:
            if len(part.strip()) >= SHORTEST and not part.startswith("-----"):
                plain |= _spellings(part.strip())
                encoded |= _base64_cores(part.strip().encode("utf-8", "replace"))
    words = sorted(plain, key=lambda w: (-len(w), w))  # the longest first, so that nothing of it is left over
    options = [re2.escape(w) for w in words]
    options += [_BASE64 + re2.escape(core) + _BASE64 + b"={0,2}" for core in sorted(encoded)]
    if not options:
        return None
    return linear.compile(b"|".join(options))


def _spellings(value: str) -> set[bytes]:
    raw = value.encode("utf-8", "replace")
    escaped = json.dumps(value)[1:-1]
    quoted = b"".join(bytes([b]) if b in _UNRESERVED else b"%%%02X" % b for b in raw)
    words = {
        raw,
        raw[::-1],
        raw.hex().encode(),
        raw.hex().upper().encode(),
        escaped.encode(),
        escaped.replace("/", "\\/").encode(),
        json.dumps(escaped)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
        quoted,
        quoted.replace(b"%2F", b"/"),
        quoted.replace(b"%20", b"+"),
    }
    lower = b"".join(bytes([b]) if b in _UNRESERVED else b"%%%02x" % b for b in raw)
    return words | {lower, lower.replace(b"%2f", b"/")}


def _base64_cores(raw: bytes) -> set[bytes]:
    """What base64 makes of the value at each of the three alignments, without the characters its neighbours share."""
    cores = set()
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        core = code[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        if len(core) >= SHORTEST:
            cores |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return cores
