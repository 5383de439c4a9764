"""No change brings a source file above the length that the repository allows. What was longer before is not its fault,
nor is a long file that only moved."""

from __future__ import annotations

from collections import Counter

from orchestrator.gate import paths
from orchestrator.gate.base import TEXTS, cannot_tell, failed, listed, passed
from orchestrator.model.gate import Evidence, FileText, Finding

name = "oversized_modules"
stage = TEXTS
version = 2

_SAME = 0.6
"""Share of a new file's lines that a deleted one must have had, for it to be the same file at another place."""


def check(evidence: Evidence) -> Finding:
    most = evidence.rules.max_module_lines
    if not most:
        return passed(name)
    if evidence.files is None:
        return cannot_tell(name, "The changed files were not read.")
    gone = [
        Counter(f.before.split("\n"))
        for f in evidence.files
        if f.after is None and f.before is not None and _length(f.before) > most
    ]
    found = [
        f"{f.path!r} has {_length(f.after or '')} lines"
        for f in evidence.files
        if _grew(f, most) and not _moved(f, gone)
    ]
    if not found:
        return passed(name)
    return failed(name, f"Split these files by what they do; at most {most} lines are allowed: {listed(found)}")


def _grew(file: FileText, most: int) -> bool:
    if file.after is None or _length(file.after) <= most or _length(file.before or "") > most:
        return False
    return paths.is_handwritten(file.path)


def _moved(file: FileText, gone: list[Counter[str]]) -> bool:
    lines = Counter((file.after or "").split("\n"))
    need = _SAME * lines.total()
    return any((lines & old).total() >= need for old in gone)


def _length(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))
