"""Codex: its command line, what its lines are understood to say, and what its session record adds to them."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import codex
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Edit, Error, SessionStarted, Terminal, Text, Thinking, UsageReport
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

THREAD = "01a21794-d0d9-7552-9dfb-ebc65ae6e161"  # its first 48 bits are 2026-11-26 11:19:18.489 UTC
DAY = Path(".codex/sessions/2026/11/26")
STARTED: Line = {"type": "thread.started", "thread_id": THREAD}


def tokens(input: int, cached: int, output: int) -> Line:
    return {"input_tokens": input, "cached_input_tokens": cached, "output_tokens": output, "reasoning_output_tokens": 9}


def item(type: str, **more: object) -> Line:
    return {"type": "item.completed", "item": {"id": "item_1", "type": type, **more}}


def done(input: int = 2000, cached: int = 400, output: int = 100) -> Line:
    return {"type": "turn.completed", "usage": tokens(input, cached, output)}


def failed(message: str = "x x x") -> list[Line]:
    return [STARTED, {"type": "error", "message": message}, {"type": "turn.failed", "error": {"message": message}}]


GOOD = [STARTED, item("agent_message", text="I will."), item("command_execution", command="make", exit_code=0), done()]


def record(home: Path, *payloads: Line, day: Path = DAY, thread: str = THREAD) -> Path:
    """What the program leaves below HOME."""
    (home / day).mkdir(parents=True, exist_ok=True)
    file = home / day / f"rollout-2026-11-26T11-19-18-{thread}.jsonl"
    with file.open("a") as lines:
        for payload in payloads:
            lines.write(json.dumps({"type": "event_msg", "payload": payload}) + "\n")
    return file


def counted(input: int, cached: int, output: int, **limits: object) -> Line:
    info = {"total_token_usage": tokens(input, cached, output), "last_token_usage": tokens(1, 0, 1)}
    return {"type": "token_count", "info": info, "rate_limits": limits or None}


def complete(info: object) -> Line:
    return {"type": "task_complete", "error": {"message": "x x x", "codex_error_info": info}}


def provider(words: list[str]) -> dict[str, Any]:
    settings = [words[n + 1] for n, word in enumerate(words) if word == "-c"]
    found: dict[str, Any] = tomllib.loads("\n".join(settings))["model_providers"]["gateway"]
    return found


def test_it_reaches_its_provider_by_the_gateway_and_retries_nothing_by_itself(tmp_path: Path) -> None:
    words = list(codex.argv(job(tmp_path), named("codex"), GATEWAY))
    assert words[:2] == ["the-program", "exec"]
    assert words[-1] == "-"
    assert word_after(words, "-m") == "some-model"
    assert word_after(words, "--disable") == "plugins"
    told = provider(words)
    assert (told["base_url"], told["wire_api"]) == (GATEWAY.url, "responses")
    assert (told["request_max_retries"], told["stream_max_retries"]) == (0, 0)
    assert told["stream_idle_timeout_ms"] == 30_000
    assert codex.env(job(tmp_path), named("codex"), GATEWAY) == {told["env_key"]: GATEWAY.key}


def test_with_a_login_it_goes_to_openai_by_itself(tmp_path: Path) -> None:
    words = list(codex.argv(job(tmp_path), named("codex"), ALONE))
    told = provider(words)
    assert told["requires_openai_auth"] is True
    assert not {"base_url", "env_key"} & set(told)
    assert not codex.env(job(tmp_path), named("codex"), ALONE)


def test_a_session_goes_on_by_its_id_and_looking_only_is_its_own_sandbox_where_we_have_none(tmp_path: Path) -> None:
    words = list(codex.argv(job(tmp_path, resume=THREAD, read_only=True), named("codex"), GATEWAY))
    assert words[1:4] == ["exec", "resume", THREAD]
    assert 'sandbox_mode="read-only"' in words
    assert "--dangerously-bypass-approvals-and-sandbox" not in words
    boxed = codex.argv(job(tmp_path, read_only=True), named("codex"), replace(GATEWAY, boxed=True))
    assert "--dangerously-bypass-approvals-and-sandbox" in boxed


def test_a_good_run(tmp_path: Path) -> None:
    lines = [*GOOD[:-1], item("file_change", status="completed", changes=[{"path": "a.py", "kind": "add"}]),
             item("reasoning", text="Hm."), item("file_change", status="failed", changes=[{"path": "b.py"}]),
             item("mcp_tool_call", server="s", tool="t"), item("web_search", query="q"), done()]  # fmt: skip
    seen = replay(codex, job(tmp_path), lines)
    assert seen.only(SessionStarted) == [SessionStarted(id=THREAD)]
    assert seen.only(Text, Thinking) == [Text(text="I will."), Thinking(text="Hm.")]
    assert seen.only(Command, Edit) == [
        Command(command="make", exit=0),
        Edit(path="a.py"),
        Command(command="[s] t"),
        Command(command="[web search] q"),
    ]
    assert seen.outcome.failure is FailureClass.NONE
    assert seen.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")


def test_a_resumed_session_counts_only_what_this_run_used(tmp_path: Path) -> None:
    record(tmp_path / "home", counted(2000, 400, 100))
    seen = replay(codex, job(tmp_path, resume=THREAD), [*GOOD[:-1], done(5000, 900, 160)])
    assert seen.outcome.usage == Usage(input_tokens=2500, cached_tokens=500, output_tokens=60, source="provider")


def test_a_failed_turn_tells_its_usage_by_the_record(tmp_path: Path) -> None:
    run = job(tmp_path)
    record(tmp_path / "home", counted(3000, 1000, 10), complete("other"))
    seen = replay(codex, run, failed(), exit=1)
    assert (seen.outcome.usage.input_tokens, seen.outcome.usage.cached_tokens) == (2000, 1000)


def test_usage_is_looked_up_while_it_works(tmp_path: Path) -> None:
    record(tmp_path / "home", counted(3000, 1000, 10))
    seen = replay(codex, job(tmp_path), GOOD[:-1], exit=-9)
    assert seen.kinds[:3] == ("SessionStarted", "Text", "UsageReport")
    assert next(e.usage.input_tokens for e in seen.events if isinstance(e, UsageReport)) == 2000


@pytest.mark.parametrize(
    ("info", "failure"),
    [
        ("usage_limit_exceeded", FailureClass.QUOTA),
        ("context_window_exceeded", FailureClass.CONTEXT_OVERFLOW),
        ("model_not_found", FailureClass.MISCONFIGURED),
        ("internal_server_error", FailureClass.SERVER),
        ({"response_too_many_failed_attempts": {"http_status_code": 429}}, FailureClass.QUOTA),
        ({"http_connection_failed": {"http_status_code": 401}}, FailureClass.AUTH),
        ({"http_connection_failed": {"http_status_code": None}}, FailureClass.UNKNOWN),
        ("other", FailureClass.UNKNOWN),
        (["odd"], FailureClass.UNKNOWN),
        (None, FailureClass.UNKNOWN),
    ],
)
def test_failures_are_told_by_the_records_code_whatever_the_words(
    info: object, failure: FailureClass, tmp_path: Path
) -> None:
    record(tmp_path / "home", complete("other"), complete(info))
    seen = replay(codex, job(tmp_path), failed(), exit=1)
    assert seen.outcome.failure is failure


def test_words_alone_decide_nothing(tmp_path: Path) -> None:
    seen = replay(codex, job(tmp_path), failed("You've hit your usage limit. 429 Too Many Requests"), exit=1)
    assert seen.outcome.failure is FailureClass.UNKNOWN
    assert seen.outcome.detail.startswith("You've hit")


def test_a_reached_limit_ends_when_its_full_window_resets(tmp_path: Path) -> None:
    windows = {
        "primary": {"used_percent": 100.0, "resets_at": 1_795_700_000},
        "secondary": {"used_percent": 40.0, "resets_at": 1_796_000_000},
    }
    record(tmp_path / "home", counted(1, 0, 1, **windows), complete("usage_limit_exceeded"))
    seen = replay(codex, job(tmp_path), failed(), exit=1)
    assert seen.outcome.reset_at == "2026-11-26T13:33:20Z"


def test_its_own_retries_are_no_end(tmp_path: Path) -> None:
    retry: Line = {"type": "error", "message": "Reconnecting... 1/5"}
    seen = replay(codex, job(tmp_path), [STARTED, retry, *GOOD[1:]])
    assert seen.outcome.failure is FailureClass.NONE
    assert not seen.only(Error)
    assert seen.only(Terminal) == [Terminal(ok=True)]


def test_an_end_without_a_word_is_a_crash(tmp_path: Path) -> None:
    assert replay(codex, job(tmp_path), GOOD[:-1], exit=0).outcome.failure is FailureClass.CRASHED


# --- the record, where the agent may have put anything ---------------------------------------------------------------


def test_a_record_that_is_a_pipe_or_a_link_is_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / DAY).mkdir(parents=True)
    secret = tmp_path / "elsewhere.jsonl"
    secret.write_text(json.dumps({"payload": complete("usage_limit_exceeded")}) + "\n")
    place = home / DAY / f"rollout-1-{THREAD}.jsonl"
    os.mkfifo(place)
    assert replay(codex, job(tmp_path), failed(), exit=1).outcome.failure is FailureClass.UNKNOWN
    place.unlink()
    place.symlink_to(secret)
    assert replay(codex, job(tmp_path), failed(), exit=1).outcome.failure is FailureClass.UNKNOWN


def test_only_the_end_of_a_huge_record_is_read(tmp_path: Path) -> None:
    file = record(tmp_path / "home", complete("usage_limit_exceeded"))
    with file.open("a") as lines:
        lines.write(("x" * 99 + "\n") * 5000)
    assert replay(codex, job(tmp_path), failed(), exit=1).outcome.failure is FailureClass.UNKNOWN
    record(tmp_path / "home", complete("model_not_found"))
    assert replay(codex, job(tmp_path), failed(), exit=1).outcome.failure is FailureClass.MISCONFIGURED


@pytest.mark.parametrize("thread", ["../../../../etc", "ffffffff-ffff-7fff-8fff-ffffffffffff", "*", "", "1" * 400])
def test_a_thread_id_is_never_a_path(thread: str, tmp_path: Path) -> None:
    lines: list[str | Line] = [{"type": "thread.started", "thread_id": thread}, *failed()[1:]]
    assert replay(codex, job(tmp_path), lines, exit=1).outcome.failure is FailureClass.UNKNOWN


SAMPLES = [*GOOD, *failed(), item("file_change", changes=[{"path": "a"}], status="completed")]
RECORDS = [
    {"payload": payload}
    for payload in (counted(1, 1, 1, primary={"used_percent": 100, "resets_at": 1}), complete("other"), complete({}))
]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile(SAMPLES), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(codex, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))


@given(text=st.lists(hostile(RECORDS), max_size=6).map("\n".join))
def test_nothing_in_its_record_breaks_the_reader(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("record")
    record(folder / "home").write_text(text, errors="replace")
    seen = replay(codex, job(folder, resume=THREAD), failed(), exit=1)
    assert seen.outcome.failure is not FailureClass.NONE
