"""Is a change still the same change after the base was brought in? Compared as bare diffs, without places."""

from __future__ import annotations

from collections.abc import Iterator


def same(old: str, new: str) -> bool:
    """Whether two `git diff -U0 --full-index` texts add and remove the same lines in the same files, in order.

    Line numbers may differ, since the base moved. Of a binary file the new content's name must be the same.
    """
    return list(_plain(old)) == list(_plain(new))


def _plain(diff: str) -> Iterator[str]:
    index = ""
    in_header = True
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            in_header, index = True, ""
        elif in_header and line.startswith("index "):
            index = line.partition("..")[2].partition(" ")[0]
            continue
        elif line.startswith("@@ "):
            # A line of a file begins with + or - here, so this is never one.
            in_header = False
            continue
        elif in_header and line.startswith("Binary files "):
            yield index
        yield line
