"""Fake green: what the gate says of the base commit's tests over a change, and of source that is made for its tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator import gate
from orchestrator.gate import base_tests, semantic
from orchestrator.model.gate import BaseTests, CommandRun, Evidence, FileChange, FileText, Finding, Outcome, TestCounts
from orchestrator.model.governance import Risk
from orchestrator.model.names import Sha

TEST, CONFIG = "tests/test_a.py", "conftest.py"


def ran(exit: int | None = 0, passed: int | None = 5, skipped: int = 0, failed: int = 0) -> CommandRun:
    counts = (
        None
        if passed is None
        else TestCounts(passed=passed, failed=failed, skipped=skipped, failures=("t::x",) * failed)
    )
    return CommandRun(command="pytest", exit=exit, seconds=1.0, tail="the tail", counts=counts)


def change(path: str, status: str = "M", added: int = 1, deleted: int = 0) -> FileChange:
    return FileChange(path=path, status=status, old_mode="100644", new_mode="100644", added=added, deleted=deleted)


GOOD = ran()


def judged(
    *, candidate: CommandRun = GOOD, base: CommandRun | None = GOOD, over: CommandRun | None = GOOD, **told: Any
) -> Finding:
    changes = told.pop("changes", tuple(change(p, deleted=1) for p in told.get("changed", ())))
    evidence = Evidence(
        result=None, base=Sha("b" * 40), tree=Sha("c" * 40), changes=changes, verification=candidate,
        base_tests=BaseTests(base=base, over=over, **told), base_tests_wanted=True,
    )  # fmt: skip
    return base_tests.check(evidence)


def test_a_change_of_source_that_keeps_every_test_passes() -> None:
    assert judged() == Finding(check="base_tests", outcome=Outcome.PASS)


@pytest.mark.parametrize(
    ("facts", "outcome", "tests", "words"),
    [
        ({"over": ran(1, 4, failed=1)}, Outcome.FAIL, (), "Make the base commit's own tests pass"),
        ({"over": ran(1, 4, failed=1), "added": ("new_test.py",)}, Outcome.FAIL, (), "without the new new_test.py"),
        ({"over": ran(1, 4, failed=1), "changed": (TEST,)}, Outcome.PASS, (TEST,), "t::x"),
        ({"over": ran(1, 4), "added": (CONFIG,), "configured": (CONFIG,)}, Outcome.PASS, (CONFIG,), "fail over"),
        ({"over": ran(0, None)}, Outcome.FAIL, (), "no count of tests"),
        ({"over": ran(0, None), "changed": (TEST,)}, Outcome.FAIL, (), "ends or thins out"),
        ({"over": ran(0, 3), "changed": (TEST,)}, Outcome.FAIL, (), "3 tests pass, where 5"),
        ({"over": ran(0, 3, skipped=2), "changed": (TEST,)}, Outcome.PASS, (TEST,), "3 tests pass"),
        ({"over": ran(0, 5, skipped=1)}, Outcome.FAIL, (), "1 tests are skipped"),
        ({"candidate": ran(0, 4)}, Outcome.FAIL, (), "4 tests pass, where 5"),
        ({"candidate": ran(0, 6, skipped=1)}, Outcome.FAIL, (), "1 tests are skipped, where 0"),
        ({"candidate": ran(0, 4), "changed": (TEST,)}, Outcome.PASS, (TEST,), "4 tests pass"),
        ({"candidate": ran(0, None)}, Outcome.FAIL, (), "No count of tests"),
        ({"changed": (TEST,)}, Outcome.PASS, (TEST,), "were changed"),
        ({"changed": (CONFIG,), "configured": (CONFIG,), "changes": (change(CONFIG),)}, Outcome.PASS, (CONFIG,), "st"),
        ({"changed": (TEST,), "changes": (change(TEST, "D", 0, 9),)}, Outcome.PASS, (TEST,), "were changed"),
        ({"changed": (TEST,), "changes": (change(TEST, added=0),)}, Outcome.PASS, (TEST,), "were changed"),
        ({"changed": (TEST,), "changes": (change(TEST),)}, Outcome.PASS, (), ""),
        ({"over": None}, Outcome.CANNOT_TELL, (), "did not come to an end"),
        ({"over": ran(None)}, Outcome.CANNOT_TELL, (), "did not come to an end"),
        ({"base": None}, Outcome.CANNOT_TELL, (), "did not come to an end"),
        ({"base": None, "over": None}, Outcome.CANNOT_TELL, (), "were not run"),
        ({"base": None, "over": None, "has_any": False}, Outcome.PASS, (), ""),
        ({"problem": "no tree"}, Outcome.CANNOT_TELL, (), "no tree"),
        ({"candidate": ran(1)}, Outcome.CANNOT_TELL, (), "were not run"),
    ],
)  # fmt: skip
def test_each_way_of_being_green_is_answered(
    facts: dict[str, Any], outcome: Outcome, tests: tuple[str, ...], words: str
) -> None:
    found = judged(**facts)
    assert (found.outcome, found.tests) == (outcome, tests), found.why
    assert words in found.why
    assert found.risk is (Risk.MEDIUM if tests else Risk.LOW)


def test_a_base_that_fails_by_itself_holds_only_what_makes_it_worse() -> None:
    red = ran(1, 4, failed=1)
    assert judged(base=red, over=red).outcome is Outcome.PASS
    assert judged(base=red, over=ran(0, 5)).outcome is Outcome.PASS
    assert judged(base=red, over=ran(1, 3, failed=2)).outcome is Outcome.FAIL
    assert judged(base=ran(5, None), over=ran(5, None), candidate=ran(0, 1)).outcome is Outcome.PASS


def test_without_readable_counts_honest_work_is_not_held_and_it_says_so() -> None:
    blind = ran(0, None)
    plain = judged(candidate=blind, base=blind, over=blind)
    assert (plain.outcome, plain.risk) == (Outcome.PASS, Risk.LOW)
    assert "test_report" in plain.why
    grown = judged(candidate=blind, base=blind, over=blind, changed=(TEST,), changes=(change(TEST),))
    assert (grown.outcome, grown.risk, grown.tests) == (Outcome.PASS, Risk.MEDIUM, ())


def test_it_is_asked_only_where_it_is_wanted_and_never_passes_ungathered() -> None:
    nothing = Evidence(result=None, base=Sha("b" * 40), tree=Sha("c" * 40))
    assert base_tests.check(nothing).outcome is Outcome.PASS
    assert base_tests.check(replace(nothing, base_tests_wanted=True)).outcome is Outcome.CANNOT_TELL
    assert gate.CHECKS["base_tests"].stage == max(gate.stages())


LITERALS = frozenset({"2", "3", "5", "144", "12", "hello", "0", "1"})


def flagged(path: str, *lines: str) -> Finding:
    added = tuple(enumerate(lines, 1))
    file = FileText(path=path, after="\n".join(lines), added=added)
    evidence = Evidence(result=None, base=Sha("b" * 40), tree=Sha("c" * 40), files=(file,), literals=LITERALS)
    return semantic.check(evidence)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("a.py", ("if n == 12:", "    return 144")),
        ("a.py", ("return 5 if (a, b) == (2, 3) else a - b",)),
        ("a.js", ("switch (n) {", "  case 12: return 144;")),
        ("a.go", ("if n == 12 {", "\treturn 144")),
        ("a.py", ("KNOWN = {12: 144, 2: 5}",)),
        ("a.py", ("KNOWN = {", "    12: 144,", "    'hello': 5,", "}")),
        ("a.py", ("def __eq__(self, other):",)),
        ("a.rb", ("def ==(other)",)),
        ("a.rs", ("impl PartialEq for Number {",)),
        ("a.py", ("if 'PYTEST_CURRENT_TEST' in os.environ:",)),
        ("a.py", ('if "unittest" in sys.modules:',)),
        ("a.py", ("if os.environ.get('CI'):",)),
        ("a.ts", ("if (process.env.CI) return;",)),
        ("a.ts", ("if (process.env.NODE_ENV === 'test') {",)),
        ("a.py", ("frame = sys._getframe(1)",)),
        ("a.go", ("if testing.Testing() {",)),
        ("a.py", ("os._exit(0)",)),
        ("a.py", ("sys.exit()",)),
        ("a.py", ("atexit.register(end)",)),
        ("a.js", ("process.exit(0)",)),
        ("a.py", ("import _pytest.python",)),
        ("a.py", ("    from unittest import mock",)),
        ("a.py", ("builtins.isinstance = lambda *a: True",)),
        ("a.js", ("globalThis.expect = () => any",)),
        ("a.py", ('print("7 passed in 0.01s")',)),
    ],
)
def test_what_looks_made_for_the_tests_goes_to_the_reviewer_with_its_place(path: str, lines: tuple[str, ...]) -> None:
    found = flagged(path, *lines)
    assert (found.outcome, found.risk, found.why.startswith(f"{path}:")) == (Outcome.PASS, Risk.MEDIUM, True), found.why


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("a.py", ("def add(a, b):", "    return a + b")),
        ("a.py", ("if n == 0:", "    return 1")),
        ("a.py", ("for n in range(2, 12):", "    total += n")),
        ("a.py", ("# os._exit(0) would be wrong here",)),
        ("a.py", ("sys.exit(main(sys.argv[1:]))",)),
        ("a.py", ("LIMIT = 144",)),
        ("a.py", ("COLOURS = {'red': 77, 'blue': 78}",)),
        ("tests/test_a.py", ("import pytest", "os._exit(0)")),
        ("conftest.py", ("import pytest",)),
        ("notes.md", ("if n == 12: return 144",)),
    ],
)
def test_plain_work_is_not_flagged(path: str, lines: tuple[str, ...]) -> None:
    assert flagged(path, *lines) == Finding(check="semantic", outcome=Outcome.PASS)


def test_it_cannot_tell_of_what_was_not_read() -> None:
    assert semantic.check(Evidence(result=None, base=Sha("b" * 40), tree=Sha("c" * 40))).outcome is Outcome.CANNOT_TELL
