"""How many tests passed, failed and were skipped, as a run says of itself: in JUnit XML, or in the words it printed.

Both come from a program that ran foreign code, so a figure here is a claim. It is held against the base commit's own:
less of what passed, or more of what was skipped, is what it can show; that nothing was forged it cannot.

Formats, from the programs' own documentation: pytest, unittest, jest, vitest, mocha, node:test and other TAP, bun,
deno, go test, cargo test, dotnet test, Maven Surefire, PHPUnit, RSpec, minitest, ctest. Lines are read one by one and
none longer than LINE, so hostile output costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from orchestrator.model.gate import TestCounts

LINE = 2_000
"""Characters of one line that are looked at."""
MOST_NAMES = 50
MOST_CASES = 1_000_000
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_PAIR = re.compile(r"([0-9]{1,9}) ([a-z]+)")
_WORDS = {
    **dict.fromkeys(("passed", "passing", "pass"), "passed"),
    **dict.fromkeys(("failed", "failing", "fail", "failures", "failure", "errors", "error"), "failed"),
    # A test that is expected to fail, or was taken out of the run, says nothing any more: it counts as skipped.
    **dict.fromkeys(("skipped", "skip", "skips", "pending", "todo", "ignored", "filtered"), "skipped"),
    **dict.fromkeys(("xfailed", "xpassed", "deselected", "inconclusive"), "skipped"),
}
_BY_NAME = {
    **dict.fromkeys(("pass", "passed", "expected"), "passed"),
    **dict.fromkeys(("fail", "failed", "failures", "errors", "error", "cancelled"), "failed"),
    **dict.fromkeys(("skipped", "todo", "incomplete", "risky", "expected failures", "unexpected successes"), "skipped"),
}


def of(output: str, report: bytes | None = None) -> TestCounts | None:
    """What the report tells; without a readable one, what the output does. None where neither tells anything."""
    if report is not None and (found := junit(report)) is not None:
        return found
    return printed(output)


def printed(output: str) -> TestCounts | None:
    """The sum over all test programs that ended with a summary in this output."""
    lines = [_COLOUR.sub("", line[:LINE]).strip() for line in output.splitlines()]
    found = [counts for reader in _READERS if (counts := reader(lines)) is not None]
    return _sum(found, _names(lines)) if found else None


def junit(data: bytes) -> TestCounts | None:
    """Counts the cases of a JUnit report, element by element; None for what is none. A document type is refused: it
    could hold entities that grow without end."""
    cases = _Cases()
    parser = expat.ParserCreate()
    parser.StartElementHandler = cases.start
    parser.EndElementHandler = cases.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        return None
    return cases.counts() if cases.root in ("testsuite", "testsuites") else None


class _Refused(Exception):
    """No report of tests, or one that is built to be endless."""


def _refuse(*_: object) -> None:
    raise _Refused


class _Cases:
    """Test cases as they go by."""

    def __init__(self) -> None:
        self.root, self.open, self.kind, self.name = "", False, "passed", ""
        self.number = {"passed": 0, "failed": 0, "skipped": 0}
        self.failures: list[str] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        self.root = self.root or element
        if element == "testcase":
            self.open, self.kind = True, "passed"
            self.name = "::".join(filter(None, (attributes.get("classname", ""), attributes.get("name", ""))))
            if attributes.get("status") in ("notrun", "disabled") or attributes.get("result") == "suppressed":
                self.kind = "skipped"
        elif self.open and element in ("failure", "error"):
            self.kind = "failed"
        elif self.open and element == "skipped" and self.kind == "passed":
            self.kind = "skipped"

    def end(self, element: str) -> None:
        if element != "testcase" or not self.open:
            return
        self.open = False
        self.number[self.kind] += 1
        if sum(self.number.values()) > MOST_CASES:
            raise _Refused
        if self.kind == "failed" and len(self.failures) < MOST_NAMES:
            self.failures.append(self.name[:LINE])

    def counts(self) -> TestCounts:
        return TestCounts(
            passed=self.number["passed"],
            failed=self.number["failed"],
            skipped=self.number["skipped"],
            failures=tuple(self.failures),
        )


def _sum(found: Iterable[TestCounts], names: tuple[str, ...]) -> TestCounts:
    found = tuple(found)
    return TestCounts(
        passed=sum(c.passed for c in found),
        failed=sum(c.failed for c in found),
        skipped=sum(c.skipped for c in found),
        failures=names,
    )


def _names(lines: Iterable[str]) -> tuple[str, ...]:
    """Failed tests as pytest and go name them."""
    found: dict[str, None] = {}
    for line in lines:
        if line.startswith(("FAILED ", "ERROR ", "--- FAIL: ")) and len(found) < MOST_NAMES:
            found[line.removeprefix("--- ").split(" ", 1)[1].split(" - ", 1)[0].split(" (", 1)[0]] = None
    return tuple(found)


def _tally(pairs: Iterable[tuple[str, str]], words: dict[str, str]) -> TestCounts:
    number = {"passed": 0, "failed": 0, "skipped": 0}
    for count, word in pairs:
        if word in words:
            number[words[word]] += int(count)
    return TestCounts(passed=number["passed"], failed=number["failed"], skipped=number["skipped"])


def _lines_like(marker: str) -> Callable[[list[str]], TestCounts | None]:
    """Programs that print `5 passed, 1 failed` on a line that `marker` matches; several such lines are added up."""
    form = re.compile(marker)

    def read(lines: list[str]) -> TestCounts | None:
        found = [_tally(_PAIR.findall(line), _WORDS) for line in lines if form.match(line)]
        return _sum(found, ()) if found else None

    return read


_RAN = re.compile(r"Ran ([0-9]{1,9}) tests? in ")
_ENDED = re.compile(r"(OK|FAILED|NO TESTS RAN)(?: \((.{0,200})\))?$")
_NAMED = re.compile(r"([A-Za-z][a-z ]{0,30})[=:] {0,20}([0-9]{1,9})")


def _named(text: str) -> list[tuple[str, str]]:
    """`failures=1, skipped=2` or `Failures: 1, Skipped: 2` as pairs of number and word."""
    return [(number, word.strip().lower()) for word, number in _NAMED.findall(text)]


def _unittest(lines: list[str]) -> TestCounts | None:
    found, total = [], -1
    for line in lines:
        if match := _RAN.match(line):
            total = int(match[1])
        elif total >= 0 and (match := _ENDED.match(line)):
            told = _tally(_named(match[2] or ""), _BY_NAME)
            found.append(_rest(total, told))
            total = -1
    return _sum(found, ()) if found else None


def _rest(total: int, told: TestCounts) -> TestCounts:
    """What is neither failed nor skipped has passed."""
    passed = max(0, total - told.failed - told.skipped)
    return TestCounts(passed=passed, failed=told.failed, skipped=told.skipped)


def _totals(marker: str, *, head: str) -> Callable[[list[str]], TestCounts | None]:
    """Programs that print `Tests run: 5, Failures: 1, Skipped: 2`; `head` names the total."""
    form = re.compile(marker)

    def read(lines: list[str]) -> TestCounts | None:
        found = []
        for line in lines:
            if form.match(line) and "time elapsed" not in line.lower():
                pairs = _named(line.split("]", 1)[1] if line.startswith("[") and "]" in line else line)
                total = next((int(n) for n, word in pairs if word == head), 0)
                found.append(_rest(total, _tally(pairs, _BY_NAME)))
        return _sum(found, ()) if found else None

    return read


_GO_TEST = re.compile(r"--- (PASS|FAIL|SKIP): ")
_GO_PACKAGE = re.compile(r"(ok|FAIL)\s{1,10}\S{1,500}\s{1,10}(?:[0-9.]{1,20}s|\(cached\)|\[build failed\])")


def _go(lines: list[str]) -> TestCounts | None:
    """Tests with `-v`, else packages."""
    words = [m[1] for line in lines if (m := _GO_TEST.match(line))]
    if "PASS" not in words:  # without -v only failures are named
        words = ["PASS" if m[1] == "ok" else "FAIL" for line in lines if (m := _GO_PACKAGE.match(line))]
    if not words:
        return None
    return TestCounts(passed=words.count("PASS"), failed=words.count("FAIL"), skipped=words.count("SKIP"))


_HASH = re.compile(r"[#\u2139] (pass|fail|cancelled|skipped|todo) ([0-9]{1,9})$")
_TAP = re.compile(r"(ok|not ok)\b(.*)$")
_PLAN = re.compile(r"1\.\.[0-9]{1,9}\b")


def _tap(lines: list[str]) -> TestCounts | None:
    """node:test's own summary, else the points of any TAP stream that has a plan."""
    if pairs := [(m[2], m[1]) for line in lines if (m := _HASH.match(line))]:
        return _tally(pairs, _BY_NAME)
    if not any(_PLAN.match(line) for line in lines):
        return None
    points = [(m[1], m[2].lower()) for line in lines if (m := _TAP.match(line))]
    skipped = sum("# skip" in rest or "# todo" in rest for _, rest in points)
    failed = sum(word == "not ok" and "# todo" not in rest for word, rest in points)
    return TestCounts(passed=len(points) - skipped - failed, failed=failed, skipped=skipped)


