"""How many tests ran, as each program says it, and as nobody may make us believe in endless time."""

from __future__ import annotations

import time

import pytest

from orchestrator.model.gate import TestCounts
from orchestrator.policy import counts

SAID = {
    "pytest": ("..s\n=== 3 passed, 1 skipped, 2 warnings in 0.12s ===", (3, 0, 1)),
    "pytest -q": ("FAILED a.py::t - x\n1 failed, 2 passed, 1 error, 4 deselected in 61.00s (0:01:01)", (2, 2, 4)),
    "xfail counts as skipped": ("1 passed, 2 xfailed, 1 xpassed in 0.01s", (1, 0, 3)),
    "pytest, none": ("no tests ran in 0.00s", (0, 0, 0)),
    "pytest, coloured": ("\x1b[32m\x1b[1m5 passed\x1b[0m\x1b[32m in 0.01s\x1b[0m", (5, 0, 0)),
    "unittest": ("Ran 5 tests in 0.001s\n\nOK (skipped=1)", (4, 0, 1)),
    "unittest, red": (
        "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1, expected failures=1)", (2, 3, 2)
    ),
    "jest": ("Tests:       1 failed, 2 skipped, 1 todo, 5 passed, 9 total", (5, 1, 3)),
    "vitest": ("      Tests  1 failed | 5 passed | 2 skipped (8)", (5, 1, 2)),
    "mocha": ("  5 passing (12ms)\n  1 pending\n  2 failing\n", (5, 2, 1)),
    "bun": (" 5 pass\n 1 skip\n 0 fail\nRan 6 tests across 1 files.", (5, 0, 1)),
    "node": ("# tests 6\n# pass 4\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0", (4, 1, 1)),
    "tap": ("1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP later", (1, 1, 1)),
    "go": ("ok  \tacme/a\t0.003s\nok  \tacme/b\t(cached)\nFAIL\tacme/c\t0.1s\n", (2, 1, 0)),
    "go -v": ("--- PASS: TestA (0.0s)\n    --- PASS: TestA/x (0s)\n--- SKIP: TestB (0s)\nok  \ta\t0.1s", (2, 0, 1)),
    "cargo": (
        "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out\ntest result: ok. 2 passed;",
        (7, 0, 3),
    ),
    "deno": ("ok | 5 passed | 0 failed | 1 ignored (10ms)", (5, 0, 1)),
    "dotnet": ("Passed!  - Failed:     0, Passed:     5, Skipped:     2, Total:     7, Duration: 10 ms", (5, 0, 2)),
    "maven": (
        "[INFO] Tests run: 3, Failures: 0, Time elapsed: 0.1 s - in A\n[INFO] Tests run: 3, Failures: 1, Skipped: 1",
        (1, 1, 1),
    ),
    "phpunit": ("OK (5 tests, 10 assertions)", (5, 0, 0)),
    "phpunit, red": ("Tests: 5, Assertions: 10, Failures: 1, Skipped: 2.", (2, 1, 2)),
    "rspec": ("5 examples, 1 failure, 2 pending", (2, 1, 2)),
    "minitest": ("5 runs, 10 assertions, 0 failures, 1 errors, 1 skips", (3, 1, 1)),
    "ctest": ("90% tests passed, 1 tests failed out of 10", (9, 1, 0)),
    "two programs": ("3 passed in 0.1s\nTests:       5 passed, 5 total", (8, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("who", SAID)
def test_each_programs_summary_is_understood(who: str) -> None:
    output, expected = SAID[who]
    found = counts.of(output)
    assert found is not None
    assert (found.passed, found.failed, found.skipped) == expected


@pytest.mark.parametrize(
    "output", ["", "ok", "all good", "PASS", "2 people passed in the street", "42", "it passed in 3 s"]
)
def test_what_is_no_summary_is_no_count(output: str) -> None:
    assert counts.of(output) is None


def test_failures_are_named() -> None:
    found = counts.of(
        "FAILED tests/a.py::test_x - assert 1 == 2\nFAILED b.py::t\n--- FAIL: TestGo (0.00s)\n2 failed in 1.0s"
    )
    assert found is not None
    assert found.failures == ("tests/a.py::test_x", "b.py::t", "TestGo")


JUNIT = b"""<?xml version="1.0"?><testsuites><testsuite tests="9"><testcase classname="a" name="x"/>
<testcase name="y"><failure>no</failure></testcase><testcase name="z"><skipped type="pytest.xfail"/></testcase>
<testsuite><testcase name="w"><error/></testcase></testsuite></testsuite></testsuites>"""


def test_a_junit_report_is_counted_case_by_case_whatever_its_totals_say() -> None:
    assert counts.of("1 passed in 0.1s", JUNIT) == TestCounts(passed=1, failed=2, skipped=1, failures=("y", "w"))


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"no xml",
        b"<html><testcase/></html>",
        b"<testsuite><testcase>",
        b'<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>',
        b'<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE t [<!ENTITY a "x">]><testsuite/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="nonsense"?><testsuite/>',
        b"<testsuite>" * 200,
        b"\xff\xfe\x00",
    ],
)
def test_a_report_that_is_none_leaves_the_output_to_tell(report: bytes) -> None:
    assert counts.of("4 passed in 0.1s", report) == TestCounts(passed=4)


HOSTILE = (
    "1 passed, " * 20_000,
    "9" * 200_000,
    "ok " * 60_000,
    "Tests run: 1, " * 15_000,
    "\x1b[" * 90_000,
    "A: " * 60_000,
)


def test_hostile_output_costs_linear_time() -> None:
    for text in HOSTILE:
        lines = "\n".join([text] * 8)
        eighth = min(_seconds(lines[: len(lines) // 8]) for _ in range(3))
        assert _seconds(lines) < 80 * max(eighth, 0.0005), text[:20]


def _seconds(text: str) -> float:
    began = time.perf_counter()
    counts.of(text)
    return time.perf_counter() - began


def test_a_case_that_did_not_run_is_skipped_and_a_failure_outside_of_one_is_none() -> None:
    report = (
        b'<testsuite><failure/><skipped/><testcase name="a" status="notrun"/><testcase name="b" status="disabled"/>'
        b'<testcase name="c" result="suppressed"/><testcase name="d" status="run" result="completed"/>'
        b'<testcase name="e"><error/><skipped/></testcase><skipped/><error/></testsuite>'
    )
    assert counts.of("", report) == TestCounts(passed=1, failed=1, skipped=3, failures=("e",))


def test_fifty_failures_are_named_and_the_rest_counted() -> None:
    case = b'<testcase name="t%d"><failure/></testcase>'
    report = b"<testsuite>" + b"".join(case % n for n in range(51)) + b"</testsuite>"
    found = counts.of("", report)
    assert found is not None
    assert (found.failed, len(found.failures), found.failures[-1]) == (51, 50, "t49")
    said = counts.of("".join(f"FAILED t{n} (0.1s) - no\n" for n in range(51)) + "51 failed in 1.0s")
    assert said is not None
    assert (said.failed, len(said.failures), said.failures[0], said.failures[-1]) == (51, 50, "t0", "t49")


def test_a_summary_may_stand_at_nothing_and_twice() -> None:
    assert counts.of("Ran 0 tests in 0.0s\n\nNO TESTS RAN") == TestCounts(passed=0)
    assert counts.of("Ran 1 test in 0.1s\n\nOK\n\nRan 2 tests in 0.1s\n\nOK\nOK") == TestCounts(passed=3)
    assert counts.of("OK\nFAILED (failures=1)") is None, "an end without a beginning"
    assert counts.of("Ran 1 test in 0.1s\n\nfine\nOK (expected failures=2)") == TestCounts(passed=0, skipped=2)


def test_totals_are_read_behind_a_log_level_and_an_unnamed_total_is_nothing() -> None:
    assert counts.of("Tests run: 4, Failures: 1, Errors: 1, Skipped: 1") == TestCounts(passed=1, failed=2, skipped=1)
    assert counts.of("[ERROR] Tests run: 4, Failures: 1, Errors: 0, Skipped: 0") == TestCounts(passed=3, failed=1)
    assert counts.of("Tests run: 4, Failures: 0, Time elapsed: 1 s") is None
    assert counts.of("Passed! - Failed: 1, Passed: 5") == TestCounts(passed=0, failed=1)


def test_a_plan_alone_is_no_point_and_what_is_to_do_is_no_failure() -> None:
    assert counts.of("1..2\nok 1\nnot ok 2 # TO" + "DO later") == TestCounts(passed=1, skipped=1)
    assert counts.of("ok 1\nnot ok 2") is None


def test_a_long_line_is_not_looked_at_further_than_its_bound() -> None:
    assert counts.of(" " * 1990 + "1 passed in 0.1s") is None
    assert counts.of(" " * 1980 + "1 passed in 0.1s") == TestCounts(passed=1)


def test_counts_in_words() -> None:
    assert list(counts.words(TestCounts(passed=0))) == ["0 passed"]
    assert list(counts.words(TestCounts(passed=3, failed=1, skipped=2))) == ["3 passed", "1 failed", "2 skipped"]


def test_a_line_of_its_own_needs_one_that_passed() -> None:
    assert counts.of("  1 failing\n") is None
    assert counts.of("  5 passing (12ms)\n") == TestCounts(passed=5)


def test_a_bracket_behind_the_figures_hides_none_and_an_unnamed_total_is_nothing() -> None:
    assert counts.of("Tests run: 4, Failures: 1, Skipped: 1 [see the log]") == TestCounts(passed=2, failed=1, skipped=1)
    assert counts.of("Passed! - Failed: 0, Passed: 5") == TestCounts(passed=0)


def test_a_name_is_kept_up_to_two_thousand_characters() -> None:
    report = b'<testsuite><testcase name="' + b"n" * 2500 + b'"><failure/></testcase></testsuite>'
    found = counts.of("", report)
    assert found is not None
    assert found.failures == ("n" * 2000,)
