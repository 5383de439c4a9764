"""How a name, a value and foreign words stand in a YAML file that we write."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import count

_PLAIN = re.compile(r"[A-Za-z~/][A-Za-z0-9~/._ -]*[A-Za-z0-9/._-]|[A-Za-z]")
_TAKEN = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n", "none"))
_COMMENT = 120
"""Characters of foreign words that stand in a comment."""


def key(name: str) -> str:
    """A short name of `[a-z0-9-]` that begins and ends with a letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-") or "main"


def scalar(value: str) -> str:
    """Plain where YAML reads it as the same text, else in double quotes, with an escape for each character that is not
    to be seen there: breaks of lines, controls."""
    plain = _PLAIN.fullmatch(value) and value.casefold() not in _TAKEN and ": " not in value and " #" not in value
    return value if plain else f'"{"".join(map(_escaped, value))}"'


def _escaped(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one.isprintable() else f"\\U{ord(one):08x}"


def comment(words: str) -> str:
    """Foreign words as they may stand in a comment: on its one line, and nothing that YAML refuses. A check's name is
    whatever somebody called it."""
    plain = "".join(one if one.isprintable() else " " for one in words)
    return plain if len(plain) <= _COMMENT else f"{plain[:_COMMENT]}..."


def distinct(wanted: str, taken: Container[str]) -> str:
    """A name that nobody has yet: itself, or with the first number that is free."""
    return next(name for n in count(1) if (name := wanted if n == 1 else f"{wanted}-{n}") not in taken)
