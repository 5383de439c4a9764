"""What the gate found again and again in one repository, as notes for the next prompt.

Hostile text has no way in: a note is a sentence of ours per check, with folder names of merged work and ids of tasks of
ours. Nothing that an agent or a reviewer wrote is repeated, however often it was found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp

DAYS = timedelta(days=60)
"""So long after it was last found a note is dropped."""
LEAST = 2
"""Different tasks that a check must have refused."""
MOST = 5
_FOLDERS = 2
_TASKS = 4
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,23}")

ADVICE = {
    "result_contract": "write .agent_result.md last and in the exact form that the prompt shows",
    "tree_safe": "leave no links that point outside, no nested repositories, no names that differ only by case",
    "workspace": "leave the workspace readable: no nested repositories, no files that cannot be read",
    "has_change": "make the change itself; a report without a change in the files is refused",
    "size_budget": "keep the change small; do only what the issue asks for",
    "protected_paths": "leave workflows, CI and test configuration, agent settings and licences alone unless the issue "
    "asks for them by name",
    "readable": "add no file so large that nobody can read it",
    "secrets": "put no key, token or password into a file, not even as an example; read them from the environment",
    "hidden_text": "use no invisible or direction-changing characters; write them as escapes where one is needed",
    "banned_patterns": "some patterns are refused here by rule; run the project's own checks before you finish",
    "oversized_modules": "split a module before it grows past the limit; put new code into new files",
    "dependencies": "add no dependency and change no version unless the issue asks for it",
    "binary_files": "commit no binary or generated files",
    "workflows": "workflow files must be valid YAML of the form that GitHub expects",
    "semantic": "make the code do what the criteria say; do not special-case what the tests look at",
    "static": "run the repository's static checks and the type check before you finish, and mend what they find",
    "verification": "run the repository's verification command before you finish, and mend what fails",
    "tree_clean": "stop every program you started, and leave nothing behind that goes on writing",
    "base_tests": "the base's own tests must pass over your change; do not delete, skip or weaken a test",
}
"""The one sentence of ours per check. A check without one is never a lesson."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One check that refused some run of one task, which has since been merged or rejected."""

    task: str
    check: str
    at: str
    """When the task ended."""
    merged: bool
    folders: tuple[str, ...] = ()
    """Top folders that the refused runs had changed."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    check: str
    text: str
    tasks: tuple[str, ...]
    """All that it was found in, the newest last."""
    until: str
    """It is dropped then, unless it is found again."""


def of_task(task: Task, *, merged: bool) -> tuple[Found, ...]:
    """What the gate found against the runs of a task that is over; each check once."""
    folders: dict[str, list[str]] = {}
    for attempt in task.attempts:
        tops = [path.partition("/")[0] for path in attempt.files_changed if "/" in path]
        for finding in attempt.findings:
            check = finding.partition(":")[0]
            if check in ADVICE:
                folders.setdefault(check, []).extend(t for t in tops if _FOLDER.fullmatch(t))
    return tuple(
        Found(task=task.id, check=check, at=task.ended, merged=merged, folders=tuple(dict.fromkeys(tops)))
        for check, tops in folders.items()
        if task.ended
    )


def fresh(found: Iterable[Found], now: datetime) -> tuple[Found, ...]:
    """What is young enough to count. A time that lies ahead comes from a clock that was wrong: it counts as now."""
    return tuple(f for f in found if now - parse(f.at) < DAYS)


def derive(found: Iterable[Found], now: datetime) -> tuple[Lesson, ...]:
    """At most MOST notes, those found in most tasks first, then the newest."""
    by_check: dict[str, list[Found]] = {}
    for each in sorted(fresh(found, now), key=lambda f: (f.at, f.task)):
        if each.check in ADVICE:
            by_check.setdefault(each.check, []).append(each)
    enough = [fs for fs in by_check.values() if len({f.task for f in fs}) >= LEAST]
    enough.sort(key=lambda fs: (-len({f.task for f in fs}), -parse(fs[-1].at).timestamp(), fs[0].check))
    return tuple(_lesson(fs, now) for fs in enough[:MOST])


def _lesson(found: Sequence[Found], now: datetime) -> Lesson:
    tasks = tuple(dict.fromkeys(f.task for f in found))
    until = stamp(min(parse(found[-1].at), now) + DAYS)
    return Lesson(check=found[0].check, text=ADVICE[found[0].check] + _where(found), tasks=tasks, until=until)


def _where(found: Sequence[Found]) -> str:
    """The folders it happened in, where they repeat: only such as stand in the repository by a merge of ours."""
    merged = {folder for f in found if f.merged for folder in f.folders}
    count = Counter(folder for f in found for folder in f.folders if folder in merged)
    tops = sorted((f for f, n in count.items() if n >= LEAST), key=lambda f: (-count[f], f))[:_FOLDERS]
    return f" (so far under {', '.join(f'{t}/' for t in tops)})" if tops else ""


def lines(lessons: Sequence[Lesson]) -> str:
    """As a prompt shows them: one line each, with the tasks that they come from."""
    return "\n".join(f"- {x.text} [gate: {x.check}; {_named(x.tasks)}; until {x.until[:10]}]" for x in lessons)


def _named(tasks: Sequence[str]) -> str:
    shown = ", ".join(tasks[-_TASKS:])
    return f"{shown} and {len(tasks) - _TASKS} more" if len(tasks) > _TASKS else shown
