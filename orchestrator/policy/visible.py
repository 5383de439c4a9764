"""Foreign text as a terminal may show it: nothing in it moves the cursor, colours, rings, hides or turns a line."""

from __future__ import annotations

import re

from orchestrator.policy.hidden import INVISIBLE

_WRITTEN = re.compile(f"{INVISIBLE.pattern}|[\r\u2028\u2029\ud800-\udfff]")
_KEPT = "\u200c\u200d\ufe0f"
"""Joiners and the emoji selector: words of many scripts need them, and they move nothing."""


def visible(text: str, *, lines: bool = True) -> str:
    """Every control, invisible and half character is written out (`␛`, `\\u202e`); a tab is a space. Line ends stay, or
    are written out too where a text must be one line."""
    if text.isascii() and text.isprintable():
        return text
    text = _WRITTEN.sub(_written, text.replace("\r\n", "\n").replace("\t", " "))
    return text if lines else text.replace("\n", "⏎")


def _written(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if character in _KEPT:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
