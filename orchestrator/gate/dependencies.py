"""Code that a change does not show: packages it adds, where they come from, and what runs when they are installed.

A changed manifest is looked at by the reviewer. A lock file that changes alone, another source of packages, and a
script that runs by itself wait for a person.
"""

from __future__ import annotations

from orchestrator.gate import manifests, paths
from orchestrator.gate.base import TEXTS, listed, passed, raised, unjudged
from orchestrator.model.gate import Evidence, FileText, Finding
from orchestrator.model.globs import matches
from orchestrator.model.governance import Risk

name = "dependencies"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    touched = [c.path for c in evidence.changes if matches(c.path, _ALL)]
    if not touched:
        return passed(name)
    if (unknown := unjudged(name, evidence)) is not None:
        return unknown
    files = [f for f in evidence.files or () if f.path in set(touched)]
    grave = [why for file in files for why in _grave(file)]
    asked = [f for f in files if matches(f.path, paths.MANIFESTS) and manifests.parts(f) != ()]
    locks = [f.path for f in files if matches(f.path, paths.LOCKS)]
    if locks and not any(matches(path, paths.MANIFESTS) for path in touched):
        grave.append(f"lock files change alone: {listed([repr(p) for p in locks], ', ')}")
    if grave:
        return raised(name, Risk.HIGH, listed(grave))
    if asked:
        return raised(name, Risk.MEDIUM, f"dependencies change: {listed([_words(f) for f in asked], ', ')}")
    return (
        raised(name, Risk.MEDIUM, f"lock files change: {listed([repr(p) for p in locks])}") if locks else passed(name)
    )


_ALL = (*paths.MANIFESTS, *paths.LOCKS, *paths.SOURCES, *paths.HOOKS)


def _grave(file: FileText) -> list[str]:
    if matches(file.path, paths.SOURCES):
        return [f"{file.path!r} says where packages come from"]
    if matches(file.path, paths.LOCKS):
        return [f"another source: {listed(found, ', ')}"] if (found := list(manifests.locked_elsewhere(file))) else []
    found = [f"{file.path!r} runs when it is installed or built"] if _runs(file) else []
    found += [f"{file.path!r}: the script {hook!r} runs when it is installed" for hook in manifests.hooks(file)]
    if odd := list(manifests.elsewhere(file)):
        found.append(f"another source: {listed(odd, ', ')}")
    return found


def _runs(file: FileText) -> bool:
    return file.after is not None and bool(file.added) and matches(file.path, paths.HOOKS)


def _words(file: FileText) -> str:
    parts = manifests.parts(file)
    return repr(file.path) + (f" ({', '.join(parts)})" if parts else "")
