"""Globs over the paths of a repository, as people know them from .gitignore."""

from __future__ import annotations

import functools
import re
import unicodedata


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs names the path or a folder it is in.

    Without a slash a glob names a file or folder anywhere, with one (but at its end) a place below the root; `*` stays
    within a name, `**` crosses folders. Letters' case and Unicode form do not count: on some file systems they do not.
    """
    return bool(globs) and _compiled(globs).fullmatch(folded(path)) is not None


def folded(path: str) -> str:
    """The spelling two names share when some file system cannot tell them apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


@functools.lru_cache(maxsize=256)
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_pattern(folded(glob))})" for glob in globs), re.DOTALL)


def _pattern(glob: str) -> str:
    inner = glob.strip("/")
    anywhere = "" if "/" in glob.rstrip("/") else "(?:.*/)?"
    below = "/.*" if glob.endswith("/") else "(?:/.*)?"
    return anywhere + "".join(_WORDS.get(word) or _literal(word) for word in _SPLIT.findall(inner)) + below


_SPLIT = re.compile(r"\*\*/|\*+|\?|\[!?[^\]/]+\]|.", re.DOTALL)
_WORDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _literal(word: str) -> str:
    if len(word) < 2 or word[0] != "[":
        return ".*" if word.startswith("*") else re.escape(word)
    body = word[1:-1]
    negated, chars = body.startswith("!"), body.removeprefix("!")
    return f"[{'^/' if negated else ''}{chars.replace(chr(92), chr(92) * 2).replace('^', chr(92) + '^')}]"
