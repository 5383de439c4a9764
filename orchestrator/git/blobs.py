"""Both sides of a change as bytes, in bounded memory: three calls of git, however many files there are.

Which file is text is not asked of git: what it says depends on `.gitattributes`, which a change may bring along.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One row of a diff; an absent side has zeros as its mode and blob."""

    old_mode: str
    new_mode: str
    old: str
    new: str
    status: str
    path: str


def sides(git: Runner, base: Sha, tree: Sha) -> tuple[Sides, ...]:
    """Every path that differs, as git orders them. The candidate's side is read first when not all of it fits."""
    rows = [(_blobs(row), row.path) for row in raw(git, base, tree)]
    wanted = [new for (_, new), _ in rows if new] + [old for (old, _), _ in rows if old]
    read = _read(git, list(dict.fromkeys(wanted)))
    return tuple(
        Sides(path=path, before=read[old] if old else None, after=read[new] if new else None)
        for (old, new), path in rows
    )


def raw(git: Runner, old: Sha, new: Sha) -> tuple[Raw, ...]:
    """Every path that differs between two commits or trees, as git orders them."""
    args = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--full-index", "--no-abbrev")
    out = git(*args, names.sha(old), names.sha(new)).out.decode("utf-8", "surrogateescape").split("\0")
    return tuple(_row(head, path) for head, path in zip(out[::2], out[1::2]))


def _row(head: str, path: str) -> Raw:
    old_mode, new_mode, old, new, status = head[1:].split(" ")
    return Raw(old_mode=old_mode, new_mode=new_mode, old=old, new=new, status=status, path=path)


def contents(git: Runner, shas: Sequence[str]) -> list[bytes]:
    """What the blobs hold, in order, with one process. All of them have to be here, and small enough together."""
    data = git("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in shas).encode()).out if shas else b""
    found, at = [], 0
    for _ in shas:
        end = data.index(b"\n", at)
        size = int(data[at:end].split()[2])
        found.append(data[end + 1 : end + 1 + size])
        at = end + size + 2
    return found


def _blobs(row: Raw) -> tuple[str, str]:
    """Of both sides, empty where there is none."""
    return (
        "" if row.old_mode in (_GITLINK, _ABSENT) else row.old,
        "" if row.new_mode in (_GITLINK, _ABSENT) else row.new,
    )


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
    read = {sha: Blob(size=found[sha].size, data=data) for sha, data in zip(fit, contents(git, fit))}
    return found | read
