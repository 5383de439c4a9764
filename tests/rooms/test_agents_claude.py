"""Claude Code: its command line, and what its lines (as the real program printed them) are understood to say."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import agents
from orchestrator.agents import Watch, claude
from orchestrator.agents.base import Gateway
from orchestrator.clock import Clock
from orchestrator.model.names import Public
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Command, Denied, Edit, Error, Quota, SessionStarted, Terminal, Text, UsageReport
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "730a6714-399c-444a-8024-623c52ff263c"
INIT: Line = {"type": "system", "subtype": "init", "session_id": SESSION, "model": "m"}
USED = {"input_tokens": 800, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 200, "output_tokens": 1}


def said(*content: Line, id: str = "msg_1", **more: object) -> Line:
    message = {"id": id, "role": "assistant", "content": list(content), "usage": USED}
    return {"type": "assistant", "message": message, "session_id": SESSION, **more}


def called(name: str, given: Line, id: str = "toolu_1") -> Line:
    return said({"type": "tool_use", "id": id, "name": name, "input": given})


def answered(content: str, *, error: bool = False, id: str = "toolu_1") -> Line:
    part = {"tool_use_id": id, "type": "tool_result", "content": content, "is_error": error}
    return {"type": "user", "message": {"role": "user", "content": [part]}, "session_id": SESSION}


def model_part(input: int, output: int, cost: float) -> Line:
    return {
        "inputTokens": input, "outputTokens": output, "cacheReadInputTokens": 200, "cacheCreationInputTokens": 30,
        "costUSD": cost,
    }  # fmt: skip


def ended(ok: bool = True, **more: object) -> Line:
    return {
        "type": "result", "subtype": "success", "is_error": not ok, "session_id": SESSION, "result": "Done.",
        "total_cost_usd": 9.5, "usage": {**USED, "output_tokens": 100}, "terminal_reason": "completed",
        "modelUsage": {"m": model_part(99_000, 9_900, 9.5)},
        "model_usage_since_last_result": {"m": model_part(800, 50, 0.004), "small": model_part(100, 5, 0.001)},
        "permission_denials": [], "api_error_status": None, **more,
    }  # fmt: skip


TEXT = {"type": "text", "text": "I will do that now."}
GOOD = [INIT, said(TEXT), called("Bash", {"command": "make"}), answered("ok"), ended()]


def failed(reason: str, status: int | None, type: str, code: str, **more: object) -> list[Line]:
    told: Line = {"error": code, "is_api_error_message": True, "api_error_status": status, "api_error_type": type}
    return [
        INIT,
        said({"type": "text", "text": "x x x"}, **told),
        ended(False, terminal_reason=reason, api_error_status=status, api_error_type=type, result="x x x", **more),
    ]


def test_a_run_goes_without_questions_by_the_gateway(tmp_path: Path) -> None:
    words = claude.argv(job(tmp_path), named("claude"), GATEWAY)
    assert words[:2] == ["the-program", "-p"]
    assert word_after(words, "--permission-mode") == "bypassPermissions"
    assert word_after(words, "--model") == "some-model"
    assert "--resume" not in words
    env = claude.env(job(tmp_path), named("claude"), GATEWAY)
    assert env["ANTHROPIC_BASE_URL"] == GATEWAY.url
    assert env["ANTHROPIC_API_KEY"] == GATEWAY.key
    assert env["DISABLE_AUTOUPDATER"] == "1"


def test_looking_only_gives_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    words = claude.argv(job(tmp_path, read_only=True, resume=SESSION), named("claude"), ALONE)
    assert word_after(words, "--tools") == "Read,Glob,Grep"
    assert "bypassPermissions" not in words
    assert word_after(words, "--setting-sources") == "user"
    assert word_after(words, "--resume") == SESSION
    assert "--model" not in words


@pytest.mark.parametrize(
    ("gateway", "settings", "variable"),
    [
        (replace(GATEWAY, provider="anthropic"), named("claude"), "ANTHROPIC_API_KEY"),
        (replace(GATEWAY, provider="anthropic-subscription"), named("claude"), "CLAUDE_CODE_OAUTH_TOKEN"),
        (
            replace(GATEWAY, provider="anthropic"),
            AgentSettings(name="c", adapter="claude", key_env="SECOND_OAUTH_TOKEN"),
            "CLAUDE_CODE_OAUTH_TOKEN",
        ),
        (ALONE, named("claude"), ""),
    ],
)
def test_a_key_and_a_token_travel_under_their_own_names(
    gateway: Gateway, settings: AgentSettings, variable: str, tmp_path: Path
) -> None:
    env = claude.env(job(tmp_path), settings, gateway)
    held = {name for name in ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN") if name in env}
    assert held == ({variable} if variable else set())
    assert ("ANTHROPIC_BASE_URL" in env) == bool(variable)


@pytest.mark.parametrize("text", ["Do it.\nNow.", "/compact", "  /clear all", "\ud800 {", "é" * 200_000])
def test_a_message_is_one_line_and_never_a_command_of_the_program(text: str) -> None:
    line = claude.message(text)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    told = json.loads(line)["message"]["content"][0]["text"]
    assert not told.lstrip().startswith("/")
    assert told.endswith(text.replace("\ud800", "?"))


def test_a_good_run_tells_what_was_done_and_this_runs_own_usage(tmp_path: Path) -> None:
    seen = replay(claude, job(tmp_path), GOOD)
    assert seen.only(SessionStarted) == [SessionStarted(id=SESSION)]
    assert seen.only(Text) == [Text(text="I will do that now.")]
    assert seen.only(Command) == [Command(command="make", exit=0)]
    # Of the whole session it would be 99,000 tokens and 9.50 USD; what a subagent's model used counts too.
    assert seen.outcome.usage == Usage(
        input_tokens=960, cached_tokens=400, output_tokens=55, cost_usd=0.005, source="provider"
    )
    assert (seen.outcome.failure, seen.outcome.session) == (FailureClass.NONE, SESSION)


def test_several_results_of_one_run_are_one_runs_usage(tmp_path: Path) -> None:
    seen = replay(claude, job(tmp_path), [*GOOD, said(TEXT, id="msg_9"), ended()])
    assert seen.outcome.usage.input_tokens == 2 * 960
    assert seen.outcome.usage.cost_usd == pytest.approx(0.01)


def test_usage_grows_while_it_works_so_that_a_budget_can_end_it(tmp_path: Path) -> None:
    lines = [INIT, said(TEXT), said({"type": "thinking", "thinking": "Hm."}), said(TEXT, id="msg_2")]
    seen = replay(claude, job(tmp_path), lines, exit=-9)
    told = [event.usage.input_tokens for event in seen.events if isinstance(event, UsageReport)]
    assert told == [830, 1660]  # the two lines of one answer count once
    assert seen.outcome.usage.cached_tokens == 400


def test_an_older_versions_session_total_is_not_taken_for_this_runs_money(tmp_path: Path) -> None:
    old = {key: value for key, value in ended().items() if key != "model_usage_since_last_result"}
    seen = replay(claude, job(tmp_path), [*GOOD[:-1], old])
    assert seen.outcome.usage.cost_usd is None
    assert (seen.outcome.usage.input_tokens, seen.outcome.usage.output_tokens) == (830, 100)


def test_tools_are_told_with_what_came_of_them(tmp_path: Path) -> None:
    lines = [
        INIT,
        called("Edit", {"file_path": "a.py"}, "1"), answered("ok", id="1"),
        called("Write", {"file_path": "b.py"}, "2"), answered("no", error=True, id="2"),
        called("Bash", {"command": "false"}, "3"), answered("Exit code 127\nno such", error=True, id="3"),
        called("Read", {"file_path": "c.py"}, "4"), answered("text", id="4"),
        called("Bash", {"command": "sleep 9"}, "5"),
    ]  # fmt: skip
    seen = replay(claude, job(tmp_path), lines, exit=-9)
    assert seen.only(Edit, Command) == [
        Edit(path="a.py"),
        Command(command="[Write] b.py"),
        Command(command="false", exit=127),
        Command(command="[Read] c.py"),
        Command(command="sleep 9"),
    ]
    assert seen.outcome.failure is FailureClass.CRASHED


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        (failed("api_error", 429, "rate_limit_error", "rate_limit"), FailureClass.QUOTA),
        (failed("api_error", 401, "authentication_error", "authentication_failed"), FailureClass.AUTH),
        (failed("api_error", 402, "billing_error", "unknown"), FailureClass.QUOTA),
        (failed("api_error", 400, "invalid_request_error", "billing_error"), FailureClass.QUOTA),
        (failed("prompt_too_long", 400, "invalid_request_error", "invalid_request"), FailureClass.CONTEXT_OVERFLOW),
        (failed("api_error", 404, "not_found_error", "model_not_found"), FailureClass.MISCONFIGURED),
        (failed("api_error", 500, "api_error", "server_error"), FailureClass.SERVER),
        (failed("api_error", 529, "overloaded_error", "overloaded"), FailureClass.SERVER),
        (failed("api_error", None, "", "server_error", api_error="connection_failed"), FailureClass.NETWORK),
        (failed("api_error", 400, "invalid_request_error", "invalid_request"), FailureClass.UNKNOWN),
        (failed("max_turns", None, "", "", subtype="error_max_turns"), FailureClass.UNKNOWN),
    ],
)
def test_failures_are_told_by_their_codes_whatever_the_words(
    lines: list[Line], failure: FailureClass, tmp_path: Path
) -> None:
    seen = replay(claude, job(tmp_path), lines, exit=1)
    assert seen.outcome.failure is failure
    assert not [event for event in seen.events if isinstance(event, Text) and not event.noise]


def test_a_result_that_says_success_and_is_an_error_is_no_success(tmp_path: Path) -> None:
    seen = replay(claude, job(tmp_path), [*GOOD[:-1], ended(False)], exit=0)
    assert seen.only(Terminal) == [Terminal(ok=False)]
    assert seen.outcome.failure is not FailureClass.NONE


def test_a_subscriptions_limit_is_known_at_once_with_its_end(tmp_path: Path) -> None:
    info = {"status": "rejected", "resetsAt": 1_795_696_117, "rateLimitType": "five_hour"}
    event = {"type": "rate_limit_event", "rate_limit_info": info, "session_id": SESSION}
    seen = replay(claude, job(tmp_path), [INIT, event, *failed("api_error", 429, "rate_limit_error", "rate_limit")], 1)
    assert seen.kinds[:2] == ("SessionStarted", "Quota")
    assert seen.outcome.reset_at == "2026-11-26T12:28:37Z"


@pytest.mark.parametrize("more", [{"status": "allowed_warning"}, {"status": "rejected", "isUsingOverage": True}])
def test_a_warning_and_paid_overage_are_no_limit(more: Line, tmp_path: Path) -> None:
    event = {"type": "rate_limit_event", "rate_limit_info": {"resetsAt": 1_795_696_117, **more}}
    seen = replay(claude, job(tmp_path), [INIT, event, *GOOD[1:]])
    assert not seen.only(Quota)
    assert seen.outcome.failure is FailureClass.NONE


def test_a_retry_that_worked_does_not_spoil_a_good_end(tmp_path: Path) -> None:
    retry = {"type": "system", "subtype": "api_retry", "attempt": 1, "error_status": 429, "error": "rate_limit"}
    seen = replay(claude, job(tmp_path), [INIT, retry, *GOOD[1:]])
    assert [event.failure for event in seen.events if isinstance(event, Error)] == [FailureClass.QUOTA]
    assert seen.outcome.failure is FailureClass.NONE


def test_what_was_denied_is_told(tmp_path: Path) -> None:
    denial = {"tool_name": "Bash", "tool_use_id": "1", "tool_input": {"command": "rm x"}}
    seen = replay(claude, job(tmp_path), [*GOOD[:-1], ended(permission_denials=[denial])])
    assert seen.only(Denied) == [Denied(what="Bash rm x")]


def test_words_of_the_program_are_no_work(tmp_path: Path) -> None:
    seen = replay(claude, job(tmp_path), [INIT, "Warning: something", ended(result="")])
    assert seen.outcome.failure is FailureClass.DID_NOTHING


SAMPLES = [*GOOD, answered("x", error=True), *failed("api_error", 429, "rate_limit_error", "rate_limit")]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile(SAMPLES), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(claude, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))


PROGRAM = """
import json, sys
print(json.dumps({"type": "system", "subtype": "init", "session_id": "s-1"}), flush=True)
heard = [json.loads(sys.stdin.readline())["message"]["content"][0]["text"] for n in range(2)]
part = {"type": "text", "text": " and then ".join(heard)}
print(json.dumps({"type": "assistant", "message": {"id": "m", "content": [part]}}), flush=True)
print(json.dumps({"type": "result", "subtype": "success", "is_error": False}), flush=True)
assert sys.stdin.readline() == ""  # the input is closed once it has answered
"""


def test_a_message_reaches_it_while_it_runs_and_its_result_ends_it(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / ".credentials.json").write_text("{}")
    settings = AgentSettings(
        name="claude", adapter="claude", command=(sys.executable, "-c", PROGRAM), login=str(tmp_path / "login")
    )
    messages = iter(["mind the docs"])
    outcome = agents.run(
        settings, job(tmp_path, prompt="Do it"), clock=Clock(), redact=Public,
        watch=Watch(message=lambda: next(messages, "")),
    )  # fmt: skip
    assert (outcome.failure, outcome.exit, outcome.session) == (FailureClass.NONE, 0, "s-1")
    assert "Do it and then mind the docs" in (tmp_path / "logs" / "1.log").read_text()
