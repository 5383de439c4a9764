"""Words of a commit message that tell CI to stay off, made harmless: nobody else chooses what is tested."""

from __future__ import annotations

import re

# `[skip ci]`, `[ci skip]`, `[no ci]`, `[skip actions]`, `[skip netlify]`: each host reads some of them anywhere.
_BRACKETS = re.compile(r"\[([^\[\]\n]{0,40}(?:skip|no[ _-]?ci)[^\[\]\n]{0,40})\]", re.IGNORECASE)
_STARS = re.compile(r"\*\*\*(no_ci)\*\*\*", re.IGNORECASE)
_TRAILER = re.compile(r"^([ \t]*skip-(?:checks|ci))[ \t]*:", re.IGNORECASE | re.MULTILINE)


def heard(text: str) -> str:
    """The text in the same words, none of which switches checks off."""
    return _TRAILER.sub(r"\1 -", _STARS.sub(r"\1", _BRACKETS.sub(r"(\1)", text)))
