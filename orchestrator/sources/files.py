"""Files below known roots: links resolved first, judged by where they end, judged again by what was opened.

A path may end only in the folder that it names. Whoever gets a link into the checkout merged must not choose what else
is read.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

from orchestrator.sources.rules import Read, Rules, Unread

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PIECE = 1 << 16


def read(path: str, rules: Rules) -> Read | Unread:
    found = _found(path, rules)
    if isinstance(found, Unread):
        return found
    place, near = found
    try:
        data = _bytes(place, near)
    except OSError as error:
        return Unread(why=f"{_shown(path)}: {_words(error)}", lasting=False)
    if isinstance(data, Unread):
        return Unread(why=f"{_shown(path)}: {data.why}", lasting=data.lasting)
    text = decoded(data)
    if text is None:
        return Unread(why=f"{_shown(path)}: not text in UTF-8", lasting=True)
    return bounded(text, rules, where=place.name)


def confined(path: str, rules: Rules) -> Path | Unread:
    """The regular file that `path` leads to, without links, when it may be read."""
    found = _found(path, rules)
    return found if isinstance(found, Unread) else found[0]


def _found(path: str, rules: Rules) -> tuple[Path, Rules] | Unread:
    """The file, and the rules as they stand for this path: where it may lie."""
    filled = _expanded(path, rules)
    if isinstance(filled, Unread):
        return filled
    try:
        place = Path(os.path.realpath(filled, strict=True))
        kind = os.stat(place, follow_symlinks=False).st_mode
    except (OSError, ValueError, RuntimeError) as error:
        return Unread(why=f"{_shown(path)}: {_words(error)}", lasting=isinstance(error, ValueError))
    near = _near(filled, rules)
    if not allowed(place, near):
        return Unread(why=f"{_shown(path)}: outside of the folders that may be read", lasting=True)
    if not stat.S_ISREG(kind):
        return Unread(why=f"{_shown(path)}: no regular file", lasting=True)
    return place, near


def _near(filled: Path, rules: Rules) -> Rules:
    """The rules with the one root that the path names by its words, before any link is followed: the deepest. A path
    that names none may end in each of them, but not beside the checkout."""
    named = Path(os.path.normpath(filled))
    denied = tuple(map(_real, rules.denied))
    deepest, ends = 0, tuple(map(_real, rules.roots))
    known = [(root, False) for root in rules.roots] + ([(rules.beside, True)] if rules.beside else [])
    for root, beside in known:
        real = _real(root)
        for spelling in (Path(os.path.normpath(root)), real):
            if named.is_relative_to(spelling) and len(spelling.parts) > deepest:
                deepest = len(spelling.parts)
                ends = _beside(named.relative_to(spelling), real, denied) if beside else (real,)
    return replace(rules, roots=ends, denied=denied)


def _beside(path: Path, beside: Path, denied: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folder, or the file, that stands there under this name; it is no link."""
    name = path.parts[0] if path.parts else "."
    return () if name.startswith(".") or beside in denied else (beside / name,)


def allowed(place: Path, rules: Rules) -> bool:
    """Does it lie below one of the roots, and nothing speak against it? All without links, the rules' folders too."""
    for root in rules.roots:
        if not place.is_relative_to(root):
            continue
        if any(part.startswith(".") for part in place.relative_to(root).parts):
            continue
        if any(place.is_relative_to(no) and (no == root or not root.is_relative_to(no)) for no in rules.denied):
            continue
        return True
    return False


def bounded(text: str, rules: Rules, *, where: str) -> Read:
    """Redacted whole and cut then: half a secret is still one."""
    clean = rules.redact(text)
    return Read(text=clean[: rules.most_chars], where=where, cut=len(clean) > rules.most_chars)


def decoded(data: bytes) -> str | None:
    """None for what is no UTF-8 text."""
    if b"\0" in data:
        return None
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _bytes(place: Path, rules: Rules) -> bytes | Unread:
    """Raises OSError. Opened without waiting, so that a pipe put in the file's place holds nobody up."""
    fd = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return Unread(why="no regular file", lasting=True)
        # A folder on the way may have become a link since: what counts is where the open file lies.
        if not allowed(Path(os.readlink(f"/proc/self/fd/{fd}")), rules):
            return Unread(why="outside of the folders that may be read", lasting=True)
        if found.st_size > rules.most_bytes:
            return _too_large(rules)
        parts, size = [], 0
        while piece := os.read(fd, _PIECE):
            parts.append(piece)
            size += len(piece)
            if size > rules.most_bytes:
                return _too_large(rules)
        return b"".join(parts)
    finally:
        os.close(fd)


def _too_large(rules: Rules) -> Unread:
    return Unread(why=f"larger than {rules.most_bytes:,} bytes", lasting=True)


def _expanded(path: str, rules: Rules) -> Path | Unread:
    unset = next((n for m in _VARIABLE.finditer(path) if (n := m[1] or m[2]) not in rules.env), None)
    if unset is not None:
        return Unread(why=f"{_shown(path)}: {unset} is not set", lasting=True)
    filled = _VARIABLE.sub(lambda m: rules.env[m[1] or m[2]], path)
    if filled == "~" or filled.startswith("~/"):
        if not rules.env.get("HOME"):
            return Unread(why=f"{_shown(path)}: HOME is not set", lasting=True)
        filled = rules.env["HOME"] + filled[1:]
    if not filled or "\0" in filled:
        return Unread(why="no path" if not filled else "a path with a NUL in it", lasting=True)
    if os.path.isabs(filled):
        return Path(filled)
    if rules.start is None:
        return Unread(why=f"{_shown(path)}: a relative path, and nothing it could start at", lasting=True)
    return rules.start / filled


def _real(place: Path) -> Path:
    return Path(os.path.realpath(place))


def _shown(path: str) -> str:
    """As it was written; what variables hold is nobody's business."""
    return ascii(path)[1:-1][:200]


def _words(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "not there"
    return (error.strerror if isinstance(error, OSError) else None) or "no path that could be followed"
