"""A settings text for a page, without its secrets: a word stands for each, and goes back to it when the text is saved.

The words are numbered by the text, so they mean the same only as long as the text is the same; a save names its hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.operations import OrderRefused
from orchestrator.redact import Redactor
from orchestrator.yamlread.lines import read
from orchestrator.yamlread.problems import ConfigError

_WORD = re.compile(r"<hidden-([0-9]{1,4})>")
_NAME = re.compile(r"(?:^|_)(?:token|secret|password|api_key)$")
"""Keys whose text is a secret, whatever it looks like; `token_env` and `token_file` name a place."""
_ROW = re.compile(r"^[\s#-]*[\"']?(?:[a-z_]*_)?(?:token|secret|password|api_key)[\"']?:[ \t]+[\"']?([^\s#\"']+)")
_LONG = 8
"""A secret of so many characters is hidden wherever it stands; a shorter one would hit words."""


def hide(redact: Redactor, text: str) -> tuple[str, tuple[str, ...]]:
    """The text with the words in it, and what they stand for. Raises OrderRefused where something cannot be hidden."""
    secrets: list[str] = []
    rows = text.split("\n")
    for secret, line in _by_name(text):
        rows[line - 1] = rows[line - 1].replace(secret, _word(secrets, secret))
    for n, row in enumerate(rows):
        for secret in list(secrets):
            row = row.replace(secret, _word(secrets, secret)) if len(secret) >= _LONG else row
        rows[n] = _without(redact, row, secrets)
    hidden = "\n".join(rows)
    if str(redact(hidden)) != hidden or any(not _WORD.fullmatch(s) for s, _ in _by_name(hidden)):
        raise OrderRefused("the file holds a secret in a form that cannot be hidden here; edit it by hand")
    return hidden, tuple(secrets)


def back(redact: Redactor, text: str, before: str) -> str:
    """A page's text with the secrets of the file put back, and the file's line ends. Raises OrderRefused."""
    text = text.replace("\r\n", "\n")
    if "\r\n" in before:
        text = text.replace("\n", "\r\n")
    if not _WORD.search(text):
        return text
    _, secrets = hide(redact, before)

    def secret(match: re.Match[str]) -> str:
        n = int(match[1])
        if not 1 <= n <= len(secrets):
            raise OrderRefused(f"{match[0]} stands for nothing in this file; write the value itself")
        return secrets[n - 1]

    return _WORD.sub(secret, text)


def told(text: str) -> tuple[str, ...]:
    """Values of keys that are called as a secret's, for a message about the text."""
    return tuple(secret for secret, _ in _by_name(text))


def _word(secrets: list[str], secret: str) -> str:
    if secret not in secrets:
        secrets.append(secret)
    return f"<hidden-{secrets.index(secret) + 1}>"


def _without(redact: Redactor, row: str, secrets: list[str]) -> str:
    """The row with what the redactor would take out of it as one word."""
    clean = str(redact(row))
    if clean == row:
        return row
    head = _alike(row, clean)
    stop = len(row) - _alike(row[head:][::-1], clean[head:][::-1])
    return row[:head] + _word(secrets, row[head:stop]) + row[stop:]


def _alike(one: str, other: str) -> int:
    """Characters at the beginning that are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _by_name(text: str) -> Iterator[tuple[str, int]]:
    """(value, line) of keys that are called so; where the text is no YAML, of rows that look like it."""
    try:
        document = read(text, "text")
    except ConfigError:
        found = ((n, _ROW.match(row)) for n, row in enumerate(text.split("\n"), 1))
        yield from ((match[1], n) for n, match in found if match)
        return
    for at, line in document.lines.items():
        value = document.get(at)
        if isinstance(at[-1], str) and _NAME.search(at[-1]) and isinstance(value, str) and value:
            yield value, line
