"""Of a long log the author gets what tells why it failed."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy.logs import failing_part

NOISE = [f"step {n} is fine" for n in range(2000)]


def test_a_short_log_is_kept_whole_without_colours_and_times() -> None:
    log = "2026-11-26T12:00:00.1234567Z \x1b[31mred\x1b[0m\nplain\n"
    assert failing_part(log, 1000) == "red\nplain"


def test_a_compilers_first_error_is_kept_though_much_follows() -> None:
    log = "\n".join([*NOISE, "main.c:3: error: no such thing", *NOISE, "##[error]Process completed with exit code 1."])
    shown = failing_part(log, 3000)
    assert "main.c:3: error: no such thing" in shown
    assert shown.startswith("...\n")
    assert shown.endswith("##[error]Process completed with exit code 1.")
    assert "step 1999 is fine\nmain.c:3" in shown, "with the lines before it"
    assert len(shown) <= 3100


def test_a_test_runners_summary_at_the_end_is_kept() -> None:
    log = "\n".join(
        [*NOISE, "E   assert 1 == 2", "FAILED tests/test_x.py::test_y - assert 1 == 2", "1 failed, 3 passed"]
    )
    shown = failing_part(log, 2000)
    assert "FAILED tests/test_x.py::test_y" in shown
    assert "E   assert 1 == 2" in shown


def test_a_line_that_says_there_was_no_error_is_none() -> None:
    log = "\n".join(["compiled with 0 errors", "failed: 0", *NOISE, "boom: error: here", *NOISE])
    assert "boom: error: here" in failing_part(log, 2000)


def test_without_any_word_of_an_error_it_is_the_end() -> None:
    shown = failing_part("\n".join(NOISE), 500)
    assert shown.startswith("...\n")
    assert shown.endswith("step 1999 is fine")


@given(st.text(max_size=3000), st.integers(min_value=50, max_value=2000))
def test_it_is_bounded_whatever_the_log(log: str, limit: int) -> None:
    assert len(failing_part(log, limit)) <= max(limit, 0) + 20


def test_a_hostile_log_takes_linear_time() -> None:
    began = time.monotonic()
    for line in ("\x1b[" * 500_000, "error " * 200_000, "\n" * 1_000_000, "0 failed\n" * 100_000):
        failing_part(line, 6000)
    assert time.monotonic() - began < 5
