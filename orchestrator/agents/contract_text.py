"""The result contract `.agent_result.md`: from an agent's file to an `AgentResult`, never by way of a crash.

The form is the seed's (DECISIONS D4): twelve labels at line start, in any order, bare, as headings or in bold, with the
value on the same or the following lines. What is not understood is kept and said; it is never guessed into success.
Whatever an agent writes, the answer is a value: the words are a claim that the gate compares with what we observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrator.model.result import AgentResult, BlockerCode, Status

NAME = ".agent_result.md"
LISTS = (
    "DONE",
    "BLOCKERS",
    "FILES_CHANGED",
    "TESTS_RUN",
    "DECISIONS",
    "RISKS",
    "ATTEMPTED_APPROACHES",
    "MANUAL_STEPS",
)
LABELS = ("STATUS", "BLOCKER_CODE", "SUMMARY", "DONE", "BLOCKERS", "NEXT_STEP", *LISTS[2:])

_HINTS = {
    "STATUS": " | ".join(s.value for s in Status),
    "BLOCKER_CODE": " | ".join(c.value for c in BlockerCode),
    "SUMMARY": "<what was done and why, in one to three sentences>",
    "DONE": "<one finished thing per bullet>",
    "BLOCKERS": "<what stands in the way>",
    "NEXT_STEP": "<the one thing to do next, or none>",
    "FILES_CHANGED": "<path>",
    "TESTS_RUN": "<command: outcome>",
    "DECISIONS": "<a choice and its reason>",
    "RISKS": "<what could break>",
    "ATTEMPTED_APPROACHES": "<what was tried and how it failed>",
    "MANUAL_STEPS": "<a command a person can paste>",
}
_EMPTY = frozenset({"", "none", "n/a", "na", "nil", "nothing", "-", "empty"})
_ECHO = frozenset({*_HINTS.values(), "...", "\u2026"})
_HEAD = re.compile(
    r"^(?P<deco>#{1,6}[ \t]*|\*\*|__)?[ \t]*(?P<name>[A-Za-z][A-Za-z_ ]{1,40}?)[ \t]*(?P<tail>(?::|\*\*|__).*)?$"
)
_UNKNOWN = re.compile(r"^[A-Z]+(?:_[A-Z]+)+:?$|^[A-Z]{3,}:$")
_BULLET = re.compile(r"^ {0,1}(?:[-*+\u2022]|\d{1,3}[.)])(?:[ \t]+|$)(?:\[[ xX]\][ \t]+)?(?P<text>.*)$")
_Kind = TypeVar("_Kind", Status, BlockerCode)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render_template() -> str:
    """The contract as a prompt shows it. Handed back as it is, it is not a valid result."""
    parts = [f"{n}: {_HINTS[n]}" if n in ("STATUS", "BLOCKER_CODE") else f"{n}:\n{_shown(n)}" for n in LABELS]
    return "\n\n".join(parts) + "\n"


def _shown(name: str) -> str:
    return f"- {_HINTS[name]}" if name in LISTS else _HINTS[name]


def invalid(problem: str, **kept: object) -> AgentResult:
    """A result nobody may take for success; `kept` is what could be read."""
    return AgentResult(
        status=Status.BLOCKED,
        blocker_code=BlockerCode.INVALID_RESULT_CONTRACT,
        valid=False,
        problem=problem,
        **kept,  # type: ignore[arg-type]
    )


def parse(text: str) -> AgentResult:
    """Reads a result file's text. Raises nothing: what is wrong stands in `problem` and makes it invalid."""
    sections = _Sections()
    for name, lines in _split(_CONTROL.sub("\ufffd", text.removeprefix("\ufeff").replace("\r\n", "\n"))):
        sections.add(name, lines)
    kept: dict[str, object] = {name.lower(): sections.items(name) for name in LISTS}
    kept |= {"summary": sections.prose("SUMMARY"), "next_step": sections.prose("NEXT_STEP"), "extra": sections.extra}
    status, wrong_status = _word("STATUS", sections.known.get("STATUS"), Status)
    code, wrong_code = _word("BLOCKER_CODE", sections.known.get("BLOCKER_CODE"), BlockerCode)
    problem = sections.echo() or wrong_status or wrong_code
    if status is None and not problem:
        problem = "STATUS is missing"
    if not problem and status is not Status.COMPLETE and code in (None, BlockerCode.NONE):
        problem = f"STATUS {status.value if status else ''} needs a BLOCKER_CODE"
    if problem or status is None:
        return invalid(problem, **kept)
    return AgentResult(status=status, blocker_code=code or BlockerCode.NONE, **kept)  # type: ignore[arg-type]