_PHPUNIT_OK = re.compile(r"OK \(([0-9]{1,9}) tests?, [0-9]{1,9} assertions?\)$")
_CTEST = re.compile(r"[0-9]{1,3}% tests passed, ([0-9]{1,9}) tests failed out of ([0-9]{1,9})")
_EXAMPLES = re.compile(r"([0-9]{1,9}) (?:examples?|runs?), ")


def _phpunit(lines: list[str]) -> TestCounts | None:
    found = [TestCounts(passed=int(m[1])) for line in lines if (m := _PHPUNIT_OK.match(line))]
    return _sum(found, ()) if found else None


def _ctest(lines: list[str]) -> TestCounts | None:
    found = [TestCounts(passed=int(m[2]) - int(m[1]), failed=int(m[1])) for line in lines if (m := _CTEST.match(line))]
    return _sum(found, ()) if found else None


def _examples(lines: list[str]) -> TestCounts | None:
    """RSpec and minitest tell the total first."""
    found = [_rest(int(m[1]), _tally(_PAIR.findall(line), _WORDS)) for line in lines if (m := _EXAMPLES.match(line))]
    return _sum(found, ()) if found else None


def _mocha(lines: list[str]) -> TestCounts | None:
    """`5 passing (12ms)`, `1 pending`, `1 failing` on lines of their own; bun's `5 pass`, `1 fail`, `1 skip`."""
    pairs = [(m[1], m[2]) for line in lines if (m := _ALONE.match(line))]
    if not any(word in ("passing", "pass") for _, word in pairs):
        return None
    return _tally(pairs, _WORDS)


