"""What one agent hands to the next: word for word, newest first, and what does not fit is named."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.task import Attempt, AttemptKind
from orchestrator.pipeline import prompt
from orchestrator.pipeline.prompt import BUDGET, DIFF_LIMIT, Context, assemble, lists
from tests.policy.builders import attempt, task

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(lambda t: bool(t.strip()))
ITEMS = st.lists(WORDS | st.integers(1, 40).map(lambda n: "long " * 1000 * n), max_size=6).map(tuple)
ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        n=st.just(0),
        agent=st.sampled_from(["codex", "claude"]),
        started=st.just("2026-11-21T10:00:00Z"),
        ended=st.just("2026-11-21T10:30:00Z"),
        status=st.sampled_from(Status),
        blocker_code=st.sampled_from(BlockerCode),
        summary=WORDS,
        next_step=WORDS,
        done=ITEMS,
        blockers=ITEMS,
        decisions=ITEMS,
        risks=ITEMS,
        attempted_approaches=ITEMS,
        tests_run=ITEMS,
        manual_steps=ITEMS,
        files_changed=ITEMS,
        findings=ITEMS,
    ),
    max_size=4,
).map(lambda told: tuple(replace(a, n=n) for n, a in enumerate(told, 1)))


def told(attempts: tuple[Attempt, ...], context: Context | None = None) -> prompt.Prompt:
    n = len(attempts) + 1
    return assemble(task(attempts=attempts), "gemini", AttemptKind.ATTEMPT, n, context or Context())


def marked(item: str) -> str:
    """The item as the prompt quotes it: every line of it marked, not a character changed."""
    return "".join(f"> {line}" for line in f"- {item}".splitlines(keepends=True))


@given(ATTEMPTS)
def test_every_item_of_every_earlier_attempt_is_there_word_for_word_or_named_as_left_out(
    attempts: tuple[Attempt, ...],
) -> None:
    seen = told(attempts)
    for each in attempts:
        start = seen.text.find(f"## Attempt {each.n} (")
        assert start >= 0
        for name, items in lists(each):
            gone = sum(marked(item) not in seen.text for item in items)
            named = [re.fullmatch(rf"attempt {each.n} {re.escape(name)} (\d+) of (\d+)", w) for w in seen.left_out]
            counts = [(int(m[1]), int(m[2])) for m in named if m]
            if gone or counts:
                assert len(counts) == 1, (name, gone)
                assert counts[0][1] == len(items)
                assert counts[0][0] >= gone
    for words in seen.left_out:
        assert words in seen.text, "what was left out is said to the agent, too"


@given(ATTEMPTS)
def test_the_prompt_stays_within_its_budget(attempts: tuple[Attempt, ...]) -> None:
    assert len(told(attempts).text) <= BUDGET + 4_000


def test_the_newest_is_told_first_when_not_all_fits() -> None:
    long = ("x" * 30_000,)
    attempts = tuple(attempt(n, done=long) for n in range(1, 6))
    seen = told(attempts)
    kept = [n for n in range(1, 6) if f"attempt {n} DONE 1 of 1" not in seen.left_out]
    assert kept == [3, 4, 5]
    assert [f"attempt {n} DONE 1 of 1" for n in (2, 1)] == list(seen.left_out)


def test_one_endless_item_hides_no_other() -> None:
    seen = told((attempt(decisions=("keep the name", "x" * 200_000, "one pass")),))
    assert "> - keep the name\n> - one pass" in seen.text
    assert seen.left_out == ("attempt 1 DECISIONS 1 of 3",)


def test_no_line_of_an_item_escapes_its_quote_whatever_ends_it() -> None:
    seen = told((attempt(done=("a\u2028b\x0cc\r\nd\x85e\n\nf",)),))
    assert marked("a\u2028b\x0cc\r\nd\x85e\n\nf") in seen.text
    body = seen.text.split("DONE:\n", 1)[1].split("\n\n# ", 1)[0]
    assert all(line.startswith("> ") for line in body.splitlines())


def test_the_work_so_far_is_cut_at_a_line_and_that_is_said() -> None:
    patch = "".join(f"+line {n}\n" for n in range(5_000))
    seen = told((), Context(diff=patch))
    assert len(patch) > DIFF_LIMIT
    said = [w for w in seen.left_out if "of the work so far" in w]
    assert len(said) == 1
    kept = len(patch) - int(said[0].split()[0])
    assert patch[:kept].endswith("\n")
    assert patch[:kept] in seen.text
    whole = told((), Context(diff="+one\n"))
    assert "+one\n" in whole.text
    assert whole.left_out == ()
