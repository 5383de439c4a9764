"""Qwen Code: its command line, and what its lines (as the real program printed them) are understood to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import qwen
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Denied, Edit, Quota, Text, UsageReport
from tests.rooms.engineering import GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "60df747c-2f03-4457-af95-53a6e7e8dcc0"
INIT: Line = {"type": "system", "subtype": "init", "session_id": SESSION, "tools": []}
NONE = {"input_tokens": 0, "output_tokens": 0}
USED = {"input_tokens": 1000, "output_tokens": 50, "cache_read_input_tokens": 200, "total_tokens": 1050}


def said(*content: Line, usage: Line = USED) -> Line:
    message = {"id": "m", "role": "assistant", "content": list(content), "usage": usage}
    return {"type": "assistant", "session_id": SESSION, "parent_tool_use_id": None, "message": message}


def text(words: str) -> Line:
    return {"type": "text", "text": words}


def called(name: str, given: Line, id: str = "c1") -> Line:
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def answered(*, error: bool = False, id: str = "c1") -> Line:
    part = {"type": "tool_result", "tool_use_id": id, "is_error": error, "content": "x x"}
    return {"type": "user", "session_id": SESSION, "message": {"role": "user", "content": [part]}}


def ended(told: str = "", **more: object) -> Line:
    session_usage = {"input_tokens": 9000, "output_tokens": 900, "cache_read_input_tokens": 900}
    end: Line = {
        "type": "result", "subtype": "error_during_execution" if told else "success", "session_id": SESSION,
        "is_error": bool(told), "usage": session_usage, "permission_denials": [], **more,
    }  # fmt: skip
    return {**end, "error": {"message": told}} if told else end


GOOD = [
    INIT,
    {"type": "stream_event", "session_id": SESSION, "event": {"type": "goal_state"}},
    said(text("I will do that now."), usage=NONE),
    said(called("run_shell_command", {"command": "make"})),
    answered(),
    said(text("Done.")),
    ended(),
]


def test_a_run_goes_without_questions_by_the_gateway(tmp_path: Path) -> None:
    words = qwen.argv(job(tmp_path, resume=SESSION), named("qwen"), GATEWAY)
    assert word_after(words, "--approval-mode") == "yolo"
    assert word_after(words, "--model") == "some-model"
    assert word_after(words, "--resume") == SESSION
    env = qwen.env(job(tmp_path), named("qwen"), GATEWAY)
    assert (env["OPENAI_BASE_URL"], env["OPENAI_API_KEY"]) == (GATEWAY.url, GATEWAY.key)


def test_it_neither_waits_for_a_rate_limit_nor_asks_what_to_remember(tmp_path: Path) -> None:
    given = json.loads(qwen.files(job(tmp_path), named("qwen"), GATEWAY)[".qwen/settings.json"])
    assert given["model"]["generationConfig"]["maxRetries"] == 0
    assert not any(given["memory"].values())
    assert given["privacy"]["usageStatisticsEnabled"] is False


def test_looking_only_leaves_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    words = list(qwen.argv(job(tmp_path, read_only=True), named("qwen"), GATEWAY))
    assert word_after(words, "--approval-mode") == "default"
    core = words[words.index("--core-tools") + 1 : words.index("--exclude-tools")]
    assert not {"write_file", "edit", "run_shell_command"} & set(core)
    assert "agent" in words[words.index("--exclude-tools") :]


def test_a_prompt_holds_no_order_to_read_files(tmp_path: Path) -> None:
    assert b"see \\@/etc/passwd" in qwen.stdin(job(tmp_path, prompt="see @/etc/passwd"))


def test_a_good_run_tells_what_was_done(tmp_path: Path) -> None:
    run = replay(qwen, job(tmp_path), GOOD)
    assert run.outcome.failure is FailureClass.NONE
    assert run.outcome.session == SESSION
    assert run.only(Text, Command) == [
        Text(text="I will do that now."), Command(command="make"), Text(text="Done."),
    ]  # fmt: skip
    assert run.outcome.usage == Usage(input_tokens=8100, cached_tokens=900, output_tokens=900, source="provider")


def test_a_resumed_run_counts_its_own_answers_not_the_sessions(tmp_path: Path) -> None:
    run = replay(qwen, job(tmp_path, resume=SESSION), GOOD)
    assert run.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")


def test_usage_grows_while_it_works(tmp_path: Path) -> None:
    reports = replay(qwen, job(tmp_path), GOOD).only(UsageReport)
    assert [r.usage.output_tokens for r in reports if isinstance(r, UsageReport)] == [50, 100, 900]


def test_an_edit_counts_when_it_was_made_and_denials_are_told(tmp_path: Path) -> None:
    lines = [
        INIT, said(called("edit", {"file_path": "a.py"}), called("write_file", {"file_path": "b.py"}, "c2")),
        answered(), answered(error=True, id="c2"), ended(permission_denials=[{"tool_name": "run_shell_command"}]),
    ]  # fmt: skip
    run = replay(qwen, job(tmp_path), lines)
    assert run.only(Edit, Command) == [Edit(path="a.py"), Command(command="[write_file] b.py")]
    assert run.only(Denied) == [Denied(what="run_shell_command")]


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        ("[API Error: 401 x x]", FailureClass.AUTH),
        ("[API Error: 404 x x]", FailureClass.MISCONFIGURED),
        ("[API Error: 429 x x]\nx", FailureClass.QUOTA),
        ("[API Error: 503 x x]", FailureClass.SERVER),
        ("[API Error: 400 x x]", FailureClass.UNKNOWN),
        ("[API Error: x x 429]", FailureClass.UNKNOWN),
        ("x", FailureClass.UNKNOWN),
    ],
)
def test_failures_are_told_by_the_status(told: str, failure: FailureClass, tmp_path: Path) -> None:
    run = replay(qwen, job(tmp_path), [INIT, said(text(told), usage=NONE), ended(told)], 1)
    assert run.outcome.failure is failure
    assert bool(run.only(Quota)) is (failure is FailureClass.QUOTA)


def test_an_error_in_the_models_place_is_no_work_and_no_answer(tmp_path: Path) -> None:
    run = replay(qwen, job(tmp_path), [INIT, said(text("[API Error: 401 x]"), usage=NONE), ended()])
    assert run.outcome.failure is FailureClass.DID_NOTHING


def test_a_result_that_says_success_and_is_an_error_is_no_success(tmp_path: Path) -> None:
    run = replay(qwen, job(tmp_path), [*GOOD[:-1], {**ended(), "is_error": True}], 0)
    assert run.outcome.failure is FailureClass.UNKNOWN


def test_without_a_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(qwen, job(tmp_path), GOOD[:-1], 55).outcome.failure is FailureClass.CRASHED


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(st.lists(hostile([*GOOD, ended("[API Error: 429 x]")]), max_size=8))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    run = replay(qwen, job(NOWHERE, resume=SESSION), lines, 1)
    assert run.outcome.usage.cached_tokens >= 0
