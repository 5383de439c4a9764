"""Strings that an expression matches, drawn evenly and with a seed.

Hypothesis would draw what breaks programs (many zeros, strange letters); a real token is even. Letters of a class are
drawn in both cases under `(?i)`, words stay as they are written, as a provider writes its prefix.
"""

from __future__ import annotations

import random
import re
import string
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the name; the parser itself stays
    import sre_constants as op
    import sre_parse

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
MORE = 12
"""How many above its least number an open-ended repeat is drawn."""
CATEGORIES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    op.CATEGORY_SPACE: " \t",
    op.CATEGORY_NOT_DIGIT: string.ascii_letters + "-_/",
    op.CATEGORY_NOT_WORD: " -.,:;/=",
    op.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits + string.punctuation,
}


class CannotDraw(Exception):
    """Python does not know this expression, or it could not be drawn from."""


def draw(pattern: str, chance: random.Random, *, tries: int = 20) -> re.Match[str]:
    """A match of the pattern on a text drawn from it. Raises CannotDraw."""
    pattern = pattern.replace(r"\z", r"\Z")
    try:
        compiled, tree = re.compile(pattern), sre_parse.parse(pattern)
    except (re.error, OverflowError) as why:
        raise CannotDraw(str(why)) from why
    flags = int(tree.state.flags)
    for _ in range(tries):
        text = "".join(_sequence(tree, chance, flags))
        if (match := compiled.search(text)) is not None:
            return match
    raise CannotDraw("what was drawn does not match")


def _sequence(items: Any, chance: random.Random, flags: int) -> list[str]:
    return [part for name, value in items for part in _item(name, value, chance, flags)]


def _item(name: Any, value: Any, chance: random.Random, flags: int) -> list[str]:
    if name is op.LITERAL:
        return [chr(value)]
    if name is op.NOT_LITERAL:
        return [chance.choice([c for c in PRINTABLE if ord(c) != value])]
    if name is op.ANY:
        return [chance.choice(PRINTABLE)]
    if name is op.IN:
        return [chance.choice(_class(value, flags))]
    if name is op.BRANCH:
        return _sequence(chance.choice(value[1]), chance, flags)
    if name is op.SUBPATTERN:
        _, plus, minus, inner = value
        return _sequence(inner, chance, (flags | plus) & ~minus)
    if name in (op.MAX_REPEAT, op.MIN_REPEAT):
        least, most, inner = value
        times = chance.randint(least, min(int(most), least + MORE) if int(most) > 4000 else int(most))
        return [part for _ in range(times) for part in _sequence(inner, chance, flags)]
    if name is op.AT:
        return []
    raise CannotDraw(str(name))


def _class(items: Any, flags: int) -> str:
    negated, found = False, set[str]()
    for name, value in items:
        if name is op.NEGATE:
            negated = True
        elif name is op.LITERAL:
            found.add(chr(value))
        elif name is op.RANGE:
            found |= {chr(c) for c in range(value[0], min(value[1], 0x17F) + 1)}
        elif name is op.CATEGORY:
            found |= set(CATEGORIES[value])
    if flags & re.IGNORECASE:
        found |= {c.swapcase() for c in found}
    usable = set(PRINTABLE + "\n\t") - found if negated else found & set(PRINTABLE + "\n\t") or found
    if not usable:
        raise CannotDraw("an empty class")
    return "".join(sorted(usable))
