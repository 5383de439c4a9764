"""The metrics file together with the one before its last rotation, without a lock."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import BinaryIO


def opened(stack: contextlib.ExitStack, path: Path) -> tuple[BinaryIO | None, BinaryIO | None]:
    """The file before the last rotation, then the present one; None where there is none. Raises OSError.

    The present one is opened first: a rotation in between shows its lines twice, never not at all.
    """
    found: list[BinaryIO | None] = []
    for each in (path, path.with_suffix(f"{path.suffix}.1")):
        try:
            found.append(stack.enter_context(each.open("rb")))
        except FileNotFoundError:
            found.append(None)
    return found[1], found[0]
