"""The candidate tree can be checked out anywhere without surprise.

Refused are: new or changed gitlinks, symbolic links that can lead out of the tree, names that collide on a
case-insensitive or Unicode-normalising file system, `.git` in any spelling a file system might take for it, and the
result file. Only what the change brings is judged; what already stands in the base is the repository's own business.

Links are judged by words alone, so `..` is allowed only in front: behind a directory that is itself a link,
`x/y/..` may be anywhere. With that rule every link of ours leads to a place inside, and so do chains of them.
"""

from __future__ import annotations

from collections import defaultdict

from orchestrator.gate.base import RESULT, SHOWN, cannot_tell, failed, listed, passed
from orchestrator.model.gate import Evidence, FileChange, Finding
from orchestrator.model.globs import folded

name = "tree_safe"
stage = RESULT
version = 1

RESULT_FILE = ".agent_result.md"
LINK, GITLINK = "120000", "160000"

_IGNORED_BY_HFS = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


def check(evidence: Evidence) -> Finding:
    kept = [c for c in evidence.changes if c.status != "D"]
    unread = [c.path for c in kept if c.new_mode == LINK and c.link_target is None]
    if unread:
        return cannot_tell(name, f"Where these symbolic links point is not known: {', '.join(unread[:SHOWN])}")
    problems = [words for change in kept if (words := _problem(change))]
    problems += [
        f"{a!r} and {b!r} differ only in case or Unicode form: rename one"
        for a, b in collisions([c.path for c in kept], evidence.neighbours)
    ]
    if not problems:
        return passed(name)
    return failed(name, listed(problems))


def _problem(change: FileChange) -> str:
    parts = change.path.split("/")
    if any(is_git_name(part) for part in parts):
        return f"{change.path!r} has a component that is or looks like `.git`: remove it"
    if parts[-1].casefold() == RESULT_FILE:
        return f"{change.path!r}: the result file belongs in the workspace only, never in a commit"
    if any(part in ("", ".", "..") for part in parts):
        return f"{change.path!r} is not a plain path: remove it"
    if change.new_mode == GITLINK:
        return f"{change.path!r} is a repository inside the repository: remove its .git, or the directory"
    if change.new_mode == LINK and link_leaves(change.path, change.link_target or ""):
        return f"{change.path!r} links to {change.link_target!r}, which may lead out of the tree: use a plain file"
    return ""


def link_leaves(path: str, target: str) -> bool:
    """True when a link at `path` could lead out of the tree or into `.git`."""
    parts = [p for p in target.split("/") if p not in ("", ".")]
    if not target or target.startswith("/") or "\\" in target or any(is_git_name(p) for p in parts):
        return True
    ups = next((i for i, p in enumerate(parts) if p != ".."), len(parts))
    return ".." in parts[ups:] or ups > path.count("/")


def is_git_name(part: str) -> bool:
    """`.git` as Linux, macOS (ignored code points, case) or Windows (short name, streams, trailing dots) reads it."""
    plain = part.translate(_IGNORED_BY_HFS).casefold().split(":", 1)[0].rstrip(" .")
    return plain in (".git", "git~1")


def prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def collisions(changed: list[str], neighbours: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of a changed path (or directory of one) and another of the tree that folds to the same name."""
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for path in (*changed, *neighbours):
        for prefix in prefixes(path):
            spellings[folded(prefix)].add(prefix)
    ours = {prefix for path in changed for prefix in prefixes(path)}
    found = [sorted(names) for names in spellings.values() if len(names) > 1 and names & ours]
    return sorted((names[0], names[1]) for names in found)