_ALONE = re.compile(r"([0-9]{1,9}) (passing|failing|pending|pass|fail|skip|todo)(?: \([0-9a-z .]{1,20}\))?$")

_SECONDS = r"in [0-9.]{1,12}s?(?: \([0-9:]{1,20}\))?"
_PYTEST = (
    r"(?:=+ )?(?:(?:[0-9]{1,9} (?:passed|failed|skipped|errors?|warnings?|x?failed|xpassed|deselected|rerun|"
    rf"subtests? passed)(?:, )?)+|no tests ran) {_SECONDS}(?: =+)?$"
)
_READERS: tuple[Callable[[list[str]], TestCounts | None], ...] = (
    _lines_like(_PYTEST),
    _unittest,
    _lines_like(r"Tests:? {1,20}[0-9]{1,9} (?:failed|passed|skipped|todo)\b"),  # jest, vitest
    _mocha,
    _tap,
    _go,
    _lines_like(r"test result: (?:ok|FAILED)\. "),  # cargo
    _lines_like(r"(?:ok|FAILED) \| [0-9]{1,9} passed"),  # deno
    _totals(r"(?:Passed|Failed|Skipped)! {1,10}- Failed:", head="total"),  # dotnet
    _totals(r"(?:\[[A-Z]{4,8}\] {1,4})?Tests run: ", head="tests run"),  # Maven
    _totals(r"Tests: [0-9]{1,9}, Assertions: ", head="tests"),  # PHPUnit
    _phpunit,
    _examples,
    _ctest,
)


def words(counts: TestCounts) -> Iterator[str]:
    """For people: `3 passed`, `1 skipped`."""
    for name in ("passed", "failed", "skipped"):
        if (number := getattr(counts, name)) or name == "passed":
            yield f"{number} {name}"
