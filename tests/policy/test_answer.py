"""A person's answer in an escalation note."""

from __future__ import annotations

import pytest

from orchestrator.policy.answer import APPLIED, Action, Decision, Refused, read

HEAD = "# web-7\n\nIt failed twice.\n\n## Retry Decision\n"


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("action: retry\n", Decision(action=Action.RETRY, reason="")),
        ("- Action: RETRY\n* reason: 'the quota is back'\n", Decision(action=Action.RETRY, reason="the quota is back")),
        (
            '```json\n{"action": "stop", "summary": "not worth it"}\n```\n',
            Decision(action=Action.STOP, reason="not worth it"),
        ),
        (
            "action: reroute\ntarget_agent: gemini\nnext_step: look at the lock\nplain words\n",
            Decision(action=Action.REROUTE, reason="look at the lock", agent="gemini"),
        ),
        ("action: retry\nagent:\nreroute_to: codex\n", Decision(action=Action.RETRY, reason="", agent="codex")),
        ("action: stop\n\n## Notes\naction: retry\n", Decision(action=Action.STOP, reason="")),
    ],
)
def test_an_answer_is_read_as_lines_or_as_json(text: str, decision: Decision) -> None:
    assert read(HEAD + text) == decision


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "action '(missing)': expected retry, reroute or stop"),
        ("action: again\n", "action 'again': expected retry, reroute or stop"),
        ("action: reroute\n", "reroute needs `agent: NAME`"),
        ('{"action": "retry"', "not readable as JSON: "),
    ],
)
def test_an_answer_that_cannot_be_carried_out_is_refused_in_words(text: str, why: str) -> None:
    found = read(HEAD + text)
    assert isinstance(found, Refused)
    assert found.why.startswith(why)


def test_no_section_and_one_that_was_answered_to_are_no_answer() -> None:
    assert read("# web-7\n\naction: retry\n") is None
    assert read(f"{HEAD}action: retry\n{APPLIED}\n") is None


def test_the_newest_section_counts_whatever_became_of_those_before() -> None:
    first = f"{HEAD}action: retry\n{APPLIED}\n\n"
    assert read(f"{first}## Retry Decision\naction: stop\n") == Decision(action=Action.STOP, reason="")
    assert read(f"{HEAD}action: retry\n\n## Retry Decision\naction: stop\n") == Decision(action=Action.STOP, reason="")
