"""Secrets this installation holds, found by value in the spellings they leak in.

A table of first bytes and not an automaton: it stays small and fast with hundreds of values in dozens of spellings
each, and its time grows with the text alone, for nobody can write a text of many first bytes who does not know them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from orchestrator.redact import spellings

SHORTEST = 8
_LONG_LINE = 16
_MARK = b"[redacted]"
_BLANK = b" \t\r\n"
_DIGITS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
"""Of base64, also as written in addresses."""

_Heads = dict[bytes, tuple[tuple[bytes, bool], ...]]
"""The first bytes of each spelling: the spellings that begin so, the longest first, and whether it is the core of a
longer base64 text."""


def clean(text: bytes, known: tuple[str, ...]) -> bytes:
    parts, at = [], 0
    for start, end, _ in spans(text, known):
        parts += [text[at:start], _MARK]
        at = end
    return b"".join([*parts, text[at:]]) if parts else text


def spans(text: bytes, known: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each known value in the text, in its order, none touching the next."""
    heads = _heads(known)
    if not heads:
        return
    found = [*_plain(text, heads), *_blanked(text, heads)]
    start, end = -1, -1
    for first, last in sorted(found):
        if first > end:
            if end > 0:
                yield start, end, "known"
            start, end = first, last
        end = max(end, last)
    if end > 0:
        yield start, end, "known"


def _plain(text: bytes, heads: _Heads) -> Iterator[tuple[int, int]]:
    """Where a spelling stands in one piece."""
    done = 0
    for start, end, core in _found(text, heads, SHORTEST):
        if start >= done:
            first, done = _whole(text, start, end, done) if core else (start, end)
            yield first, done


def _blanked(text: bytes, heads: _Heads) -> Iterator[tuple[int, int]]:
    """Where a long spelling stands broken by line ends or blanks, as base64 programs and mailers break it."""
    bare = text.translate(None, _BLANK)
    found = list(_found(bare, heads, _LONG_LINE)) if len(bare) < len(text) else []
    if not found:
        return
    kept = [n for n, byte in enumerate(text) if byte not in _BLANK]
    done = 0
    for first, last, core in found:
        start, end = kept[first], kept[last - 1] + 1
        if start >= done:
            start, done = _whole(text, start, end, done) if core else (start, end)
            yield start, done


def _found(text: bytes, heads: _Heads, least: int) -> Iterator[tuple[int, int, bool]]:
    """Each place where a spelling of at least so many bytes begins: the longest that does, and whether it is a core."""
    for n in [n for n in range(len(text) - SHORTEST + 1) if text[n : n + SHORTEST] in heads]:
        for word, core in heads[text[n : n + SHORTEST]]:
            if len(word) >= least and text.startswith(word, n):
                yield n, n + len(word), core
                break


def _whole(text: bytes, start: int, end: int, least: int) -> tuple[int, int]:
    """The whole base64 text around a core: its first and last characters hold bits of the value too."""
    while start > least and text[start - 1] in _DIGITS:
        start -= 1
    while end < len(text) and text[end] in _DIGITS:
        end += 1
    stop = min(len(text), end + 2)
    while end < stop and text[end] == 0x3D:
        end += 1
    return start, end


@functools.lru_cache(maxsize=4)
def _heads(known: tuple[str, ...]) -> _Heads:
    heads: dict[bytes, set[tuple[bytes, bool]]] = {}
    for value in known:
        # Of a key of several lines a log may show one; each is as good as the whole.
        for part in {value.strip(), *(line for line in value.split("\n") if len(line.strip()) >= _LONG_LINE)}:
            if len(part.strip()) >= SHORTEST and not part.startswith("-----"):
                _enter(heads, part.strip())
    return {head: tuple(sorted(words, key=lambda w: (-len(w[0]), w))) for head, words in heads.items()}


def _enter(heads: dict[bytes, set[tuple[bytes, bool]]], value: str) -> None:
    for word in spellings.plain(value):
        heads.setdefault(word[:SHORTEST], set()).add((word, False))
    for core in spellings.base64_cores(value):
        if len(core) >= SHORTEST:
            heads.setdefault(core[:SHORTEST], set()).add((core, True))
