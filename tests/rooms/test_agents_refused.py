"""When a program that its provider keeps refusing is ended, and by what the run is then called."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.agents import failure
from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass
from orchestrator.model.stream import RunOutcome


def asked(second: int, status: int, *, reset: str = "", method: str = "POST", left: bool = False) -> Exchange:
    at = f"2026-11-26T12:00:{second:02}Z"
    return Exchange(at=at, method=method, path="/v1/x", status=status, reset_at=reset, left=left)


SOON, LATER = "2026-11-26T12:01:20Z", "2026-11-26T13:00:00Z"
FOUR = [asked(second, 503) for second in (0, 4, 12, 28)]


@pytest.mark.parametrize(
    ("exchanges", "over"),
    [
        ([], False),
        ([asked(0, 200)], False),
        ([asked(0, 429)], False),
        ([asked(0, 429, reset=SOON)], False),
        ([asked(0, 429, reset=LATER)], True),
        ([asked(0, 429, reset=LATER), asked(3, 200)], False),
        ([asked(0, 429, reset="soon")], False),
        (FOUR[:3], False),
        (FOUR, True),
        ([*FOUR, asked(40, 200)], False),
        ([*FOUR[:2], asked(8, 200), *FOUR[2:]], False),
        ([asked(second, 429) for second in (0, 0, 1, 1, 2)], False),  # a burst of parallel questions
        ([asked(second, 404, method="GET") for second in (0, 10, 20, 30)], False),  # lists of models
        ([*FOUR[:3], asked(28, 200, left=True)], False),
        ([*FOUR, asked(40, 200, left=True)], True),  # broken off by the agent: says nothing of the provider
    ],
)
def test_refusals_end_a_run_when_waiting_is_no_use(exchanges: Sequence[Exchange], over: bool) -> None:
    assert failure.hopeless(exchanges) is over


def test_the_run_is_then_called_by_what_the_provider_said() -> None:
    ended = RunOutcome(exit=None, failure=FailureClass.UNKNOWN, detail="it was stopped: refused")
    told = failure.settled(ended, [asked(0, 429, reset=LATER)], None)
    assert (told.failure, told.reset_at) == (FailureClass.QUOTA, LATER)
    assert failure.settled(ended, FOUR, None).failure is FailureClass.SERVER


def test_a_list_that_failed_does_not_explain_a_question_that_was_left_open() -> None:
    silent = RunOutcome(exit=None, failure=FailureClass.NO_OUTPUT)
    seen = [asked(0, 404, method="GET"), asked(1, 200, left=True)]
    assert failure.settled(silent, seen, None).failure is FailureClass.NO_OUTPUT
    assert failure.settled(silent, seen[:1], None).failure is FailureClass.MISCONFIGURED
