"""What may name a branch, a task, a repository: nothing foreign becomes a path or an option of git."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PREFIX = "agent/"
OWN_REFS = "refs/agent-os/"
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BAD_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_SCHEMES = ("http", "https", "ssh", "file")


def key(text: str) -> str:
    """A repository key or task id, fit for a path. Raises ValueError on anything else."""
    if not _KEY.fullmatch(text):
        raise ValueError(f"{text!r} is not a name of ours: lower case letters, digits and '-', at most 80")
    return text


def sha(text: str) -> str:
    """A full object name. Raises ValueError."""
    if not _SHA.fullmatch(text):
        raise ValueError(f"{text!r} is not a full object name")
    return text


def own_branch(text: str) -> str:
    """`agent/<id>`: the only branches that are ours to move. Raises ValueError."""
    if not text.startswith(PREFIX):
        raise ValueError(f"{text!r} is not a branch of ours ({PREFIX}...)")
    key(text.removeprefix(PREFIX))
    return text


def own_ref(text: str) -> str:
    """A full ref name below `refs/agent-os/`: not a branch, and ours on every remote. Raises ValueError."""
    if not text.startswith(OWN_REFS):
        raise ValueError(f"{text!r} is not a ref of ours ({OWN_REFS}...)")
    branch(text.removeprefix(OWN_REFS))
    return text


def branch(text: str) -> str:
    """A branch name as git's own check-ref-format allows it, and none that reads as an option. Raises ValueError."""
    parts = text.split("/")
    fine = text and text != "@" and not text.startswith("-") and not _BAD_IN_REF.search(text)
    if not fine or any(not p or p[0] == "." or p[-1] == "." or p.endswith(".lock") for p in parts):
        raise ValueError(f"{text!r} is not a branch name")
    return text


def inside(path: str) -> str:
    """A relative path below the tree's root. Raises ValueError."""
    parts = path.split("/")
    if any(p in ("", ".", "..") or p.casefold() == ".git" for p in parts) or re.search(r"[\x00\n]", path):
        raise ValueError(f"{path!r} is not a path inside a tree")
    return path


def url(text: str) -> str:
    """A remote's address without a secret in it: http(s), ssh, file or an absolute path. Raises ValueError."""
    if text.startswith("/") and "\n" not in text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES or "::" in text.split("//", 1)[0] or re.search(r"[\x00-\x20]", text):
        raise ValueError(f"{text!r} is not an address of a repository")
    if parts.password is not None or (parts.scheme.startswith("http") and parts.username is not None):
        raise ValueError("an address must not carry a user or password; tokens are passed apart from it")
    return text


def origin(address: str) -> str:
    """Scheme, host and port of an http address; empty for others."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in ("http", "https") else ""
