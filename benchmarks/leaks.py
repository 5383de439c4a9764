"""Secrets that no form gives away, the encodings they leak in, and the places they are looked for."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

WINDOW = 10
ALPHABETS = (
    string.ascii_letters + string.digits,
    "0123456789abcdef",
    string.ascii_letters + string.digits + "-_",
    string.ascii_letters + string.digits + "+/",
    string.ascii_letters + string.digits + "!#$%&()*,;<=>?@[]^{|}~'\"\\/ äöß€日🚀",
)
ENCODINGS: dict[str, Callable[[str], str]] = {
    # the nine of the requirement
    "plain": lambda v: v,
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 in a longer text": lambda v: base64.b64encode(b"user:" + v.encode() + b"@host").decode(),
    "base64 of addresses": lambda v: base64.urlsafe_b64encode(b"a" + v.encode()).decode().rstrip("="),
    "hex": lambda v: v.encode().hex(),
    "HEX": lambda v: v.encode().hex().upper(),
    "URL": lambda v: quote(v, safe=""),
    "JSON": lambda v: json.dumps(v)[1:-1],
    "zero width": lambda v: "\u200b".join(v),
    # and more
    "JSON, every character": lambda v: "".join(f"\\u{v16}" for v16 in _units(v)),
    "base64 of URL": lambda v: base64.b64encode(quote(v, safe="").encode()).decode(),
    "base64 of base64": lambda v: base64.b64encode(base64.b64encode(v.encode())).decode(),
    "URL twice": lambda v: quote(quote(v, safe=""), safe=""),
    "backwards": lambda v: v.encode()[::-1].decode("utf-8", "replace"),
}
"""How a value is spelled where it leaks. "backwards" is of ASCII only."""


def _units(value: str) -> Iterator[str]:
    data = value.encode("utf-16-be").hex()
    return (data[n : n + 4] for n in range(0, len(data), 4))


@dataclass(frozen=True, kw_only=True)
class Planted:
    encoding: str
    text: str

    @property
    def window(self) -> str:
        """The part in its middle, of the secret alone; left over, it is a leak."""
        middle = len(self.text) // 2
        return self.text[middle - WINDOW // 2 : middle + WINDOW // 2]


def secrets(seed: str, count: int) -> tuple[str, ...]:
    """None has an open or closing blank, and none is shorter than what the redactor knows."""
    chance = random.Random(seed)
    found = []
    for n in range(count):
        alphabet = ALPHABETS[n % len(ALPHABETS)]
        middle = "".join(chance.choice(alphabet) for _ in range(chance.randint(14, 70)))
        found.append(f"{chance.choice(alphabet[:16])}{middle}{chance.choice(alphabet[:16])}")
    return tuple(found)


def planted(values: tuple[str, ...]) -> tuple[Planted, ...]:
    return tuple(
        Planted(encoding=name, text=spell(value))
        for value in values
        for name, spell in ENCODINGS.items()
        if name != "backwards" or value.isascii()
    )


def left(found: tuple[Planted, ...], seen: str) -> list[Planted]:
    """Those of which something stands in a text."""
    there = {each.window for each in found} & {seen[n : n + WINDOW] for n in range(len(seen))}
    return [each for each in found if each.window in there]


def texts(path: Path) -> str:
    """What stands in a file, or in all files below a folder; of JSON lines also what they mean, unescaped."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    parts = []
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        parts.append(text)
        if file.suffix in (".jsonl", ".json"):
            whole = [text] if file.suffix == ".json" else text.splitlines()
            parts += [meaning(json.loads(part)) for part in whole if part.strip()]
    return "\n".join(parts)


def meaning(data: object) -> str:
    """Every text in a JSON value."""
    if isinstance(data, dict):
        return "\n".join(f"{k}\n{meaning(v)}" for k, v in data.items())
    if isinstance(data, list):
        return "\n".join(map(meaning, data))
    return str(data)
