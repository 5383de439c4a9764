"""The result contract `.agent_result.md`: reads and clears it.

The folder it stands in belongs to an agent, which could fill it with traps.

The file's name is one component below the workspace, so opening the workspace itself without following a link and
then the name relative to that descriptor with O_NOFOLLOW cannot leave it: openat2's RESOLVE_BENEATH adds nothing
here, and this works on every kernel. O_NONBLOCK keeps a FIFO from holding us, one link and a regular file keep out
hard links to what the agent may not read and devices that never end.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from orchestrator import disk
from orchestrator.agents.contract_text import LABELS, NAME, invalid, parse, render_template
from orchestrator.model.result import AgentResult

__all__ = ["LABELS", "MAX_BYTES", "NAME", "clear", "parse", "read", "render_template"]

MAX_BYTES = 64 * 1024
GRANULARITY = 1.0
"""Seconds by which a file system may date a file too early."""


def read(workspace: Path, since: float) -> AgentResult | None:
    """What the agent left, or None when it left nothing since `since` (what `clear` returned).

    Raises OSError only when the workspace itself cannot be opened.
    """
    folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        file = os.open(NAME, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return invalid(f"{NAME} cannot be read as a plain file: {error.strerror}")
    finally:
        os.close(folder)
    try:
        return _read(file, since)
    except OSError as error:
        return invalid(f"{NAME} cannot be read: {error.strerror}")
    finally:
        os.close(file)


def _read(file: int, since: float) -> AgentResult | None:
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        return invalid(f"{NAME} is not a regular file of its own")
    if facts.st_mtime < since - GRANULARITY:
        return None
    if facts.st_size > MAX_BYTES:
        return invalid(f"{NAME} has {facts.st_size} bytes, more than {MAX_BYTES}")
    data = b""
    while len(data) <= MAX_BYTES and (part := os.read(file, MAX_BYTES + 1 - len(data))):
        data += part
    if len(data) > MAX_BYTES:
        return invalid(f"{NAME} grew past {MAX_BYTES} bytes")
    return parse(data.decode("utf-8", "replace"))


def clear(workspace: Path) -> float:
    """Removes whatever bears the name, so that nobody inherits a predecessor's verdict (ORIGIN D7).

    Returns the moment from which on a file counts as written by the coming run, in the file system's own seconds.
    Raises OSError when something there cannot be removed.
    """
    path = workspace / NAME
    try:
        if stat.S_ISDIR(path.lstat().st_mode):
            if not disk.remove_tree(path):
                raise OSError(errno.ENOTEMPTY, "cannot be removed", str(path))
        else:
            path.unlink()
    except FileNotFoundError:
        pass
    return time.time()
