"""Gemini CLI: its command line, and what its lines (as the real program printed them) are understood to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import agents
from orchestrator.agents import gemini
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Edit, SessionStarted, Terminal, Text
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "3c779897-6ffd-4f33-855f-61df1e1c46a8"
INIT: Line = {"type": "init", "timestamp": "t", "session_id": SESSION, "model": "gemini-2.5-pro"}
STATS = {
    "total_tokens": 2130, "input_tokens": 2000, "output_tokens": 100, "cached": 400, "input": 1600, "duration_ms": 281,
    "tool_calls": 1, "models": {},
}  # fmt: skip


def said(text: str, role: str = "assistant") -> Line:
    return {"type": "message", "role": role, "content": text, "delta": True}


def called(name: str, given: Line, id: str = "t1") -> Line:
    return {"type": "tool_use", "tool_name": name, "tool_id": id, "parameters": given}


def answered(status: str = "success", id: str = "t1") -> Line:
    return {"type": "tool_result", "tool_id": id, "status": status, "output": "x"}


def ended(status: str = "success", **more: object) -> Line:
    return {"type": "result", "timestamp": "t", "status": status, "stats": STATS, **more}


ERROR: Line = {"type": "error", "severity": "error", "message": "x x"}
REFUSED = ended("error", error={"type": "unknown", "message": "x x"})
GOOD = [
    INIT,
    {"type": "message", "role": "user", "content": "Do it."},
    said("I will do"),
    said(" that now."),
    called("run_shell_command", {"command": "make"}),
    answered(),
    said("Done."),
    ended(),
]


def test_a_run_goes_without_questions_by_the_gateway(tmp_path: Path) -> None:
    words = gemini.argv(job(tmp_path, resume=SESSION), named("gemini"), GATEWAY)
    assert word_after(words, "--approval-mode") == "yolo"
    assert word_after(words, "-m") == "some-model"
    assert word_after(words, "--resume") == SESSION
    env = gemini.env(job(tmp_path), named("gemini"), GATEWAY)
    assert env["GOOGLE_GEMINI_BASE_URL"] == GATEWAY.url
    assert env["GEMINI_API_KEY"] == GATEWAY.key


def settings_file(tmp_path: Path, *, read_only: bool = False, alone: bool = False) -> dict[str, dict[str, object]]:
    given = gemini.files(job(tmp_path, read_only=read_only), named("gemini"), ALONE if alone else GATEWAY)
    loaded: dict[str, dict[str, object]] = json.loads(given[".gemini/settings.json"])
    return loaded


def test_its_own_retries_are_off_and_a_login_is_used_without_a_key(tmp_path: Path) -> None:
    assert settings_file(tmp_path)["general"]["maxAttempts"] == 1
    assert settings_file(tmp_path)["security"]["auth"] == {"selectedType": "gemini-api-key"}
    assert settings_file(tmp_path, alone=True)["security"]["auth"] == {"selectedType": "oauth-personal"}
    assert "GEMINI_API_KEY" not in gemini.env(job(tmp_path), named("gemini"), ALONE)


def test_looking_only_leaves_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    tools = settings_file(tmp_path, read_only=True)["tools"]["core"]
    assert isinstance(tools, list)
    assert not {"write_file", "replace", "run_shell_command"} & set(tools)
    words = gemini.argv(job(tmp_path, read_only=True), named("gemini"), GATEWAY)
    assert word_after(words, "--approval-mode") == "default"


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("Plain.\n", "Plain.\n"),
        ("Mail a@b.c, see @/etc/passwd\n", gemini.AT + "Mail a\\@b.c, see \\@/etc/passwd\n"),
        ("/quit now\n", "Message: /quit now\n"),
    ],
)
def test_nothing_in_a_prompt_is_an_order_to_the_program(prompt: str, sent: str, tmp_path: Path) -> None:
    assert gemini.stdin(job(tmp_path, prompt=prompt)).decode() == sent


def test_a_prompt_longer_than_it_can_echo_is_left_in_a_file_for_it(tmp_path: Path) -> None:
    long = job(tmp_path, prompt="long @x\n" * 20_000)
    path = f"{long.home}/task/task.md"
    assert path in gemini.stdin(long).decode()
    assert len(gemini.stdin(long)) < 1000
    assert gemini.files(long, named("gemini"), GATEWAY)["task/task.md"] == long.prompt
    assert word_after(gemini.argv(long, named("gemini"), GATEWAY), "--include-directories") == f"{long.home}/task"


def test_a_good_run_tells_what_was_done_and_this_runs_usage(tmp_path: Path) -> None:
    run = replay(gemini, job(tmp_path), GOOD)
    assert run.outcome.failure is FailureClass.NONE
    assert run.outcome.session == SESSION
    assert run.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=130, source="provider")
    assert [e.text for e in run.only(Text) if isinstance(e, Text)] == ["I will do that now.", "Done."]
    assert run.only(Command) == [Command(command="make")]
    assert run.kinds[-1] == "Terminal"


def test_an_edit_counts_when_it_was_made(tmp_path: Path) -> None:
    write = {"file_path": "a.py", "content": "x"}
    lines = [INIT, called("write_file", write), answered("error"), called("replace", write), answered(), ended()]
    run = replay(gemini, job(tmp_path), lines)
    assert run.only(Edit) == [Edit(path="a.py")]
    assert run.only(Command) == [Command(command="[write_file] a.py")]


@pytest.mark.parametrize(
    ("lines", "exit", "failure"),
    [
        ([INIT, REFUSED], 145, FailureClass.AUTH),
        ([INIT, REFUSED], 147, FailureClass.AUTH),
        ([INIT, REFUSED], 173, FailureClass.QUOTA),
        ([INIT, REFUSED], 247, FailureClass.SERVER),
        ([INIT, REFUSED], 17, FailureClass.SERVER),
        ([INIT, REFUSED], 41, FailureClass.AUTH),
        ([INIT, REFUSED], 144, FailureClass.UNKNOWN),
        ([INIT, REFUSED], 1, FailureClass.UNKNOWN),
        ([INIT, said("x"), ERROR, ended("error")], 0, FailureClass.UNKNOWN),
        ([INIT, said("x")], 0, FailureClass.CRASHED),
        ([INIT, ended()], 0, FailureClass.DID_NOTHING),
        (["x x"], 173, FailureClass.CRASHED),
    ],
)
def test_failures_are_told_by_the_exit_code_and_the_last_line(
    lines: list[Line | str], exit: int, failure: FailureClass, tmp_path: Path
) -> None:
    assert replay(gemini, job(tmp_path), lines, exit).outcome.failure is failure


def test_words_on_its_error_stream_are_no_work(tmp_path: Path) -> None:
    run = replay(gemini, job(tmp_path), ["YOLO mode is enabled.", INIT, ended()])
    assert run.outcome.failure is FailureClass.DID_NOTHING
    assert [e.noise for e in run.only(Text) if isinstance(e, Text)] == [True]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(st.lists(hostile([*GOOD, ERROR, REFUSED]), max_size=8))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    run = replay(gemini, job(NOWHERE), lines, 173)
    assert run.outcome.usage.input_tokens >= 0
    assert all(len(e.text) <= 20_000 for e in run.events if isinstance(e, Text))


def test_a_text_without_end_is_told_in_parts(tmp_path: Path) -> None:
    run = replay(gemini, job(tmp_path), [INIT, *[said("x" * 9_000)] * 50, ended()])
    texts = [e.text for e in run.only(Text) if isinstance(e, Text)]
    assert len(texts) > 10
    assert run.only(Terminal, SessionStarted) == [SessionStarted(id=SESSION), Terminal(ok=True)]


def test_it_is_an_engineer_with_a_login(tmp_path: Path) -> None:
    assert agents.AGENTS["gemini"].login_home == ".gemini"
    assert "not installed" in (gemini.preflight(named("gemini")) or "")
