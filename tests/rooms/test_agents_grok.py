"""Grok Build: its command line, and what its lines (as the real program printed them) are understood to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import grok
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Edit, Quota, Text, Thinking, UsageReport
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "01a21793-8d14-7393-b537-f08346be8005"
INIT: Line = {"type": "system", "subtype": "init", "session_id": SESSION, "model": "m", "tools": []}
USED = {"input_tokens": 770, "output_tokens": 50, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30}


def said(*content: Line) -> Line:
    message = {"id": "msg_0", "role": "assistant", "content": list(content), "usage": USED}
    return {"type": "assistant", "message": message, "session_id": SESSION}


def called(name: str, given: Line, id: str = "c1") -> Line:
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def answered(told: object, *, error: bool = False, id: str = "c1") -> Line:
    part = {"type": "tool_result", "tool_use_id": id, "content": told, "is_error": error}
    return {"type": "user", "message": {"role": "user", "content": [part]}, "session_id": SESSION}


def ended(*errors: object, cost: float = 0.0) -> Line:
    end: Line = {
        "type": "result", "subtype": "error_during_execution" if errors else "success", "is_error": bool(errors),
        "total_cost_usd": cost, "session_id": SESSION,
        "usage": {**USED, "input_tokens": 1570, "output_tokens": 100, "cache_read_input_tokens": 400},
    }  # fmt: skip
    return {**end, "errors": list(errors)} if errors else end


GOOD = [
    INIT,
    said(
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "I will do that now."},
        called("run_terminal_command", {"command": "make"}),
    ),
    answered(json.dumps({"type": "Bash", "exit_code": 2})),
    said({"type": "text", "text": "Done."}),
    ended(),
]


def test_a_run_goes_without_questions_by_the_gateway(tmp_path: Path) -> None:
    words = grok.argv(job(tmp_path, resume=SESSION), named("grok"), GATEWAY)
    assert "--always-approve" in words
    assert word_after(words, "--model") == "some-model"
    assert word_after(words, "--resume") == SESSION
    env = grok.env(job(tmp_path), named("grok"), GATEWAY)
    assert env["XAI_API_KEY"] == GATEWAY.key
    assert env["GROK_XAI_API_BASE_URL"] == env["GROK_MODELS_BASE_URL"] == GATEWAY.url
    assert env["GROK_MAX_RETRIES"] == "0"
    assert "XAI_API_KEY" not in grok.env(job(tmp_path), named("grok"), ALONE)


def test_the_prompt_comes_from_a_file_as_it_is(tmp_path: Path) -> None:
    run = job(tmp_path, prompt="/quit @x\n" * 40_000)
    words = grok.argv(run, named("grok"), GATEWAY)
    assert "--verbatim" in words
    assert word_after(words, "--prompt-file") == f"{run.home}/prompt.md"
    assert grok.files(run, named("grok"), GATEWAY)["prompt.md"] == run.prompt
    assert max(len(word) for word in words) < 4096


def test_looking_only_leaves_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    words = grok.argv(job(tmp_path, read_only=True), named("grok"), GATEWAY)
    assert "--always-approve" not in words
    assert not {"write", "search_replace", "run_terminal_command"} & set(word_after(words, "--tools").split(","))


def test_a_good_run_tells_what_was_done_and_this_runs_usage(tmp_path: Path) -> None:
    run = replay(grok, job(tmp_path), GOOD)
    assert run.outcome.failure is FailureClass.NONE
    assert run.outcome.session == SESSION
    assert run.only(Thinking, Text, Command) == [
        Thinking(text="Hm."), Text(text="I will do that now."), Command(command="make", exit=2), Text(text="Done."),
    ]  # fmt: skip
    assert run.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")
    reports = [e.usage.output_tokens for e in run.only(UsageReport) if isinstance(e, UsageReport)]
    assert reports == [50, 100, 100]


def test_a_cost_of_nothing_is_no_cost_and_any_other_is_told(tmp_path: Path) -> None:
    assert replay(grok, job(tmp_path), GOOD).outcome.usage.cost_usd is None
    assert replay(grok, job(tmp_path), [*GOOD[:-1], ended(cost=0.25)]).outcome.usage.cost_usd == 0.25


def test_an_edit_counts_when_it_was_made(tmp_path: Path) -> None:
    lines = [
        INIT, said(called("write", {"file_path": "a.py"}), called("search_replace", {"file_path": "b.py"}, "c2")),
        answered("x"), answered("x", error=True, id="c2"), ended(),
    ]  # fmt: skip
    run = replay(grok, job(tmp_path), lines)
    assert run.only(Edit, Command) == [Edit(path="a.py"), Command(command="[search_replace] b.py")]


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        ('Internal error: "x (401) from http://127.0.0.1:1/v1/chat/completions: x"', FailureClass.AUTH),
        ('Internal error: {\n  "message": "x",\n  "http_status": 403\n}', FailureClass.AUTH),
        ('Internal error: {\n  "message": "x",\n  "http_status": 404\n}', FailureClass.MISCONFIGURED),
        ('Internal error: {\n  "message": "x",\n  "http_status": 400\n}', FailureClass.UNKNOWN),
        ("insufficient_quota: x x", FailureClass.QUOTA),
        ("tokens: x x", FailureClass.UNKNOWN),
        ("x x", FailureClass.UNKNOWN),
    ],
)
def test_failures_are_told_by_status_and_code(told: str, failure: FailureClass, tmp_path: Path) -> None:
    run = replay(grok, job(tmp_path), [INIT, ended(told, 7), "Error: x"], 1)
    assert run.outcome.failure is failure
    assert bool(run.only(Quota)) is (failure is FailureClass.QUOTA)


def test_a_result_that_says_success_and_is_an_error_is_no_success(tmp_path: Path) -> None:
    run = replay(grok, job(tmp_path), [*GOOD[:-1], {**ended(), "is_error": True}], 0)
    assert run.outcome.failure is FailureClass.UNKNOWN


def test_without_a_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(grok, job(tmp_path), GOOD[:-1], 1).outcome.failure is FailureClass.CRASHED


def test_a_call_that_never_answered_is_told_at_the_end(tmp_path: Path) -> None:
    run = replay(grok, job(tmp_path), GOOD[:2], -15)
    assert run.only(Command) == [Command(command="make")]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(st.lists(hostile([*GOOD, ended("insufficient_quota: x")]), max_size=8))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    run = replay(grok, job(NOWHERE), lines, 1)
    assert run.outcome.usage.input_tokens >= 0
