"""What is wrong with a configuration: file, line, key, what stands there, what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

At = tuple[str | int, ...]
"""Where in the tree: keys and list positions from the top."""


def dotted(at: At) -> str:
    """`projects.main.repos[0].checks`, the way messages and the reference name a key."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, kw_only=True)
class Problem:
    file: str
    line: int
    """Counted from 1; 0 = the file as a whole."""
    key: str
    value: str
    """What stands there, as the user would recognise it; empty = nothing."""
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        got = f" got {self.value}," if self.value else ""
        return f"{place}:{key}{got} expected {self.expected}"


class ConfigError(Exception):
    """The configuration cannot be used; nothing may run on it. Prints one problem per line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shown(value: object) -> str:
    """A value in a message: short, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…'"


def near(word: str, known: Iterable[str]) -> str:
    """` (did you mean x?)` when something known is spelled almost like it, else empty."""
    import difflib

    found = difflib.get_close_matches(word.lower(), {k.lower(): k for k in known}, n=1, cutoff=0.7)
    return f" (did you mean {found[0]}?)" if found else ""
