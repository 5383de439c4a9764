"""What an issue asks for: its sections, dependencies and labels. The parse every issue gets, model or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.task import Criterion, Priority, TaskType
from orchestrator.policy.hidden import INVISIBLE, shown

# Issues are hostile text of any size: no pattern below may backtrack over more than one run of characters.
_BULLET = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+")
_BOX = re.compile(r"\[[ xX]\]\s+")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>.*)")
_DEPENDS = re.compile(
    r"^[^\w\n]*(?:depends\s+on|blocked\s+by)\b(?P<rest>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCE = re.compile(
    r"(?:(?<![A-Za-z0-9-])(?P<repo>[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100})(?:#|/issues/)|#)(?P<number>[1-9]\d{0,9})\b"
)
_CLOSES = re.compile(
    r"(?<![A-Za-z0-9_-])(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]{1,9}(?:https?://[A-Za-z0-9.:-]{1,100}/)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"`[^`\n]*`")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_CHECK_ID = re.compile(r"[^a-z0-9_.-]")
_SPACE = re.compile(r"[,\s]+")
_SHOWN, _MOST = 80, 12
"""Characters of what is no id, and how many such."""
_NOTHING = {"", "none", "n/a", "na", "-", "auto"}

SECTIONS = (
    "goal",
    "success criteria",
    "task type",
    "agent preference",
    "outcome checks",
    "hypothesis",
    "constraints",
    "context",
    "next steps",
    "evidence",
    "reasoning",
    "base branch",
    "branch",
)
BACKGROUND = ("next steps", "evidence", "reasoning")
"""Sections of issues the program files: to whoever works on it they are context, not criteria or constraints."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An issue, taken apart. Empty fields were not said."""

    goal: str
    criteria: tuple[Criterion, ...] = ()
    constraints: str = ""
    context: str = ""
    type: TaskType | None = None
    agent: str = ""
    base: str = ""
    outcome_checks: tuple[str, ...] = ()
    no_checks: tuple[str, ...] = ()
    """What stands under Outcome Checks and is no id: several words."""
    depends_on: tuple[str, ...] = ()


def visible(text: str) -> str:
    """HTML comments and invisible characters gone, wherever they stand: for titles, and for texts of our own making.
    What GitHub's markdown hides beside them, `hidden.shown` takes away."""
    return INVISIBLE.sub("", _COMMENT.sub("", text))


