"""Green by its own strength: the base commit's unmodified tests pass over the candidate's source, no fewer tests pass
than did, and no more are skipped.

Where tests were changed and that is why they do not, the change passes with a raised risk, and the reviewer has to name
the criterion that asks for each of them; else a person looks. A test that only grew while the base's own pass is no
such change. What decides how tests are run always is: a hook that comes in harmless would hide the next change's harm.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.gate.base import BASE_TESTS, cannot_tell, failed, passed, raised
from orchestrator.model.gate import BaseTests, CommandRun, Evidence, Finding, Outcome, TestCounts
from orchestrator.model.governance import Risk

name = "base_tests"
stage = BASE_TESTS
version = 2

SHOWN = 8
TAIL = 2_500
"""Characters of output that go into an instruction."""


def check(evidence: Evidence) -> Finding:
    if not evidence.base_tests_wanted:
        return passed(name)
    told, candidate = evidence.base_tests, evidence.verification
    if told is None or candidate is None or candidate.exit != 0:
        return cannot_tell(name, "The base commit's tests were not run over the change.")
    if told.problem:
        return cannot_tell(name, told.problem)
    if told.base is None and told.over is None:
        return passed(name) if not told.has_any else cannot_tell(name, "The base commit's tests were not run.")
    if told.base is None or told.over is None or told.over.exit is None:
        why = told.over.tail[-TAIL:] if told.over else ""
        return cannot_tell(name, f"The base commit's tests over the change did not come to an end. {why}".strip())
    return _judged(evidence, told, told.base, told.over, candidate)


def _judged(evidence: Evidence, told: BaseTests, base: CommandRun, over: CommandRun, candidate: CommandRun) -> Finding:
    touched = tuple(dict.fromkeys((*told.changed, *told.configured)))
    if over.exit and not _as_red_as(base, over):
        if not touched:
            return failed(name, _broken(told, base, over))
        words = (
            f"the base commit's own tests fail over this source ({_names(over)}); the change alters {_list(touched)}"
        )
        return _asked_for(words, touched)
    if not over.exit and base.counts and (why := _less(base.counts, over.counts)):
        if over.counts is None or _all(over.counts) < _all(base.counts) or not touched:
            return failed(
                name,
                f"With the base commit's own tests in place {why}. Something in the source ends or thins out the test "
                "run: make all of the base's tests run again.",
            )
        return _asked_for(f"with the base commit's own tests in place {why}", touched)
    if base.counts and (why := _less(base.counts, candidate.counts)):
        if not touched:
            return failed(name, f"{why[0].upper()}{why[1:]}. Make every test that ran before run again.")
        return _asked_for(f"{why}; the change alters {_list(touched)}", touched)
    return _unhidden(evidence, told, base)


def _unhidden(evidence: Evidence, told: BaseTests, base: CommandRun) -> Finding:
    """Nothing is hidden now. What was rewritten or steers the tests is still asked about."""
    grown = {c.path for c in evidence.changes if c.status == "M" and c.added and not c.deleted}
    grown = {path for path in grown if path not in told.configured}
    left = tuple(dict.fromkeys(p for p in (*told.changed, *told.configured) if p not in grown))
    uncounted = told.has_any and base.counts is None
    note = "how many tests ran cannot be read (`gate: test_report` names a JUnit file)" if uncounted else ""
    if left:
        words = f"tests or what steers them were changed: {_list(left)}"
        return _asked_for("; ".join(filter(None, (words, note))), left)
    if uncounted and (told.changed or told.added):
        return raised(name, Risk.MEDIUM, f"tests were changed, and {note}")
    return Finding(check=name, outcome=Outcome.PASS, why=note)


def _as_red_as(base: CommandRun, over: CommandRun) -> bool:
    """The base fails by itself: then the change answers only for what it makes worse."""
    if base.exit == 0 or base.exit is None:
        return False
    if base.counts is None or over.counts is None:
        return base.counts is None and over.counts is None
    return over.counts.failed <= base.counts.failed and over.counts.passed >= base.counts.passed


def _less(before: TestCounts, after: TestCounts | None) -> str:
    """What got less, in words; empty where nothing did."""
    if after is None:
        return f"no count of tests can be read any more, where {before.passed} passed before" if _all(before) else ""
    if after.passed < before.passed:
        return f"{after.passed} tests pass, where {before.passed} passed before"
    if after.skipped > before.skipped:
        return f"{after.skipped} tests are skipped, where {before.skipped} were before"
    return ""


def _all(counts: TestCounts) -> int:
    return counts.passed + counts.failed + counts.skipped


def _broken(told: BaseTests, base: CommandRun, over: CommandRun) -> str:
    without = f" (without the new {_list(told.added)})" if told.added else ""
    return (
        f"Make the base commit's own tests pass over your source{without}: `{over.command}` ended with exit code "
        f"{over.exit}.\n{over.tail[-TAIL:]}".rstrip()
    )


def _asked_for(why: str, tests: Sequence[str]) -> Finding:
    return Finding(check=name, outcome=Outcome.PASS, why=why, risk=Risk.MEDIUM, tests=tuple(tests))


def _names(run: CommandRun) -> str:
    failures = run.counts.failures if run.counts else ()
    return _list(failures) if failures else f"exit code {run.exit}"


def _list(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(repr(p)[1:-1] for p in paths[:SHOWN]) + more
