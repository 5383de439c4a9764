"""A change stays small enough to be judged. Lock files count as files, their lines do not: no one writes them."""

from __future__ import annotations

from orchestrator.gate import paths
from orchestrator.gate.base import RESULT, failed, listed, passed, raised
from orchestrator.model.gate import Evidence, FileChange, Finding
from orchestrator.model.globs import matches
from orchestrator.model.governance import Risk

name = "size_budget"
stage = RESULT
version = 1


def check(evidence: Evidence) -> Finding:
    rules, changes = evidence.rules, evidence.changes
    files = len(changes)
    lines = sum(_lines(c) for c in changes)
    if rules.max_files and files > rules.max_files:
        return _too_large(changes, f"{files} files, at most {rules.max_files} are allowed (`max_files`)")
    if rules.max_lines and lines > rules.max_lines:
        return _too_large(changes, f"{lines} added and deleted lines, at most {rules.max_lines} (`max_lines`)")
    if _much(files, rules.max_files) or _much(lines, rules.max_lines):
        return raised(name, Risk.MEDIUM, f"a large change: {files} files, {lines} lines")
    return passed(name)


def _lines(change: FileChange) -> int:
    return 0 if matches(change.path, paths.LOCKS) else change.added + change.deleted


def _much(count: int, budget: int) -> bool:
    return budget > 0 and 2 * count > budget


def _too_large(changes: tuple[FileChange, ...], what: str) -> Finding:
    largest = sorted(changes, key=_lines, reverse=True)[:5]
    shown = listed([f"{c.path!r} ({_lines(c)} lines)" for c in largest], ", ")
    return failed(
        name,
        f"The change has {what}. Keep what the task needs first, take back generated and unrelated files, and name the "
        f"rest in NEXT_STEP as work for a follow-up. Largest: {shown}",
    )
