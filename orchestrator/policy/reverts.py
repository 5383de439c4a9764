"""Which merges were taken back, by what the messages of later commits on the base branch say."""

from __future__ import annotations

import re
from collections.abc import Iterable

GREP = "[Rr]everts "
"""What git looks for; `standing` reads closer."""
_SAID = re.compile(
    r"^[ \t>*-]*(?:This )?reverts (?:commit ([0-9a-f]{7,64})\b|(?:[\w.-]+/[\w.-]+)?#([0-9]{1,10})\b)", re.I | re.M
)
_PULL = re.compile(r"\(#([0-9]{1,10})\)\s*\Z")


def by(log: Iterable[tuple[str, str]], sha: str, pull: int) -> str:
    """The commit that took this merge back; empty while it stands. `log`: sha and message of what came after it, newest
    first. A revert that was itself reverted took nothing back.
    """
    undone: dict[str, str] = {}
    for commit, message in log:
        number = _PULL.search(message.partition("\n")[0])
        if not _named(undone, commit, number[1] if number else ""):
            for name, of in _SAID.findall(message):
                undone[name.lower() or f"#{of}"] = commit
    return _named(undone, sha, str(pull))


def _named(undone: dict[str, str], sha: str, pull: str) -> str:
    if f"#{pull}" in undone:
        return undone[f"#{pull}"]
    return next((at for name, at in undone.items() if name[0] != "#" and sha.startswith(name)), "")
