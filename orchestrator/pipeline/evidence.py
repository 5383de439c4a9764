"""What the gate is told about the files of a change: their texts, secrets in them, and who else wrote on the branch.

All of it comes from git objects of our own mirror, never from the agent's folder, and is bounded in bytes and lines:
what is larger is `unread`, and whoever needs it cannot tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from orchestrator.git import Repository
from orchestrator.git.blobs import Sides
from orchestrator.model.gate import FileChange, FileText, SecretHit
from orchestrator.model.names import Sha
from orchestrator.model.task import Task
from orchestrator.services import Services

LARGEST = 2 << 20
"""Bytes of one file that are read as text."""
TOTAL = 16 << 20
"""Bytes of text of one change."""
LINES = 200_000
"""Added lines of one change."""
SHOWN = 20
"""Foreign commits that are named."""

_CONTROL = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f]")


def texts(repository: Repository, base: Sha, tree: Sha, changes: Sequence[FileChange]) -> tuple[FileText, ...]:
    """One for each change that has files, in the order of the tree. Raises GitError."""
    wanted = {change.path for change in changes}
    found: list[FileText] = []
    size = lines = 0
    for sides in repository.sides(base, tree):
        if sides.path not in wanted:
            continue
        text = _text(sides, full=size > TOTAL or lines > LINES)
        size += len(text.before or "") + len(text.after or "")
        lines += len(text.added)
        found.append(text)
    return tuple(found)


def _text(sides: Sides, *, full: bool) -> FileText:
    after, before = sides.after, sides.before
    old = _decoded(before.data) if before and before.data is not None and before.size <= LARGEST and not full else None
    if after is None:
        return FileText(path=sides.path, before=old)
    if after.data is None:
        return FileText(path=sides.path, before=old, size=after.size, unread=f"{after.size} bytes are too many to read")
    if b"\0" in after.data:
        return FileText(path=sides.path, before=old, size=after.size, binary=True)
    if after.size > LARGEST:
        why = f"{after.size} bytes of text are more than the {LARGEST} that are read"
        return FileText(path=sides.path, before=old, size=after.size, unread=why)
    if full or after.data.count(b"\n") > LINES:
        return FileText(path=sides.path, before=old, size=after.size, unread="the change has too much text to be read")
    new = _decoded(after.data)
    if new is None:
        return FileText(path=sides.path, before=old, size=after.size, binary=True)
    return FileText(path=sides.path, before=old, after=new, added=added(old, new), size=after.size)


def _decoded(data: bytes) -> str | None:
    """Text, with what is not UTF-8 in it replaced; None for what is no text."""
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None if _CONTROL.search(data) else data.decode("utf-8", "replace")


def added(before: str | None, after: str) -> tuple[tuple[int, str], ...]:
    """Lines of `after` that `before` does not have, or not as often. Moved lines are not new; linear in both."""
    there = Counter(_lines(before or ""))
    found = []
    for number, line in enumerate(_lines(after), 1):
        if there[line] > 0:
            there[line] -= 1
        else:
            found.append((number, line))
    return tuple(found)


def _lines(text: str) -> list[str]:
    """As git and editors count them: only a line feed ends a line."""
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def secrets(services: Services, files: Sequence[FileText]) -> tuple[SecretHit, ...]:
    """What the redactor takes for secrets in added lines (and, as line 0, in a file's name)."""
    found: list[SecretHit] = []
    for file in files:
        found += [SecretHit(path=file.path, line=0, kind=hit.kind) for hit in services.redact.find(file.path)]
        # All added lines at once: a private key has many.
        hits = services.redact.find("\n".join(line for _, line in file.added))
        found += [SecretHit(path=file.path, line=file.added[hit.line - 1][0], kind=hit.kind) for hit in hits]
    return tuple(dict.fromkeys(found))


def strangers(repository: Repository, task: Task, head: Sha) -> tuple[str, ...]:
    """`<sha> <author>` of the branch's commits that are not ours. Raises GitError."""
    assert task.base_sha is not None, "a run is only started on a known base"
    authors = repository.log_authors(task.base_sha, head)
    return tuple(f"{a.sha[:12]} {a.name} <{a.email}>" for a in authors[:SHOWN])