@dataclass
class _Sections:
    """The labelled parts of one file. A label met twice is one part, so that nothing a later one says is lost."""

    known: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, lines: list[str]) -> None:
        if name in LABELS:
            self.known.setdefault(name, []).extend(lines)
        elif text := "\n".join(lines).strip():
            self.unknown.append((name, text))

    @property
    def extra(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.unknown)

    def text(self, name: str) -> str:
        text = "\n".join(self.known.get(name, [])).strip()
        only = _BULLET.match(text) if "\n" not in text else None
        return only["text"].strip() if only else text

    def prose(self, name: str) -> str:
        text = self.text(name)
        return "" if _plain(text) in _EMPTY else text

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item for item in _items(self.known.get(name, [])) if _plain(item) not in _EMPTY)

    def echo(self) -> str:
        """A part that is the template's own words was not filled in."""
        for name in LABELS:
            if {self.text(name), *_items(self.known.get(name, []))} & _ECHO:
                return f"{name} is the template's own text, not filled in"
        return ""


def _split(text: str) -> Iterator[tuple[str, list[str]]]:
    """(label, its lines), in order; what stands before the first label comes under an empty name."""
    lines = _unwrapped(text.split("\n"))
    fenced = _fenced(lines)
    name, held = "", list[str]()
    for number, line in enumerate(lines):
        head = None if number in fenced else _label(line)
        if head is None:
            held.append(line)
            continue
        yield name, held
        name, held = head[0], [head[1]]
    yield name, held


def _unwrapped(lines: list[str]) -> list[str]:
    """Without the code fence some models put round the whole file."""
    full = [i for i, line in enumerate(lines) if line.strip()]
    if len(full) > 1 and lines[full[0]].startswith("```") and lines[full[-1]].strip() == "```":
        return lines[full[0] + 1 : full[-1]]
    return lines


def _fenced(lines: list[str]) -> set[int]:
    """Line numbers inside closed code fences: commands a person shall paste may look like labels."""
    marks = [i for i, line in enumerate(lines) if line.lstrip().startswith("```")]
    return {i for start, end in zip(marks[::2], marks[1::2]) for i in range(start, end + 1)}


def _label(line: str) -> tuple[str, str] | None:
    """(label, rest of the line) or None. Bare labels are upper case, so that a sentence is not taken for one."""
    match = _HEAD.match(line.rstrip())
    if match is None or line[:1].isspace():
        return None
    written, tail, deco = match["name"].strip(), match["tail"] or "", match["deco"] or ""
    name = re.sub(r"[ _]+", "_", written).strip("_").upper()
    if name in LABELS and (deco or written == name) and (not tail or ":" in tail or tail in ("**", "__")):
        return name, tail.lstrip("*_").removeprefix(":").removeprefix("**").removeprefix("__").strip()
    if deco.startswith("#"):
        return written + tail.rstrip(":*_"), ""
    if not deco and _UNKNOWN.match(line.strip()):
        return line.strip().rstrip(":"), ""
    return None


def _items(lines: list[str]) -> list[str]:
    """Bullets; lines below a bullet belong to it, lines without any bullet stand for themselves."""
    items: list[str] = []
    bulleted = False
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet:
            items.append(bullet["text"])
            bulleted = True
        elif bulleted and items:
            items[-1] += "\n" + line.removeprefix("  ").rstrip()
        elif line.strip():
            items.append(line.strip())
    return [item.strip() for item in items]


def _plain(text: str) -> str:
    return text.strip().strip("*_`\"'.").strip().casefold()


def _word(label: str, lines: list[str] | None, kind: type[_Kind]) -> tuple[_Kind | None, str]:
    """The one member the lines name, or what is wrong. Two different ones are as good as none."""
    said = [line for line in lines or [] if line.strip()]
    if not said:
        return None, ""
    members = {member.value: member for member in kind}
    words = [re.sub(r"[ -]+", "_", _plain(re.sub(r"^[-*+]\s+", "", line.strip()))) for line in said]
    words = ["none" if word in ("n/a", "na", "", "n_a") else word for word in words]
    if words[0] not in members:
        return None, f"{label} is {said[0].strip()[:80]!r}, not one of {', '.join(members)}"
    if len({word for word in words if word in members}) > 1:
        return None, f"two different values where one belongs: {', '.join(words)[:200]}"
    return members[words[0]], ""
