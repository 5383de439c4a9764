"""Where a markdown text has its headings. Line by line and with string methods: a pattern with several open ends is
cubic in a line of number signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FENCE = re.compile(r" {0,3}(```+|~~~+)")


def headings(lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """(line, level, title) of each heading outside of fenced code."""
    found = []
    fence = ""
    for n, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence):
                fence = ""
        elif mark:
            fence = mark[1]
        elif line.startswith("#"):
            title = line.lstrip("#")
            level = len(line) - len(title)
            if level <= 6 and title[:1].isspace():
                found.append((n, level, title.strip().rstrip("#").rstrip()))
    return found
