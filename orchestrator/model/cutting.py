"""Cutting foreign text that the redactor has not seen yet: half a secret is still half a secret, and no rule knows it.

Where the redactor is at hand it sees the whole text first (`Redactor.head`). Readers of programs' output have no
redactor and must not hold everything: they cut between words, and no secret of one word is cut in two.
"""

from __future__ import annotations

WORD = 4096
"""Characters of a word that are dropped at a cut at most; no token is longer."""

_LETTERS = bytes(range(33, 256))


def head(text: str, limit: int) -> str:
    """At most `limit` characters from the start; a word that would be cut is left out."""
    if len(text) <= limit:
        return text
    at, least = limit, max(0, limit - WORD)
    while at > least and not (text[at - 1].isspace() or text[at].isspace()):
        at -= 1
    return text[:at]


def tail(text: str, limit: int) -> str:
    """At most `limit` characters from the end; a word that would be cut is left out."""
    at = len(text) - limit
    if at <= 0:
        return text
    most = min(len(text), at + WORD)
    while at < most and not (text[at - 1].isspace() or text[at].isspace()):
        at += 1
    return text[at:]


def ends(first: bytes, last: bytes) -> tuple[bytes, bytes]:
    """Two pieces of a longer output, without the words that the gap between them cut."""
    start, end = first[-WORD:], last[:WORD]
    spared = len(start) - len(start.rstrip(_LETTERS))
    return first[: len(first) - spared], last[len(end) - len(end.lstrip(_LETTERS)) :]
