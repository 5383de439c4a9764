"""STRATEGY.md as text: what a sprint adds to it, and nothing else. Whatever people wrote stays as it is, byte for byte.

A sprint is a block below `## Sprint History`, newest first, between two comments of ours that name its plan. The focus
areas are ours only between their two comments, and only while what stands there is what we last wrote: the closing
comment carries its digest. Who edits them, or takes a comment away, has taken them over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

HISTORY, FOCUS = "Sprint History", "Current Focus Areas"
EMPTY = "# Strategy\n\n## Product Vision\n\n## Current Focus Areas\n\n<!-- auto-focus-areas -->\n\n## Sprint History\n"
FOCUS_OPEN = "<!-- auto-focus-areas -->"
FOCUS_AFTER = 3
"""Sprints before the focus areas are made from them."""
_FOCUS_CLOSE = re.compile(r"<!-- /auto-focus-areas ([0-9a-f]{12}) -->")
_BLOCK = re.compile(
    r"^<!-- agent-os:sprint=(?P<id>[a-z0-9-]{1,120}) -->\n.*?^<!-- /agent-os:sprint -->\n", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#{1,2} ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Sprint:
    plan: str
    """Id of the plan: one sprint per plan, however often it is written."""
    day: str
    """`2026-11-26`."""
    retrospective: tuple[str, ...]
    plan_lines: tuple[str, ...]


def add(text: str, sprint: Sprint) -> str:
    """With the sprint on top of its history. A text that has it already stays as it is."""
    return _insert(text, block(sprint)) if sprint.plan not in ids(text) else text


def block(sprint: Sprint) -> str:
    looking_back = (
        "\n".join(f"- {line}" for line in sprint.retrospective) or "- The first sprint that was planned here."
    )
    ahead = "\n".join(f"- {line}" for line in sprint.plan_lines) or "- Nothing."
    return (
        f"<!-- agent-os:sprint={sprint.plan} -->\n### Sprint {sprint.day}\n\n#### Retrospective\n\n{looking_back}\n\n"
        f"#### Plan\n\n{ahead}\n<!-- /agent-os:sprint -->\n"
    )


def ids(text: str) -> tuple[str, ...]:
    """Plans whose sprints stand in it, as they stand."""
    return tuple(match["id"] for match in _BLOCK.finditer(text))


def carried(text: str, earlier: str) -> str:
    """`text`, which somebody changed, with the sprints of `earlier` that it lacks."""
    there = ids(text)
    missing = [match[0] for match in _BLOCK.finditer(earlier) if match["id"] not in there]
    for one in reversed(missing):
        text = _insert(text, one)
    return text


def focus(text: str, areas: Sequence[str]) -> str:
    """With the focus areas made anew where they are ours to make, after enough sprints."""
    start = text.find(FOCUS_OPEN)
    if start < 0 or len(ids(text)) < FOCUS_AFTER or not areas:
        return text
    after = start + len(FOCUS_OPEN)
    rest = text[after:]
    close = _FOCUS_CLOSE.search(rest)
    end = next((m.start() for m in _HEADING.finditer(rest)), len(rest))
    if close is not None and close.start() < end:
        if _digest(rest[: close.start()]) != close[1]:
            return text
        end = close.end()
    elif rest[:end].strip():
        return text
    else:
        end = 0
    inner = "\n\n" + "\n".join(f"- {area}" for area in areas) + "\n\n"
    return f"{text[:after]}{inner}<!-- /auto-focus-areas {_digest(inner)} -->{rest[end:]}"


def areas(directions: Sequence[tuple[str, float | None]]) -> tuple[str, ...]:
    """Focus areas from the directions that were worked on most, with what measuring said of them."""
    return tuple(
        f"{name}: " + ("not measured yet" if mean is None else f"measured at {mean:+.2f}")
        for name, mean in directions[:5]
    )


def _insert(text: str, sprint: str) -> str:
    """Right below the history's heading; the heading is made where there is none."""
    found = re.search(rf"^## {HISTORY}[ \t]*$\n?", text, re.MULTILINE)
    if found is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}## {HISTORY}\n\n{sprint}"
    before, after = text[: found.end()], text[found.end() :]
    head = before if before.endswith("\n") else before + "\n"
    return f"{head}\n{sprint}{after}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
