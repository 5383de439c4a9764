"""Cline: its command line and settings, and what its lines (as the real program printed them) are understood to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import cline
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Edit, Error, Terminal, Text, Thinking
from tests.rooms.engineering import GATEWAY, NOWHERE, hostile, job, named, replay, word_after

Json = dict[str, Any]


def inside(type: str, content: str = "", **more: object) -> Json:
    event = {"type": type, **({"contentType": content} if content else {}), **more}
    return {"ts": "2026-11-26T11:20:55.344Z", "type": "agent_event", "event": event}


def call(name: str, given: Json, *output: object) -> list[Json]:
    words = {"toolName": name, "toolCallId": "call_1"}
    start = inside("content_start", "tool", **words, input=given)
    return [start, inside("content_end", "tool", **words, output=list(output), durationMs=3)]


def result(reason: str = "completed", **more: object) -> Json:
    used = {"inputTokens": 2000, "outputTokens": 100, "cacheReadTokens": 400, "cacheWriteTokens": 0, "totalCost": 0}
    return {"type": "run_result", "finishReason": reason, "usage": used, "aggregateUsage": used, "text": "x", **more}


def error(kind: str, name: str = "Error", *, recoverable: bool = False) -> Json:
    return inside("error", error={"name": name, "message": "x x"}, errorClass=kind, recoverable=recoverable)


TEXT = inside("content_end", "text", text="I will do that now.")
USAGE = inside(
    "usage", inputTokens=1000, outputTokens=50, cacheReadTokens=200, totalInputTokens=2000, totalOutputTokens=100,
    totalCacheReadTokens=400, totalCost=0,
)  # fmt: skip
RUN = call("run_commands", {"commands": ["make", "false"]}, {"success": True}, {"success": False, "error": "1"})
GOOD: list[Json] = [
    {"type": "hook_event", "hookEventName": "agent_start", "taskId": "conv_1"},
    inside("content_start", "text", text="I will", accumulated="I will"),
    TEXT, USAGE, *RUN, result(),
]  # fmt: skip


def test_a_run_gets_its_prompt_on_standard_input_and_leaves_no_daemon(tmp_path: Path) -> None:
    run = job(tmp_path, prompt="x" * 200_000)
    words = cline.argv(run, named("cline"), GATEWAY)
    assert words[0] == "the-program"
    assert word_after(words, "-m") == "some-model"
    assert max(len(word) for word in words) < 100
    assert cline.stdin(run) == b"x" * 200_000
    assert cline.env(run, named("cline"), GATEWAY)["CLINE_SESSION_BACKEND_MODE"] == "local"
    assert "--plan" not in words
    assert "--plan" in cline.argv(job(tmp_path, read_only=True), named("cline"), GATEWAY)


def test_it_asks_the_gateway_and_tells_nobody(tmp_path: Path) -> None:
    files = {
        Path(name).name: json.loads(text) for name, text in cline.files(job(tmp_path), named("c"), GATEWAY).items()
    }
    settings = files["providers.json"]["providers"]["openai-compatible"]["settings"]
    assert (settings["baseUrl"], settings["apiKey"]) == (GATEWAY.url, GATEWAY.key)
    assert files["global-settings.json"] == {"telemetryOptOut": True, "autoUpdateEnabled": False}


def test_a_good_run_is_told(tmp_path: Path) -> None:
    seen = replay(cline, job(tmp_path), GOOD)
    assert [e.text for e in seen.only(Text) if isinstance(e, Text)] == ["I will do that now."]  # once, not by pieces
    assert seen.only(Command) == [Command(command="make", exit=0), Command(command="false")]
    assert seen.outcome.failure is FailureClass.NONE
    assert seen.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")


def test_edits_thoughts_and_other_tools_are_told(tmp_path: Path) -> None:
    lines = [
        *call("editor", {"command": "create", "path": "a.py"}),
        *call("read_files", {"paths": ["b"]}),
        inside("content_end", "reasoning", text="Hm."),
    ]
    seen = replay(cline, job(tmp_path), lines)
    assert seen.events == (Edit(path="a.py"), Command(command="[read_files]"), Thinking(text="Hm."))


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (error("auth"), FailureClass.AUTH),
        (error("context_window_exceeded"), FailureClass.CONTEXT_OVERFLOW),
        (error("unknown", "ContextWindowOverflowError"), FailureClass.CONTEXT_OVERFLOW),
        (error("unknown"), FailureClass.UNKNOWN),
    ],
)
def test_a_bad_end_is_told_by_its_codes(told: Json, failure: FailureClass, tmp_path: Path) -> None:
    for exit in (0, 1):
        seen = replay(cline, job(tmp_path), [TEXT, told, result("error"), '{"type":"error","message":"x"}'], exit=exit)
        assert seen.outcome.failure is failure
        assert seen.only(Terminal) == [Terminal(ok=False)]


def test_a_failed_tool_is_no_failed_run(tmp_path: Path) -> None:
    seen = replay(cline, job(tmp_path), [*RUN, error("unknown", recoverable=True), result()])
    assert seen.only(Error) == []
    assert seen.outcome.failure is FailureClass.NONE


def test_without_its_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(cline, job(tmp_path), GOOD[:-1], exit=0).outcome.failure is FailureClass.CRASHED


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile([*GOOD, error("auth")]), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(cline, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))
