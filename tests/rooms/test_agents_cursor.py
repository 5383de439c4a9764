"""Cursor's agent: the documented command line and events. No run of the real program stands behind these."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import cursor
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Command, Denied, Edit, SessionStarted, Text
from tests.rooms.engineering import ALONE, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "c6b62c6f-7ead-4fd6-9922-e952131177ff"
INIT: Line = {"type": "system", "subtype": "init", "session_id": SESSION, "model": "m"}


def called(name: str, args: Line, result: Line, state: str = "completed") -> Line:
    call = {name: {"args": args, "result": result}}
    return {"type": "tool_call", "subtype": state, "call_id": "1", "tool_call": call, "session_id": SESSION}


def said(text: str) -> Line:
    return {"type": "assistant", "message": {"role": "assistant", "content": [{"type": "text", "text": text}]}}


def result(**more: object) -> Line:
    return {"type": "result", "subtype": "success", "is_error": False, "result": "Done.", "session_id": SESSION, **more}


def test_the_prompt_lies_in_a_file_that_a_short_argument_names(tmp_path: Path) -> None:
    run = job(tmp_path, prompt="x" * 1_000_000, resume=SESSION)
    words = list(cursor.argv(run, named("cursor"), ALONE))
    (name,) = cursor.files(run, named("cursor"), ALONE)
    assert str(Path(run.home) / name) in words[-1]
    assert len(words[-1]) < 1000
    assert word_after(words, "--resume") == SESSION
    assert "--force" in words
    assert cursor.stdin(run) == b""
    looking = list(cursor.argv(job(tmp_path, read_only=True), named("cursor"), ALONE))
    assert word_after(looking, "--mode") == "ask"
    assert "--force" not in looking


def test_it_needs_its_key_in_sight_or_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(**more: object) -> str | None:
        return cursor.preflight(AgentSettings(name="c", adapter="cursor", command=(sys.executable,), **more))  # type: ignore[arg-type]

    assert "no access" in (why() or "")
    assert "no access" in (why(env=("CURSOR_API_KEY",)) or "")
    monkeypatch.setenv("CURSOR_API_KEY", "key_0123456789")
    assert "no access" in (why() or "")
    assert why(env=("CURSOR_API_KEY",)) is None
    (tmp_path / "auth.json").write_text("{}")
    assert why(login=str(tmp_path)) is None
    assert "not installed" in (cursor.preflight(named("cursor")) or "")


def test_a_good_run(tmp_path: Path) -> None:
    lines = [
        INIT,
        said("I will."),
        called("shellToolCall", {"command": "make"}, {}, "started"),
        called("shellToolCall", {"command": "make"}, {"failure": {"exitCode": 2}}),
        called("writeToolCall", {"path": "a.py"}, {"success": {"path": "/w/a.py"}}),
        called("readToolCall", {"path": "b.py"}, {"success": {"content": "x"}}),
        called("shellToolCall", {"command": "rm x"}, {"rejected": {"reason": "no"}}),
        result(usage={"inputTokens": 700, "cacheWriteTokens": 100, "cacheReadTokens": 200, "outputTokens": 50}),
    ]
    seen = replay(cursor, job(tmp_path), lines)
    assert seen.only(SessionStarted, Text) == [SessionStarted(id=SESSION), Text(text="I will.")]
    assert seen.only(Command, Edit, Denied) == [
        Command(command="make", exit=2),
        Edit(path="a.py"),
        Command(command="[read] b.py"),
        Denied(what="shellToolCall rm x"),
    ]
    assert seen.outcome.usage == Usage(input_tokens=800, cached_tokens=200, output_tokens=50, source="provider")
    assert seen.outcome.failure is FailureClass.NONE


def test_a_failure_has_no_result_line_and_counts_as_a_crash(tmp_path: Path) -> None:
    seen = replay(cursor, job(tmp_path), [INIT, said("I will."), "Error: usage limit reached, 429"], exit=1)
    assert seen.outcome.failure is FailureClass.CRASHED
    assert replay(cursor, job(tmp_path), [INIT, result(is_error=True)], exit=0).outcome.failure is FailureClass.UNKNOWN


SAMPLES = [
    INIT,
    said("x"),
    called("shellToolCall", {"command": "x"}, {"rejected": {}, "success": {"exitCode": 0}}),
    called("editToolCall", {"path": "x"}, {"success": {}}),
    result(usage={"inputTokens": 1}),
]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile(SAMPLES), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(cursor, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))
