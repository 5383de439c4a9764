"""A change is the same change when it adds and removes the same lines, wherever they stand now."""

from __future__ import annotations

import pytest

from orchestrator.policy.merge_diff import same

HEAD = "diff --git a/x.py b/x.py\nindex 1111..2222 100644\n--- a/x.py\n+++ b/x.py\n"
OLD = HEAD + "@@ -3 +3 @@ def f():\n-    return 1\n+    return 2\n"


def test_line_numbers_and_object_names_do_not_matter() -> None:
    moved = OLD.replace("-3 +3", "-30 +31").replace("1111..2222", "3333..4444").replace("def f()", "def g()")
    assert same(OLD, moved)


@pytest.mark.parametrize(
    "new",
    [
        "",
        OLD.replace("return 2", "return 3"),
        OLD.replace("-    return 1\n", ""),
        OLD.replace("b/x.py", "b/y.py"),
        OLD.replace("index 1111..2222 100644\n", "old mode 100644\nnew mode 100755\n"),
        OLD + "+@@ -1 +1 @@\n",
        OLD + HEAD.replace("x.py", "z.py") + "@@ -1 +1 @@\n-a\n+b\n",
    ],
)
def test_any_other_line_file_or_mode_does(new: str) -> None:
    assert not same(OLD, new)


def test_a_line_of_a_file_that_looks_like_a_header_is_compared() -> None:
    """Added text `@@ ...` or `index ...` stands behind its plus sign."""
    assert not same(OLD + "+index 1..2\n", OLD + "+index 1..3\n")
    assert not same(OLD + "+@@ one\n", OLD + "+@@ two\n")


def test_a_binary_file_is_the_same_only_with_the_same_new_content() -> None:
    binary = "diff --git a/x.png b/x.png\nindex {}..{} 100644\nBinary files a/x.png and b/x.png differ\n"
    assert same(binary.format("a" * 40, "b" * 40), binary.format("c" * 40, "b" * 40))
    assert not same(binary.format("a" * 40, "b" * 40), binary.format("a" * 40, "c" * 40))
