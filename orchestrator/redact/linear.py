"""The regular expressions of this room: google-re2, whose time grows with the text and with nothing else."""

from __future__ import annotations

from typing import Any

_MEMORY = 64 << 20


def compile(pattern: bytes) -> Any:
    """Works on bytes, one character each: no text and no secret is then invalid, and no offset has to be translated."""
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern, options)
