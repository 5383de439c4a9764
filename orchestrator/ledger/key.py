"""The key of the chain's marks: made once, for its owner alone, and never taken for what it is not."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from orchestrator import disk
from orchestrator.model.errors import Told

_FORM = re.compile(rb"[0-9a-f]{64}")


class KeyUnusable(Told):
    """The key file is there but cannot be used. Nothing is written: a line with a guessable mark proves nothing."""


def read(path: Path) -> bytes | None:
    """None when there is none. Raises KeyUnusable for a file that cannot be read or holds no key of ours."""
    try:
        key = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    except OSError as why:
        raise KeyUnusable(f"the ledger's key cannot be read: {path}: {why.strerror or why}") from why
    if not _FORM.fullmatch(key):
        raise KeyUnusable(f"{path} holds no key of ours (64 hex digits); put the right one back from a backup")
    return key


def known(path: Path) -> str:
    """The key for the redactor; empty where there is none, or none that can be used: the ledger says so."""
    try:
        return (read(path) or b"").decode()
    except KeyUnusable:
        return ""


def make(path: Path) -> bytes:
    """The key, made now unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(32).encode()
    try:
        disk.create(path, key + b"\n", tmp=path.with_name(f".ledger.key.{os.getpid()}"), mode=0o600)
    except FileExistsError:  # another process, perhaps on another host
        return read(path) or key
    return key


def open_to_others(path: Path) -> bool:
    """Somebody else's account may read it, and so write lines that look like ours."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False
