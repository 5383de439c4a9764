"""The repository's own rules: text that no change may add, with the reason and what to write instead.

google-re2, so that neither a rule nor a hostile line can take more than linear time.
"""

from __future__ import annotations

from typing import Any

from orchestrator.gate.base import SHOWN, TEXTS, cannot_tell, failed, listed, passed, unjudged
from orchestrator.model.gate import Evidence, FileText, Finding
from orchestrator.model.globs import matches
from orchestrator.model.governance import BannedPattern

name = "banned_patterns"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    rules = evidence.rules.banned
    if not rules:
        return passed(name)
    if (unknown := unjudged(name, evidence)) is not None:
        return unknown
    found: list[str] = []
    for rule in rules:
        pattern = _compiled(rule.pattern)
        if isinstance(pattern, str):
            return cannot_tell(name, f"the rule {rule.pattern!r} is no expression that google-re2 takes: {pattern}")
        where = [place for file in evidence.files or () for place in _found(pattern, rule, file)]
        if where:
            found.append(f"{rule.reason}{': ' + rule.hint if rule.hint else ''} ({listed(where, ', ')})")
    return failed(name, "; ".join(found)) if found else passed(name)


def _found(pattern: Any, rule: BannedPattern, file: FileText) -> list[str]:
    """The places in one file, no more than are shown (and one, so that it is said that there are more)."""
    if not file.added or (rule.paths and not matches(file.path, rule.paths)):
        return []
    places = []
    for number, line in file.added:
        if pattern.search(line.encode("utf-8", "replace")):
            places.append(f"{file.path!r} line {number}")
            if len(places) > SHOWN:
                break
    return places


def _compiled(pattern: str) -> Any:
    """The expression, or what is wrong with it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        return str(error)