def split(body: str) -> dict[str, str]:
    """Known `## X` sections, names without case. What stands before the first known one is under ''. First one wins."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    fence = ""
    for line in shown(body).splitlines():
        was, fence = fence, _fence(line, fence)
        name = "" if was or fence else _heading(line)
        if name in SECTIONS and name not in found:
            current = name
            found[name] = []
        else:
            found[current].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def _heading(line: str) -> str:
    """The text of a `# heading`, lower case; empty for any other line."""
    text = line.lstrip(" ")
    marks = len(text) - len(text.lstrip("#"))
    if len(line) - len(text) > 3 or not 1 <= marks <= 6:
        return ""
    return text[marks:].strip().rstrip("#").rstrip().rstrip(":").rstrip().casefold()


def _fence(line: str, fence: str) -> str:
    """The fence that is open after this line: closed by its own character, at least as long, and nothing else."""
    found = _FENCE.match(line.lstrip())
    if found is None:
        return fence
    mark, info = found["mark"], found["info"]
    if fence:
        return "" if mark[0] == fence[0] and len(mark) >= len(fence) and not info.strip() else fence
    return "" if mark[0] == "`" and "`" in info else mark


def bullets(text: str) -> tuple[str, ...]:
    """The items of a list, or the lines of plain text."""
    lines = [line.strip() for line in text.splitlines()]
    items = [_unboxed(line[m.end() :]) for line in lines if (m := _BULLET.match(line))]
    return tuple(item for item in items if item) or tuple(line for line in lines if line)


def _unboxed(item: str) -> str:
    box = _BOX.match(item)
    return item[box.end() :] if box else item


def dependencies(issue_repo: RepoName, body: str) -> tuple[str, ...]:
    """`owner/name#N` for each `Depends on #N`, `Blocked by owner/name#N` or an address, in order, each once."""
    found: dict[str, None] = {}
    for line in _DEPENDS.finditer(shown(body)):
        for ref in _REFERENCE.finditer(line["rest"]):
            found[f"{ref['repo'] or issue_repo}#{ref['number']}"] = None
    return tuple(found)


def closes(repo: RepoName, body: str, most: int) -> tuple[int, ...]:
    """Numbers of the repository's issues that a pull request's text says it closes, in order, each once; code and
    comments say nothing. At most `most`: whoever names everything has nothing in hand."""
    found: dict[int, None] = {}
    fence = ""
    for line in shown(body).splitlines():
        was, fence = fence, _fence(line, fence)
        if was or fence:
            continue
        text = _CODE.sub("", line)
        for word in _CLOSES.finditer(text):
            ref = _REFERENCE.match(text, word.end())
            if ref and (ref["repo"] or repo).casefold() == repo.casefold() and len(found) < most:
                found[int(ref["number"])] = None
    return tuple(found)


def read(issue: Issue) -> Wish:
    """The parse that needs no model. Never raises: what is not said stays empty."""
    parts = split(issue.body)
    first = parts.get("", "")
    goal = parts.get("goal", "") or first or visible(issue.title).strip()
    context = parts.get("context", "")
    if parts.get("goal") and first:
        context = f"{first}\n\n{context}".strip()
    background = [f"{name.capitalize()}:\n{parts[name]}" for name in BACKGROUND if parts.get(name)]
    context = "\n\n".join(part for part in (context, *background) if part)
    if expected := parts.get("hypothesis"):
        context = f"{context}\n\nHypothesis:\n{expected}".strip()
    checks, no_checks = _check_ids(parts.get("outcome checks", ""))
    return Wish(
        goal=goal,
        criteria=tuple(
            Criterion(id=f"c{n}", text=text) for n, text in enumerate(bullets(parts.get("success criteria", "")), 1)
        ),
        constraints=parts.get("constraints", ""),
        context=context,
        type=task_type(_word(parts.get("task type", ""))),
        agent=_word(parts.get("agent preference", "")),
        base=_base(parts.get("base branch", "")),
        outcome_checks=checks,
        no_checks=no_checks,
        depends_on=dependencies(issue.repo, issue.body),
    )


def task_type(word: str) -> TaskType | None:
    try:
        return TaskType(word.replace("-", "_").replace(" ", "_"))
    except ValueError:
        return None


def priority(labels: frozenset[str]) -> Priority:
    """`prio:high|normal|low`; the highest wins when several are set."""
    names = {label.casefold() for label in labels}
    for level in (Priority.HIGH, Priority.NORMAL, Priority.LOW):
        if f"prio:{level.value}" in names:
            return level
    return Priority.NORMAL


def _word(text: str) -> str:
    items = bullets(text)
    word = items[0].strip("`*_ .").casefold() if items else ""
    return "" if word in _NOTHING else word


def _base(text: str) -> str:
    """A branch name as git-check-ref-format(1) allows it, and tamer: what is odd is not said."""
    items = bullets(text)
    word = items[0].strip("`* ") if items else ""
    parts = word.split("/")
    odd = any(not p or p.startswith(".") or p.endswith((".", ".lock")) or ".." in p for p in parts)
    if odd or not _BRANCH.fullmatch(word) or parts[0] == "refs" or word == "HEAD" or word.casefold() in _NOTHING:
        return ""
    return word


def _check_ids(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids by bullets and commas, in plain lines also by spaces (ORIGIN 4.12), lower case, other characters dropped,
    each once; and what is none: of a bullet, several words that no comma parts are a sentence."""
    ids: dict[str, None] = {}
    prose: dict[str, None] = {}
    bulleted = any(_BULLET.match(line.strip()) for line in text.splitlines())
    for item in bullets(text):
        for part in item.split(",") if bulleted else _SPACE.split(item):
            words = part.split()
            if len(words) > 1:
                prose[" ".join(words)[:_SHOWN]] = None
                continue
            word = words[0].casefold() if words else ""
            clean = _CHECK_ID.sub("", word)
            if word not in _NOTHING and clean not in _NOTHING:
                ids[clean] = None
    return tuple(ids), tuple(prose)[:_MOST]
