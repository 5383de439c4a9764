"""Kimi Code: its command line and configuration, and what its lines and session records are understood to say."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import agents
from orchestrator.agents import kimi
from orchestrator.agents.base import PROMPT_FILE, Agent, Reader
from orchestrator.clock import Clock
from orchestrator.model.names import Public
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Command, Edit, Error, Job, SessionStarted, Terminal, Text, UsageReport
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, hostile, job, named, replay, word_after

Json = dict[str, Any]

SESSION = "session_a21bc820-8572-4383-bc69-aa76563bd877"
VERSION: Json = {"role": "meta", "type": "system.version", "version": "2.1.0"}
DONE: Json = {"role": "assistant", "content": "Done."}
HINT: Json = {"role": "meta", "type": "session.resume_hint", "session_id": SESSION, "command": "kimi -r x"}
RETRY: Json = {
    "role": "meta", "type": "turn.step.retrying", "failed_attempt": 1, "next_attempt": 2, "max_attempts": 10,
    "delay_ms": 500, "error_name": "APIProviderRateLimitError", "error_message": "x", "status_code": 429,
}  # fmt: skip
RECORD: Json = {
    "type": "usage.record", "agentId": "main", "model": "engineer", "usageScope": "turn",
    "usage": {"inputOther": 800, "output": 50, "inputCacheRead": 200, "inputCacheCreation": 0},
}  # fmt: skip
ENDED: Json = {"type": "turn.ended", "agentId": "main", "turnId": 0, "reason": "completed"}


def called(name: str, given: Json) -> Json:
    call = {"type": "function", "id": "call_1", "function": {"name": name, "arguments": json.dumps(given)}}
    return {"role": "assistant", "content": "I will do that now.", "tool_calls": [call]}


GOOD: list[Json] = [VERSION, called("Bash", {"command": "make"}), {"role": "tool", "content": "ok"}, DONE, HINT]


def failed(code: str, status: int | None = None, **more: object) -> Json:
    details = {"statusCode": status, "requestId": "r"} if status else None
    error = {"code": code, "message": "x x", "name": "E", "details": details, "retryable": False, **more}
    return {**ENDED, "reason": "failed", "error": error}


def record(folder: Path, *lines: Json, session: str = SESSION, agent: str = "main") -> Path:
    file = folder / "home/.kimi-code/sessions/wd_ws_1" / session / "agents" / agent / "wire.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    return file


def wrote(folder: Path, *lines: Json, **more: str) -> Agent:
    """The adapter, whose program writes its records after the reader was made, as the real one does."""

    def reader(run: Job) -> Reader:
        made = kimi.reader(run)
        record(folder, *lines, **more)
        return made

    return cast(Agent, SimpleNamespace(reader=reader, outcome=kimi.outcome))


def test_the_prompt_stands_in_a_file_and_never_in_an_argument(tmp_path: Path) -> None:
    run = job(tmp_path, prompt="/goal of the house\nand \ud800 more")
    words = kimi.argv(run, named("kimi"), GATEWAY)
    assert words[0] == "the-program"
    assert word_after(words, "-p") == f"Read the whole file {run.home}/{PROMPT_FILE} and do exactly what it says."
    assert not any("/goal" in word for word in words)
    assert kimi.files(run, named("kimi"), GATEWAY)[PROMPT_FILE] == "/goal of the house\nand ? more"
    assert kimi.stdin(run) == b""


def test_it_asks_the_gateway_once_per_request_and_calls_nobody_else(tmp_path: Path) -> None:
    hostile_key = replace(GATEWAY, key='a"b\\c', model='m"x')
    files = kimi.files(job(tmp_path), named("kimi"), hostile_key)
    config = tomllib.loads(files[".kimi-code/config.toml"])
    assert config["providers"] == {"gateway": {"type": "kimi", "base_url": GATEWAY.url, "api_key": 'a"b\\c'}}
    assert config["models"]["engineer"]["model"] == 'm"x'
    assert config["telemetry"] is False
    env = kimi.env(job(tmp_path), named("kimi"), GATEWAY)
    assert env["KIMI_LOOP_MAX_ATTEMPTS_PER_STEP"] == env["KIMI_CODE_NO_AUTO_UPDATE"] == "1"


def test_an_address_of_the_operators_own_gets_plain_chat_completions(tmp_path: Path) -> None:
    own = replace(named("kimi"), base_url="https://models.example.com/v1")
    config = tomllib.loads(kimi.files(job(tmp_path), own, GATEWAY)[".kimi-code/config.toml"])
    assert config["providers"]["gateway"]["type"] == "openai"


def test_without_a_key_it_goes_by_its_login_to_its_plan(tmp_path: Path) -> None:
    config = tomllib.loads(kimi.files(job(tmp_path), named("kimi"), ALONE)[".kimi-code/config.toml"])
    provider = config["providers"]["managed:kimi-code"]
    assert provider["base_url"] == "https://api.kimi.com/coding/v1"
    assert provider["oauth"] == {"storage": "file", "key": "oauth/kimi-code"}
    assert config["models"]["engineer"] == {
        "provider": "managed:kimi-code", "model": "kimi-for-coding", "max_context_size": 262144,
    }  # fmt: skip


PROGRAM = """
import json, os, pathlib
home = pathlib.Path(os.environ["HOME"])
prompt = (home / ".agent-os/prompt.md").read_text()
login = json.loads((home / ".kimi-code/credentials/kimi-code.json").read_text())
print(json.dumps({"role": "assistant", "content": prompt + login["access_token"]}))
print(json.dumps({"role": "meta", "type": "session.resume_hint", "session_id": "session_1"}))
"""


def test_a_run_in_a_new_home_finds_prompt_and_login_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("MOONSHOT_API_KEY", "KIMI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "ws").mkdir()
    login = tmp_path / "login" / "credentials" / "kimi-code.json"
    login.parent.mkdir(parents=True)
    login.write_text(json.dumps({"access_token": "made up"}))
    settings = AgentSettings(
        name="kimi", adapter="kimi", command=(sys.executable, "-c", PROGRAM), login=str(tmp_path / "login")
    )
    run = job(tmp_path, prompt="Do it: ")
    outcome = agents.run(settings, run, clock=Clock(), redact=Public)
    assert (outcome.failure, outcome.session) == (FailureClass.NONE, "session_1")
    assert "Do it: made up" in Path(run.log).read_text()
    assert not (tmp_path / "home/.kimi-code/credentials/kimi-code.json").exists()


def test_looking_only_offers_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    run = job(tmp_path, read_only=True)
    file = word_after(kimi.argv(run, named("kimi"), GATEWAY), "--agent-file")
    profile = kimi.files(run, named("kimi"), GATEWAY)[os.path.relpath(file, run.home)]
    assert "tools: [Read, Grep, Glob]\n" in profile
    assert "--agent-file" not in kimi.argv(job(tmp_path), named("kimi"), GATEWAY)


def test_a_session_is_gone_on_with(tmp_path: Path) -> None:
    words = kimi.argv(job(tmp_path, resume=SESSION, read_only=True), named("kimi"), GATEWAY)
    assert word_after(words, "-S") == SESSION
    assert "--agent-file" not in words  # the program refuses both together


def test_a_good_run_is_told_with_its_session_and_the_usage_of_its_record(tmp_path: Path) -> None:
    seen = replay(wrote(tmp_path, RECORD, RECORD, ENDED), job(tmp_path), GOOD)
    assert seen.kinds == ("Text", "Command", "Text", "SessionStarted", "Terminal", "UsageReport")
    assert seen.only(Command) == [Command(command="make")]
    assert (seen.outcome.failure, seen.outcome.session) == (FailureClass.NONE, SESSION)
    assert seen.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")


def test_a_resumed_run_counts_its_own_part_only(tmp_path: Path) -> None:
    record(tmp_path, RECORD, RECORD, failed("provider.rate_limit", 429))
    seen = replay(wrote(tmp_path, RECORD, ENDED), job(tmp_path, resume=SESSION), GOOD)
    assert seen.outcome.usage.output_tokens == 50
    assert not seen.only(Error)
    assert seen.outcome.failure is FailureClass.NONE


def test_subagents_are_counted_too(tmp_path: Path) -> None:
    record(tmp_path, RECORD, agent="sub-1")
    run = job(tmp_path)
    reader = kimi.reader(run)
    record(tmp_path, RECORD)
    record(tmp_path, RECORD, RECORD, agent="sub-1")
    assert [e.usage.input_tokens for e in reader.end() if isinstance(e, UsageReport)] == [2400]


@pytest.mark.parametrize(
    ("end", "failure"),
    [
        (failed("provider.rate_limit", 429), FailureClass.QUOTA),
        (failed("provider.auth_error", 401), FailureClass.AUTH),
        (failed("provider.connection_error"), FailureClass.NETWORK),
        (failed("provider.api_error", 500), FailureClass.SERVER),
        (failed("provider.api_error", 404), FailureClass.MISCONFIGURED),
        (failed("compaction.failed", cause={"code": "context.overflow"}), FailureClass.CONTEXT_OVERFLOW),
        (failed("internal"), FailureClass.UNKNOWN),
    ],
)
def test_a_failed_turn_tells_its_class_by_code_and_its_session(
    end: Json, failure: FailureClass, tmp_path: Path
) -> None:
    seen = replay(wrote(tmp_path, RECORD, end), job(tmp_path), [VERSION, "error: x x x", "See log: x"], exit=1)
    assert seen.outcome.failure is failure
    assert seen.outcome.session == SESSION
    assert seen.only(Terminal) == [Terminal(ok=False)]
    assert seen.outcome.usage.output_tokens == 50


def test_a_retry_that_worked_does_not_spoil_a_good_end(tmp_path: Path) -> None:
    seen = replay(wrote(tmp_path, ENDED), job(tmp_path), [VERSION, RETRY, *GOOD])
    assert [event.failure for event in seen.events if isinstance(event, Error)] == [FailureClass.QUOTA]
    assert seen.outcome.failure is FailureClass.NONE


def test_edits_are_told_by_their_path(tmp_path: Path) -> None:
    seen = replay(kimi, job(tmp_path), [called("Write", {"path": "a.py", "content": "x"}), called("Glob", {"p": 1})])
    assert seen.only(Edit, Command) == [Edit(path="a.py"), Command(command='[Glob] {"p": 1}')]


def test_without_its_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(kimi, job(tmp_path), GOOD[:-1], exit=1).outcome.failure is FailureClass.CRASHED


def test_a_record_that_is_no_ordinary_file_is_not_read(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.jsonl"
    target.write_text(json.dumps(RECORD) + "\n")
    for agent, make in (("main", lambda file: file.symlink_to(target)), ("other", os.mkfifo)):
        file = record(tmp_path, agent=agent)
        file.unlink()
        make(file)
    seen = replay(kimi, job(tmp_path), GOOD)
    assert not seen.only(UsageReport)


def test_the_records_of_an_earlier_run_are_no_news(tmp_path: Path) -> None:
    record(tmp_path, RECORD, failed("provider.auth_error", 401), session="session_old")
    seen = replay(kimi, job(tmp_path), [VERSION], exit=1)
    assert seen.only(SessionStarted, UsageReport, Error) == []


SAMPLES = [*GOOD, RETRY]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile(SAMPLES), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(kimi, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))


@given(lines=st.lists(hostile([RECORD, ENDED, failed("provider.api_error", 500, cause={"code": "x"})]), max_size=6))
def test_nothing_it_records_breaks_the_reader(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("kimi")
    run = job(folder)
    reader = kimi.reader(run)
    record(folder).write_text("\n".join(lines), "utf-8", "replace")
    assert all(event is not None for event in reader.end())
