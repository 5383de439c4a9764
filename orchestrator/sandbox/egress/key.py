"""The key's way: put in the dummy's place towards the provider, taken out of whatever comes back.

The real key is put only where credentials stand. Anywhere else (a version header, a path, a body) a provider may quote
it in an error, and the agent would read it. Should one quote it all the same, the answer is cleaned: in headers and in
the body, as it stands and percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from orchestrator.sandbox.egress.wire import Headers

CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""Headers in which providers take a key: OpenAI and those like it, Anthropic, Azure, Google."""
PARAMETERS = frozenset({"key", "api_key", "api-key"})
"""Parameters of the query that hold one (Google: `key`)."""


@dataclass(frozen=True, kw_only=True)
class Swap:
    """`key` and `dummy` are ASCII without spaces."""

    key: str = field(repr=False)
    dummy: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", self.key) or not re.fullmatch(r"[\w.-]{16,}", self.dummy):
            raise ValueError("a key that no header can hold, or a dummy that could stand for something else")

    def outward(self, target: str, headers: Headers) -> tuple[str, Headers] | None:
        """The request's target and headers with the real key; None where the dummy is in no place for credentials."""
        path, mark, query = target.partition("?")
        parts = [self._parameter(part) for part in query.split("&")] if mark else []
        lines = tuple((name, self._header(name, value)) for name, value in headers)
        found = path + mark + "&".join(parts)
        return None if found == target and lines == headers else (found, lines)

    def homeward(self, headers: Headers) -> Headers:
        clean = self.cleaner()
        return tuple((name, clean.all(value.encode("latin-1")).decode("latin-1")) for name, value in headers)

    def cleaner(self) -> Cleaner:
        return Cleaner({spelling.encode(): self.dummy.encode() for spelling in {self.key, quote(self.key, safe="")}})

    def _parameter(self, part: str) -> str:
        name, _, value = part.partition("=")
        return f"{name}={quote(self.key, safe='')}" if name in PARAMETERS and value == self.dummy else part

    def _header(self, name: str, value: str) -> str:
        if name.lower() not in CREDENTIALS:
            return value
        scheme, space, credential = value.rpartition(" ")
        bearer = name.lower() == "authorization" and scheme.lower() in ("bearer", "")
        return f"{scheme}{space}{self.key}" if credential == self.dummy and (bearer or not space) else value


class Cleaner:
    """Replaces words in a body that comes in pieces. Holds back only an end that could be a word's beginning."""

    def __init__(self, words: dict[bytes, bytes]) -> None:
        self.words = words
        self.held = b""

    def piece(self, data: bytes) -> bytes:
        data = self._replaced(self.held + data)
        cut = len(data) - max(self._begun(data, word) for word in self.words)
        self.held = data[cut:]
        return data[:cut]

    def end(self) -> bytes:
        """What was held back; the body is over."""
        rest, self.held = self.held, b""
        return rest

    def all(self, data: bytes) -> bytes:
        return self._replaced(data)

    def _replaced(self, data: bytes) -> bytes:
        for word, instead in self.words.items():
            data = data.replace(word, instead)
        return data

    @staticmethod
    def _begun(data: bytes, word: bytes) -> int:
        """How many bytes at the end of `data` are how `word` begins."""
        most = min(len(word) - 1, len(data))
        return next((size for size in range(most, 0, -1) if data.endswith(word[:size])), 0)
