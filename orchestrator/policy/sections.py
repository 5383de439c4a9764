"""What an issue asks for: its sections, dependencies and labels. The parse every issue gets, model or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.task import Criterion, Priority, TaskType

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s*(?P<name>[^#\n]+?)\s*#*\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?P<text>.+?)\s*$")
_DEPENDS = re.compile(
    r"^\W*(?:depends\s+on|blocked\s+by)\b(?P<rest>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCE = re.compile(r"(?:(?P<repo>[A-Za-z0-9-]+/[A-Za-z0-9._-]+))?#(?P<number>[1-9]\d{0,9})\b")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Zero-width, bidirectional controls, tag characters: text a person does not see must not reach an agent.
_HIDDEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_CHECK_ID = re.compile(r"[^a-z0-9_.-]")
_NOTHING = {"", "none", "n/a", "na", "-", "auto"}

SECTIONS = (
    "goal",
    "success criteria",
    "task type",
    "agent preference",
    "outcome checks",
    "constraints",
    "context",
    "base branch",
    "branch",
)


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
    depends_on: tuple[str, ...] = ()


def visible(text: str) -> str:
    """The text as a person sees it: HTML comments and invisible characters gone."""
    return _HIDDEN.sub("", _COMMENT.sub("", text))


def split(body: str) -> dict[str, str]:
    """Known `## X` sections, names without case. What stands before the first known one is under ''. First one wins."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    fenced = False
    for line in visible(body).splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        name = heading["name"].strip().rstrip(":").casefold() if heading else ""
        if name in SECTIONS and name not in found:
            current = name
            found[name] = []
        else:
            found[current].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def bullets(text: str) -> tuple[str, ...]:
    """The items of a list, or the lines of plain text."""
    items = [m["text"] for line in text.splitlines() if (m := _BULLET.match(line))]
    return tuple(items or [line.strip() for line in text.splitlines() if line.strip()])


def dependencies(issue_repo: RepoName, body: str) -> tuple[str, ...]:
    """`owner/name#N` for each `Depends on #N` or `Blocked by owner/name#N`, in order, each once."""
    found: list[str] = []
    for line in _DEPENDS.finditer(visible(body)):
        for ref in _REFERENCE.finditer(line["rest"]):
            name = f"{ref['repo'] or issue_repo}#{ref['number']}"
            if name not in found:
                found.append(name)
    return tuple(found)


def read(issue: Issue) -> Wish:
    """The parse that needs no model. Never raises: what is not said stays empty."""
    parts = split(issue.body)
    first = parts.get("", "")
    goal = parts.get("goal", "") or first or issue.title
    context = parts.get("context", "")
    if parts.get("goal") and first:
        context = f"{first}\n\n{context}".strip()
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
        outcome_checks=_check_ids(parts.get("outcome checks", "")),
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
    items = bullets(text)
    word = items[0].strip("`* ") if items else ""
    return word if _BRANCH.fullmatch(word) and ".." not in word and not word.endswith((".lock", "/")) else ""


def _check_ids(text: str) -> tuple[str, ...]:
    """Ids by bullets, commas or spaces (ORIGIN 4.12), lower case, other characters dropped, each once."""
    found: list[str] = []
    for item in bullets(text):
        for word in re.split(r"[,\s]+", item):
            clean = _CHECK_ID.sub("", word.casefold())
            if clean not in _NOTHING and clean not in found:
                found.append(clean)
    return tuple(found)
