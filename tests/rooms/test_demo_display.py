"""What the demo's live table shows on a narrow terminal."""

from __future__ import annotations

import io

from rich.console import Console

from orchestrator.demo.watch import Screen


def test_at_eighty_columns_no_name_is_cut_and_what_happens_now_is_in_sight() -> None:
    screen = Screen(to_stderr=False, per_second=0)
    screen.doing = {
        "ada/tally#12": ("Say how long the words of a text are on average", "not dispatched: " + "w" * 90),
        "acme/handbook#1": ("Say how to ask for leave", "CI green: pages"),
    }
    out = io.StringIO()
    Console(file=out, width=80).print(screen._table())
    head, first, second = out.getvalue().splitlines()
    assert head.startswith("issue ")
    assert first.startswith("ada/tally#12 ")
    assert second.startswith("acme/handbook#1 ")
    assert "not dispatched: www" in first
    assert max(len(line) for line in (head, first, second)) <= 80
