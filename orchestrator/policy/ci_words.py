"""Words that a host reads as orders, made harmless: nobody else chooses in our name what is tested, closed, or told."""

from __future__ import annotations

import re

# `[skip ci]`, `[ci skip]`, `[no ci]`, `[skip actions]`, `[skip netlify]`: each host reads some of them anywhere.
_BRACKETS = re.compile(r"\[([^\[\]\n]{0,40}(?:skip|no[ _-]?ci)[^\[\]\n]{0,40})\]", re.IGNORECASE)
_STARS = re.compile(r"\*\*\*(no_ci)\*\*\*", re.IGNORECASE)
_TRAILER = re.compile(r"^([ \t]*skip-(?:checks|ci))[ \t]*:", re.IGNORECASE | re.MULTILINE)


def heard(text: str) -> str:
    """The text in the same words, none of which switches checks off."""
    return _TRAILER.sub(r"\1 -", _STARS.sub(r"\1", _BRACKETS.sub(r"(\1)", text)))


MENTION = re.compile(r"(?<![\w`])@(?=[A-Za-z0-9])")
CLOSING = re.compile(
    r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+)(?=(?:[\w.-]+/[\w.-]+)?#\d|gh-\d|https?://)", re.IGNORECASE
)
_JOINER = "\u2060"


def title(text: str) -> str:
    """A title as the first line of a commit or pull request of ours, where no markdown helps: it calls nobody, closes
    no issue, and switches no check off."""
    return CLOSING.sub(rf"\1\2{_JOINER}", MENTION.sub(f"@{_JOINER}", heard(text)))
