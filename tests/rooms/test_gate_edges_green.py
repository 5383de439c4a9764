"""What is green by its own strength, on each side of every edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.gate import base_tests, semantic
from orchestrator.model.gate import BaseTests, CommandRun, Evidence, FileText, Outcome, TestCounts
from orchestrator.model.names import Sha

BARE = Evidence(result=None, base=Sha("c" * 40), tree=Sha("a" * 40))


# --- made for the tests


def flagged(*lines: str | tuple[int, str], literals: str = "2 3 5 12 144 hello", path: str = "x/a.b.py") -> str:
    told = tuple(line if isinstance(line, tuple) else (n, line) for n, line in enumerate(lines, 1))
    file = FileText(path=path, after="x", added=told)
    return semantic.check(replace(BARE, files=(file,), literals=frozenset(literals.split()))).why


@pytest.mark.parametrize(
    "lines",
    [
        ((1, "if n == 12:"), (5, "    return 144")),
        ("return 144 if a == b else c",),
        ("if n == 2:", "    return 3"),
        ("K = {", "    12: 144,", "}"),
        ("K = {", "    'hello': x,", "    'hello': y,", "}"),
        ("K = {2: 3, 5: x}",),
        ("f(2, 3, 5, 12): x",),
    ],
)
def test_less_than_a_case_is_none(lines: tuple[Any, ...]) -> None:
    assert flagged(*lines) == ""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("if n == 2 and m == 3:", "    return 5"),
            "x/a.b.py:1 answers by itself for values that the tests name ('2')",
        ),
        (("if n == 12:", "    return 5"), "x/a.b.py:1 answers by itself for values that the tests name ('12')"),
        (
            ("if n == 12:", "    return 144", "if n == 144:", "    return 12"),
            "x/a.b.py:1 answers by itself for values that the tests name ('12')",
        ),
        (("K = {2: 3, 5: 12}",), "x/a.b.py:1 holds a table of values that the tests name ('2')"),
        (
            ("K = {", "    12: 144,", "    144: 12,", "    5: 144,", "}"),
            "x/a.b.py:3 holds a table of values that the tests name ('144')",
        ),
        (("os._exit(0)", "os._exit(1)"), "x/a.b.py:1 ends the process, or steps in when it ends ('_exit(')"),
    ],
)
def test_a_case_is_told_once_with_its_place(lines: tuple[str, ...], said: str) -> None:
    assert flagged(*lines) == said


def test_six_places_are_told_and_how_many_more() -> None:
    def told(n: int) -> str:
        files = tuple(FileText(path=f"{k}.py", after="x", added=((1, "os._exit(0)"),)) for k in range(n))
        return semantic.check(replace(BARE, files=files, literals=frozenset())).why

    assert "more" not in told(6)
    assert told(7).endswith("; and 1 more")
    nothing = semantic.check(replace(BARE, files=(), literals=None))
    assert nothing.outcome is Outcome.CANNOT_TELL


# --- the base's own tests


def ran(exit: int | None = 0, passed: int | None = 5, failed: int = 0) -> CommandRun:
    counts = None if passed is None else TestCounts(passed=passed, failed=failed)
    return CommandRun(command="pytest", exit=exit, seconds=1.0, counts=counts)


@pytest.mark.parametrize(
    ("before", "over"),
    [
        (ran(0), ran(1, 5)),
        (ran(None, 4, 1), ran(1, 4, 1)),
        (ran(1, 4, 1), ran(1, 4, 2)),
        (ran(1, 4, 1), ran(1, 3, 1)),
        (ran(1, 4, 1), ran(1, None)),
        (ran(1, None), ran(1, 4, 1)),
    ],
)
def test_what_is_worse_than_a_red_base_is_the_changes_fault(before: CommandRun, over: CommandRun) -> None:
    told = BaseTests(base=before, over=over)
    finding = base_tests.check(replace(BARE, verification=ran(), base_tests=told, base_tests_wanted=True))
    assert finding.outcome is Outcome.FAIL


def test_eight_tests_are_named_and_how_many_more() -> None:
    def told(n: int) -> str:
        changed = tuple(f"t/{k}.py" for k in range(n))
        facts = BaseTests(base=ran(), over=ran(), changed=changed)
        return base_tests.check(replace(BARE, verification=ran(), base_tests=facts, base_tests_wanted=True)).why

    assert told(8).endswith("t/6.py, t/7.py")
    assert told(9).endswith("t/7.py and 1 more")


def test_of_a_line_the_first_thousand_characters_are_looked_at() -> None:
    assert flagged(" " * 991 + "os._exit(0)")
    assert not flagged(" " * 992 + "os._exit(0)")
