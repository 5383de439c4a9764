"""No added line and no new name holds characters that people do not see, or that show text in another order.

Such characters hide instructions from a reviewer and change what code does without looking so. What scripts and
emoji need stays allowed where they need it: joiners between letters of joining scripts and between emoji, a variation
selector after the symbol it varies, a byte order mark at the start of a file. Words that mix Latin letters with
look-alikes of another alphabet are shown to the reviewer.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from itertools import islice

from orchestrator.gate.base import SHOWN, TEXTS, failed, listed, passed, raised, unjudged
from orchestrator.model.gate import Evidence, FileText, Finding
from orchestrator.model.governance import Risk

name = "hidden_text"
stage = TEXTS
version = 1

_SUSPECT = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]|\r(?=.)"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
"""England's, Scotland's: a black flag and tag characters."""
_JOINING = re.compile(r"[\u0600-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
"""Arabic to Burmese, Khmer, Mongolian: letters whose form a joiner chooses."""
_LOOK_ALIKE = re.compile(
    "[A-Za-z_][0-9]*[\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u0430"
    "\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u0391\u0392\u0395\u0396\u0397\u0399"
    "\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf]"
)
"""A Cyrillic or Greek letter that looks like a Latin one, right after a Latin one."""
_CODING = re.compile(
    r"^[ \t\f]*#.{0,200}?coding[:=][ \t]*(?:utf.?7|rot.?13|\w*unicode.?escape|punycode|idna|hex|uu|bz2|zip)\b", re.I
)
"""An encoding in which Python reads other code than stands there."""


def check(evidence: Evidence) -> Finding:
    names = [f"{c.path!r}: {why}" for c in evidence.changes if c.status != "D" and (why := in_name(c.path))]
    if names:
        return failed(name, f"Rename these files, in letters that can be seen: {listed(names)}")
    if (unknown := unjudged(name, evidence)) is not None:
        return unknown
    files = evidence.files or ()
    found = [place for file in files for place in _first(_hidden(file))]
    if found:
        return failed(
            name,
            "Remove the hidden characters; where a text needs one, write it as an escape (like \\u200b): "
            + listed(found),
        )
    mixed = [place for file in files for place in _first(_mixed(file))]
    if mixed:
        return raised(name, Risk.MEDIUM, f"words of letters that only look Latin: {listed(mixed)}")
    return passed(name)


def in_name(path: str) -> str:
    """What is hidden in a path; empty when nothing is."""
    if any("\ud800" <= char <= "\udfff" for char in path):
        return "not UTF-8"
    hidden = [char for at, char in _characters(path) if not _needed(path, at)]
    hidden += [char for char in path if char in "\t\n\f\r"]
    return ", ".join(dict.fromkeys(map(_called, hidden)))


def _first(places: Iterator[str]) -> list[str]:
    """No more than are shown, and one, so that it is said that there are more."""
    return list(islice(places, SHOWN + 1))


def _hidden(file: FileText) -> Iterator[str]:
    for number, line in file.added:
        if number <= 2 and file.path.endswith((".py", ".pyi", ".pyw")) and _CODING.search(line[:400]):
            yield f"{file.path!r} line {number} names an encoding in which it is other code"
        if line.isascii() and line.isprintable():
            continue
        hidden = (
            c for at, c in _characters(line) if not _needed(line, at) and not (c == "\ufeff" and number + at == 1)
        )
        if called := ", ".join(dict.fromkeys(map(_called, islice(hidden, 5)))):
            yield f"{file.path!r} line {number}: {called}"


def _mixed(file: FileText) -> Iterator[str]:
    return (f"{file.path!r} line {n}" for n, line in file.added if not line.isascii() and _LOOK_ALIKE.search(line))


def _characters(line: str) -> Iterator[tuple[int, str]]:
    """The suspects with their places; those of a flag are none."""
    flags = deque(found.span() for found in _FLAG.finditer(line))
    for found in _SUSPECT.finditer(line):
        while flags and flags[0][1] <= found.start():
            flags.popleft()
        if not flags or found.start() < flags[0][0]:
            yield found.start(), found[0]


def _needed(line: str, at: int) -> bool:
    """Whether the script or symbol around it needs the character."""
    char = line[at]
    before, after = line[at - 1 : at] if at else "", line[at + 1 : at + 2]
    if char in "\u200c\u200d" and _JOINING.match(before) and _JOINING.match(after):
        return True
    if char == "\u200d":
        return (before in _SELECTORS or _symbol(before)) and _symbol(after)
    if char in _SELECTORS:
        return _symbol(before) or before in tuple("#*0123456789\u00a9\u00ae")
    if "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef":
        return _symbol(before) or (before > "\u3400" and unicodedata.category(before) == "Lo")
    if "\u180b" <= char <= "\u180f":
        return "\u1820" <= before <= "\u18aa"
    return False


_SELECTORS = ("\ufe0e", "\ufe0f")


def _symbol(char: str) -> bool:
    """A symbol or skin tone, beyond the letters and signs of a keyboard."""
    return char > "\u2000" and (unicodedata.category(char) in ("So", "Sm", "Sk") or char in "\u203c\u2049\u3030\u303d")


def _called(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, 'control character')}"
