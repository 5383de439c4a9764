"""The part of a job's log that tells why it failed: around the first error, and the end."""

from __future__ import annotations

import re

BEFORE = 15
"""Lines kept before the first line that speaks of an error."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z ", re.MULTILINE)
_MARKS = (
    "##[error]", "error:", "error[", "error -", "errors:", "exception:", "exception ", "traceback (most recent call",
    "failed", "failure", "fatal:", "panic:", "panicked at", "assertionerror", "assertion failed", "not ok ", "--- fail",
    "✗", "✖", "× ",
)  # fmt: skip
_HARMLESS = re.compile(r"\b(?:0|no) (?:errors?|failed|failures?)\b|\bfailed[:=] ?0\b|\berrors?[:=] ?0\b", re.IGNORECASE)


def failing_part(log: str, limit: int) -> str:
    """At most about `limit` characters of whole lines, without colours and times. What was left out is shown as `...`.

    Half of it stands around the first line that speaks of an error, half is the end: tests say at the end what failed,
    compilers at the beginning. A log in which no line does is its end.
    """
    lines = _STAMP.sub("", _ESCAPES.sub("", log)).rstrip().split("\n")
    if _size(lines) <= limit:
        return "\n".join(lines)
    first = next((i for i, line in enumerate(lines) if _speaks(line)), None)
    if first is None:
        return "\n".join(["...", *_last(lines, limit)])
    end = _last(lines[first:], limit // 2)
    start = max(0, first - BEFORE)
    there = len(lines) - len(end)
    around = _first(lines[start:there], limit - _size(end), at=first - start)
    shown = ["...", *around] if start or around != lines[start : start + len(around)] else around
    whole = bool(around) and around[-1] == lines[there - 1] and len(around) == there - start
    return "\n".join([*shown, *([] if whole else ["..."]), *end])


def _speaks(line: str) -> bool:
    words = line.lower()
    return any(mark in words for mark in _MARKS) and not _HARMLESS.search(words)


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _first(lines: list[str], limit: int, *, at: int) -> list[str]:
    """Lines from the start within the limit; those before `at` go first when they would crowd it out."""
    while at > 0 and _size(lines[: at + 1]) > limit // 2:
        lines, at = lines[1:], at - 1
    kept: list[str] = []
    for line in lines:
        if limit < len(line) + 1:
            return kept or [line[:limit]]
        kept.append(line)
        limit -= len(line) + 1
    return kept


def _last(lines: list[str], limit: int) -> list[str]:
    kept: list[str] = []
    for line in reversed(lines):
        if limit < len(line) + 1:
            break
        kept.append(line)
        limit -= len(line) + 1
    return kept[::-1]
