"""Text files that somebody else writes: opened without waiting, judged before they are read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestrator.yamlread.lines import MAX_BYTES
from orchestrator.yamlread.problems import ConfigError, Problem


def text(path: Path, *, most: int = MAX_BYTES) -> str:
    """The whole of a regular file as UTF-8 text, at most `most` bytes.

    Raises ConfigError: no such file, no regular file (a pipe or a device is not waited for), too large (told by its
    size, before it is read), binary, not UTF-8.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                raise _bad(path, "a regular file")
            if about.st_size > most:
                raise _bad(path, f"at most {most // 1024} KB", f"{about.st_size // 1024} KB")
            data = b""
            while len(data) <= most and (part := os.read(fd, most + 1 - len(data))):
                data += part
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise _bad(path, "a file", "no file") from None
    except OSError as error:
        raise _bad(path, "a readable file", error.strerror or "unreadable") from None
    if len(data) > most:
        raise _bad(path, f"at most {most // 1024} KB", "more")
    if (zero := data.find(b"\0")) >= 0:
        raise _bad(path, "text", "binary data", line=data[:zero].count(b"\n") + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, "UTF-8 text", line=data[: error.start].count(b"\n") + 1) from None


def _bad(path: Path, expected: str, value: str = "", line: int = 0) -> ConfigError:
    return ConfigError([Problem(file=path.name, line=line, key="", value=value, expected=expected)])
