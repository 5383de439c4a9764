"""A diff taken apart for a reader with a bounded view: file by file, a huge file by its hunks, nothing left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.policy.hidden import INVISIBLE

LIMIT = 60_000
"""Characters of the diff in one part."""
MOST = 8
"""Parts of one review; a larger change is not reviewed."""

_HEAD = "diff --git "
_OCTAL = re.compile(r"\\([0-7]{3}|.)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}
_PLAIN = re.compile(r"[\n\t -~]*")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A file's patch, or a part of it."""

    path: str
    text: str
    test: bool = False
    """A changed test that a criterion has to ask for: shown apart."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is shown at once."""

    pieces: tuple[Piece, ...]

    @property
    def tests(self) -> tuple[Piece, ...]:
        return tuple(p for p in self.pieces if p.test)

    @property
    def files(self) -> tuple[Piece, ...]:
        return tuple(p for p in self.pieces if not p.test)


def files(patch: str, tests: Collection[str] = ()) -> tuple[Piece, ...]:
    """The patch of each file, hidden characters escaped. Only git writes a line that begins with `diff --git `: what a
    file holds stands behind `+`, `-`, a blank or a backslash."""
    found: list[list[str]] = []
    for line in patch.split("\n"):
        if line.startswith(_HEAD) or not found:
            found.append([])
        found[-1].append(line)
    pieces = []
    for lines in found:
        path = _path(lines[0])
        text = escaped("\n".join(lines)).rstrip("\n")
        if text:
            pieces.append(Piece(path=escaped(path), text=text, test=path in tests))
    return tuple(pieces)


def parts(pieces: Sequence[Piece], *, limit: int = LIMIT) -> tuple[Part, ...]:
    """The pieces in order, tests first, as many at once as `limit` characters hold."""
    ordered = [p for p in pieces if p.test] + [p for p in pieces if not p.test]
    found: list[list[Piece]] = []
    room = 0
    for piece in ordered:
        for bit in _bits(piece, limit):
            if not found or len(bit.text) > room:
                found.append([])
                room = limit
            found[-1].append(bit)
            room -= len(bit.text)
    return tuple(Part(pieces=tuple(each)) for each in found)


def escaped(text: str) -> str:
    """The text with everything that a person would not see (controls, bidirectional marks, zero-width, tags, variation
    selectors, odd line ends, lone surrogates) written out as `<U+202E>`; new lines and tabs stay."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(f"<U+{ord(c):04X}>" if _hidden(c) else c for c in text)


def _hidden(char: str) -> bool:
    if char in "\n\t" or " " <= char <= "~":
        return False
    kind = unicodedata.category(char)
    blank = char == "\u2800"
    return kind in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp") or blank or INVISIBLE.match(char) is not None


def _path(line: str) -> str:
    """The path of a `diff --git a/x b/x` line; without rename detection both sides have the same name."""
    rest = line.removeprefix(_HEAD)
    if quoted := _QUOTED.match(rest):
        return _unquoted(quoted[1])[2:]
    return rest[2 : 2 + (len(rest) - 5) // 2]


def _unquoted(text: str) -> str:
    """A name as git quotes it: octal bytes and C escapes."""
    raw = _OCTAL.sub(lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else _SHORT.get(m[1], m[1]), text)
    return raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _bits(piece: Piece, limit: int) -> Iterator[Piece]:
    """The piece itself, or where it is too long, its hunks; a hunk too long by lines, a line too long by characters."""
    if len(piece.text) <= limit:
        yield piece
        return
    head, *hunks = _hunks(piece.text)
    head = head[: limit // 4]
    room = limit - len(head) - 1
    held = ""
    for bit in (b for hunk in hunks or [piece.text] for b in _cut(hunk, room)):
        if held and len(held) + 1 + len(bit) > room:
            yield Piece(path=piece.path, text=f"{head}\n{held}", test=piece.test)
            held = ""
        held = f"{held}\n{bit}" if held else bit
    if held:
        yield Piece(path=piece.path, text=f"{head}\n{held}", test=piece.test)


def _hunks(text: str) -> list[str]:
    """The header, then each hunk."""
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.startswith("@@ "):
            found.append([])
        found[-1].append(line)
    return ["\n".join(lines) for lines in found]


def _cut(hunk: str, room: int) -> Iterator[str]:
    if len(hunk) <= room:
        yield hunk
        return
    held = ""
    for line in hunk.split("\n"):
        for start in range(0, len(line) or 1, room):
            bit = line[start : start + room]
            if held and len(held) + 1 + len(bit) > room:
                yield held
                held = ""
            held = f"{held}\n{bit}" if held else bit
    if held:
        yield held
