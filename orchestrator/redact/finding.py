"""Where a text holds secrets, for the gate: told by kind and line, never by value.

The sinks' question is another one: there a doubtful string is better taken out. A change that is refused for a made-up
value in a test teaches people to switch the check off, so what nobody could have got from a provider is left alone:
placeholders, published examples, runs and repeats. What this installation knows to be secret is never left alone.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from orchestrator.redact import known as known_values
from orchestrator.redact import places, tokens

Span = tuple[int, int, str]

_EXAMPLES = (
    # Published by their makers: AWS, jwt.io, Telegram's Bot API.
    b"IOSFODNN7EXAMPLE", b"wJalrXUtnFEMI/K7MDENG", b"IkpvaG4gRG9lI", b"ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
    b"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
)  # fmt: skip
_MADE_UP = re.compile(
    rb"(?i)(?:^|[^a-z])(?:your|my|some|an?|the|fake|dummy|test(?:ing)?|examples?|sample|placeholder|change-?_?me|insert"
    rb"|replace|not[-_ ]?(?:a[-_ ])?(?:real|secret)|invalid|wrong|bogus|mock|stub|redacted|todo|foo|bar|secret|password"
    rb"|token|hunter2|xxx+)(?:[^a-z]|key|token|secret|$)|^EXAMPLE|EXAMPLE(?:KEY)?$"
)
"""Words that a person writes into a value that is none. Whole words only: parts of words turn up in random ones."""
_HEAD = re.compile(rb"-----(?:BEGIN|END)[A-Z0-9 ]*-----|[\s\\>]|\\[nrt]|[A-Za-z-]+: [^\n]*")
_HOME = re.compile(rb"@(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host|[\w.-]*example(?:\.\w+)?|[\w.-]*\.test)\b")
_LEAST = {"private_key": 32, "authorization": 16}
"""Characters of a body below which it is only a word about such a thing."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A secret stands here; which, is not said."""

    kind: str
    """The rule that found it: `known`, a provider's token, or a place that gives it away."""
    line: int
    """From 1, counted by `\\n`."""


def find(text: bytes, known: tuple[str, ...]) -> tuple[Hit, ...]:
    """One hit per line and kind, in the order of the text."""
    taken: list[Span] = list(known_values.spans(text, known))
    for spans in (tokens.spans(text), places.spans(text)):
        new = [s for s in spans if not _made_up(text, s)]
        taken += _apart(new, taken)
    return tuple(dict.fromkeys(_hits(text, sorted(taken))))


def _apart(new: list[Span], taken: list[Span]) -> list[Span]:
    """Those that overlap none of `taken`; in n log n, for a hostile text has a hundred thousand of each."""
    ordered = sorted(taken)
    starts = [start for start, _, _ in ordered]
    ends = list(accumulate((end for _, end, _ in ordered), max))
    found = ((span, bisect_left(starts, span[1])) for span in new)
    return [span for span, before in found if not before or ends[before - 1] <= span[0]]


def _hits(text: bytes, spans: list[Span]) -> Iterator[Hit]:
    line, seen = 1, 0
    for start, _, kind in spans:
        line += text.count(b"\n", seen, start)
        seen = start
        yield Hit(kind=kind, line=line)


def _made_up(text: bytes, span: Span) -> bool:
    start, end, kind = span
    value = text[start:end]
    body = _HEAD.sub(b"", value) if kind == "private_key" else value
    if len(body) < _LEAST.get(kind, 8) or any(example in value for example in _EXAMPLES) or _MADE_UP.search(body):
        return True
    if kind == "url_password" and _HOME.match(text, end):
        return True
    if kind in places.KINDS and (not _mixed(body) or body.endswith(b"-")):
        return True
    return _patterned(body)


def _mixed(value: bytes) -> bool:
    """Of at least two sorts of characters, one of them digits: words and names of people are not."""
    return any(48 <= c <= 57 for c in value) and any(c > 57 for c in value)


def _patterned(body: bytes) -> bool:
    """Few characters, or each the same as or next to the one before (`aaaa`, `12345678`, `abcdefgh`), or a repeat."""
    tail = body[-32:]
    steps = sum(1 for a, b in itertools.pairwise(tail) if b - a in (0, 1))
    if len(set(tail)) <= 4 or 2 * steps >= len(tail) - 1:
        return True
    return any(tail == (tail[:n] * len(tail))[: len(tail)] for n in range(1, len(tail) // 2 + 1))
