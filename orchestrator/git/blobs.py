"""Both sides of a change as bytes, in bounded memory: three calls of git, however many files there are.

Which file is text is not asked of git: what it says depends on `.gitattributes`, which a change may bring along.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.git import names
from orchestrator.git.run import Runner
from orchestrator.model.names import Sha

LARGEST = 16 << 20
"""Bytes of one file that are read."""
TOTAL = 64 << 20
"""Bytes of all files of one change that are read."""
_GITLINK, _ABSENT = "160000", "000000"


@dataclass(frozen=True, kw_only=True)
class Blob:
    size: int
    data: bytes | None
    """None when it was not read: the file, or the change as a whole, is too large."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A changed path in the base and in the candidate; None = it is not there, or is a repository (a gitlink)."""

    path: str
    before: Blob | None
    after: Blob | None


def sides(git: Runner, base: Sha, tree: Sha) -> tuple[Sides, ...]:
    """Every path that differs, as git orders them. The candidate's side is read first when not all of it fits."""
    args = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--full-index", "--no-abbrev")
    out = git(*args, names.sha(base), names.sha(tree)).out.decode("utf-8", "surrogateescape").split("\0")
    rows = [(_blobs(head), path) for head, path in zip(out[::2], out[1::2])]
    wanted = [new for (_, new), _ in rows if new] + [old for (old, _), _ in rows if old]
    read = _read(git, list(dict.fromkeys(wanted)))
    return tuple(
        Sides(path=path, before=read[old] if old else None, after=read[new] if new else None)
        for (old, new), path in rows
    )


def _blobs(head: str) -> tuple[str, str]:
    """`:oldmode newmode oldsha newsha status` to the blobs, empty where there is none."""
    old_mode, new_mode, old, new, _ = head[1:].split(" ")
    return ("" if old_mode in (_GITLINK, _ABSENT) else old, "" if new_mode in (_GITLINK, _ABSENT) else new)


def _read(git: Runner, shas: list[str]) -> dict[str, Blob]:
    if not shas:
        return {}
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    told = git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).out.decode().split("\n")
    found = {sha: Blob(size=int(size), data=None) for sha, size in (row.split(" ") for row in told if row)}
    left, fit = TOTAL, []
    for sha in shas:
        if found[sha].size <= min(LARGEST, left):
            left -= found[sha].size
            fit.append(sha)
    data = git("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in fit).encode()).out if fit else b""
    at = 0
    for sha in fit:
        start = data.index(b"\n", at) + 1
        at = start + found[sha].size + 1
        found[sha] = Blob(size=found[sha].size, data=data[start : at - 1])
    return found
