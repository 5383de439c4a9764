"""Our GraphQL documents: one operation per file under `queries/`, read when first used.

A file whose name ends in `s` asks about many things at once: it is written for one, under the alias `r0`, and is a
valid document as it stands. `widened` repeats that block for as many as are asked about. The block starts at the line
`  r0: ...` and ends with the file's first line that is `  }`; its variables are the ones whose names end in `0`.

What several documents ask for alike stands once, under `queries/fragments/`, by its name: a document that spreads a
fragment which it does not hold gets it appended, with those that it spreads in turn.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "queries"
_BLOCK = re.compile(r"^  r0:.*?^  \}\n", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(r"\$(\w+)0: ([\w!]+)")
_SPREAD = re.compile(r"\.\.\.([A-Z]\w*)")
_HELD = re.compile(r"^fragment (\w+) on ", re.MULTILINE)


@cache
def load(name: str) -> str:
    text = (_FOLDER / f"{name}.graphql").read_text()
    while missing := [n for n in _SPREAD.findall(text) if n not in _HELD.findall(text)]:
        text += "\n" + (_FOLDER / "fragments" / f"{missing[0]}.graphql").read_text()
    return text


@cache
def widened(name: str, n: int) -> str:
    """The document asking about `n` >= 1 things, aliased r0 ... r(n-1), with variables `$x0` ... for each."""
    text = load(name)
    block = _BLOCK.search(text)
    assert block is not None, f"{name}.graphql has no block r0"
    copies = "".join(_numbered(block.group(0), i) for i in range(n))
    text = text[: block.start()] + copies + text[block.end() :]
    own = _DECLARED.findall(text)
    declared = ", ".join(f"${x}{i}: {kind}" for i in range(n) for x, kind in own)
    first, *others = [f"${x}0: {kind}" for x, kind in own]
    for other in others:
        text = text.replace(f", {other}", "")
    return text.replace(first, declared)


def _numbered(block: str, i: int) -> str:
    return re.sub(r"\$(\w+)0\b", lambda name: f"${name[1]}{i}", block.replace("r0:", f"r{i}:", 1))


def is_mutation(document: str) -> bool:
    return re.search(r"^mutation\b", document, re.MULTILINE) is not None


def operation(document: str) -> str:
    """The operation's name, for messages."""
    found = re.search(r"^(?:query|mutation)\s+(\w+)", document, re.MULTILINE)
    return found.group(1) if found else "GraphQL"
