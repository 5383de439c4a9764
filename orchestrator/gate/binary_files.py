"""What cannot be read as text cannot be judged by words: a person looks."""

from __future__ import annotations

from orchestrator.gate.base import TEXTS, cannot_tell, listed, passed, raised
from orchestrator.model.gate import Evidence, Finding
from orchestrator.model.governance import Risk

name = "binary_files"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    if evidence.files is None:
        return cannot_tell(name, "The changed files were not read.")
    found = [f"{f.path!r} ({f.size} bytes)" for f in evidence.files if f.binary]
    return raised(name, Risk.HIGH, f"binary files: {listed(found, ', ')}") if found else passed(name)
