"""The difference of two commits, file by file, as GitHub lists it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.hub.gitops import ZERO, Bare
from orchestrator.hub.process import git

_STATUS = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}


@dataclass(frozen=True, kw_only=True)
class FileDiff:
    """One changed file; `patch` has the hunks without git's header, None for a binary file."""

    path: str
    previous: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


def between(bare: Bare, base: str | None, head: str) -> list[FileDiff]:
    """Files that differ from `base` (None: from nothing) to `head`, sorted by path."""
    old = base if base is not None else git(bare.path, "hash-object", "-t", "tree", "/dev/null").text.strip()
    options = ["-r", "-M", "--no-color", "--full-index", "--no-ext-diff"]
    raw = git(bare.path, "diff-tree", *options, "--raw", "--numstat", "-z", old, head).text.split("\0")
    changes = _raw(raw)
    counts = _numstat(raw)
    patches = _patches(git(bare.path, "diff-tree", *options, "-p", old, head).text)
    found = []
    for status, sha, previous, path in changes:
        added, removed = counts.get(path, (0, 0))
        found.append(
            FileDiff(
                path=path, previous=previous, status=_STATUS.get(status[0], "changed"), sha=sha, additions=added,
                deletions=removed, patch=patches.get(path),
            )
        )  # fmt: skip
    return sorted(found, key=lambda diff: diff.path)


def _raw(words: list[str]) -> list[tuple[str, str, str | None, str]]:
    found: list[tuple[str, str, str | None, str]] = []
    i = 0
    while i < len(words) and words[i].startswith(":"):
        _, _, old_sha, new_sha, status = words[i].split(" ")
        sha = old_sha if new_sha == ZERO else new_sha
        if status[0] in "RC":
            found.append((status, sha, words[i + 1], words[i + 2]))
            i += 3
        else:
            found.append((status, sha, None, words[i + 1]))
            i += 2
    return found


def _numstat(words: list[str]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    i = 0
    while i < len(words):
        parts = words[i].split("\t")
        i += 1
        if len(parts) != 3 or words[i - 1].startswith(":"):
            continue
        added, removed = (0 if part == "-" else int(part) for part in parts[:2])
        if parts[2]:
            counts[parts[2]] = (added, removed)
        else:
            counts[words[i + 1]] = (added, removed)
            i += 2
    return counts


def _patches(text: str) -> dict[str, str]:
    patches: dict[str, str] = {}
    for block in ("\n" + text).split("\ndiff --git ")[1:]:
        header, mark, hunks = block.partition("\n@@")
        if not mark:
            continue
        names = [line[4:] for line in header.split("\n") if line.startswith(("--- ", "+++ "))]
        real = [name for name in reversed(names) if name != "/dev/null"]
        if real:
            name = real[0].strip('"')
            patches[name.partition("/")[2].rstrip("\t")] = "@@" + hunks.rstrip("\n")
    return patches
