"""Where a markdown text has its headings."""

from __future__ import annotations

import pytest

from orchestrator.policy.headings import headings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# One\n\n## Two ##\n###### Six\n####### seven", [(0, 1, "One"), (2, 2, "Two"), (3, 6, "Six")]),
        ("#no blank\n #indented\ntext # not\n#\n# ", [(4, 1, "")]),
        ("#\ttab", [(0, 1, "tab")]),
        ("```\n# in\n```\n# out", [(3, 1, "out")]),
        ("   ~~~ info\n# in\n```\n# in\n~~~~  \n# out", [(5, 1, "out")]),
        ("```\n# in\n  ```\n# out", [(3, 1, "out")]),
        ("    ```\n# out", [(1, 1, "out")]),
        ("````\n```\n# in\n````\n# out", [(4, 1, "out")]),
        ("```\n``` x\n# in\n```\n# out", [(4, 1, "out")]),
        ("```\n~~~\n# in", []),
        ("``\n# out", [(1, 1, "out")]),
        ("# C #\n# C# #", [(0, 1, "C"), (1, 1, "C#")]),
    ],
)
def test_headings_stand_outside_of_fences(text: str, found: list[tuple[int, int, str]]) -> None:
    assert headings(text.split("\n")) == found
