"""Copilot: its command line, what its lines are understood to say, and what its session record adds to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import copilot
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Command, Edit, Error, Job, SessionStarted, Terminal, Text, Thinking
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "d1f4d3b8-e95d-4df6-bfa1-124c55a2ea08"


def line(type: str, **data: object) -> Line:
    return {"type": type, "data": data, "id": "1", "timestamp": "2026-11-26T11:20:46.947Z"}


def started(name: str, id: str = "call_1", **arguments: object) -> Line:
    return line("tool.execution_start", toolCallId=id, toolName=name, arguments=arguments)


def complete(id: str = "call_1", *, success: bool = True, **more: object) -> Line:
    return line("tool.execution_complete", toolCallId=id, success=success, **more)


def result(exit: int = 0) -> Line:
    return {"type": "result", "sessionId": SESSION, "exitCode": exit, "usage": {"premiumRequests": 0}}


def refused(status: int | None, code: str = "", kind: str = "api") -> Line:
    message = json.dumps({"message": "x x x", "type": "x", "code": code})
    return line("model.call_failure", statusCode=status, failureKind=kind, errorMessage=message)


def failed(status: int | None, type: str) -> list[Line]:
    return [line("session.error", errorType=type, statusCode=status, message="x x x"), result(1)]


GOOD = [
    line("session.background_tasks_changed"),
    line("assistant.message", content="I will.", reasoningText="Hm.", toolRequests=[]),
    started("bash", command="make"),
    complete(shellExecution={"exitCode": 2}),
    result(),
]


def shut_down(home: Path, input: int, cached: int, output: int, session: str = SESSION) -> None:
    """What the program leaves below HOME at its end."""
    folder = home / ".copilot" / "session-state" / session
    folder.mkdir(parents=True, exist_ok=True)
    usage = {"inputTokens": input, "cacheReadTokens": cached, "outputTokens": output, "cacheWriteTokens": 0}
    told = line("session.shutdown", modelMetrics={"m": {"usage": usage}, "other": {"usage": usage}})
    with (folder / "events.jsonl").open("a") as lines:
        lines.write(json.dumps(told) + "\n")


def test_with_a_key_of_ours_it_works_without_github(tmp_path: Path) -> None:
    words = list(copilot.argv(job(tmp_path), named("copilot"), GATEWAY))
    assert words[0] == "the-program"
    assert {"--allow-all-tools", "--allow-all-paths", "--no-ask-user", "--no-auto-update"} <= set(words)
    assert "--model" not in words
    env = copilot.env(job(tmp_path), named("copilot"), GATEWAY)
    assert (env["COPILOT_OFFLINE"], env["COPILOT_PROVIDER_TYPE"]) == ("true", "openai")
    assert (env["COPILOT_PROVIDER_BASE_URL"], env["COPILOT_PROVIDER_API_KEY"]) == (GATEWAY.url, GATEWAY.key)
    assert env["COPILOT_MODEL"] == "some-model"
    other = copilot.env(job(tmp_path), named("copilot"), replace(GATEWAY, provider="anthropic"))
    assert other["COPILOT_PROVIDER_TYPE"] == "anthropic"


def test_with_a_login_it_goes_to_github_by_itself(tmp_path: Path) -> None:
    words = list(copilot.argv(job(tmp_path, resume=SESSION), named("copilot"), replace(ALONE, model="gpt")))
    assert word_after(words, "--model") == "gpt"
    assert f"--resume={SESSION}" in words
    env = copilot.env(job(tmp_path), named("copilot"), ALONE)
    assert not [name for name in env if "PROVIDER" in name or "OFFLINE" in name]


def test_looking_only_gives_it_no_tool_that_changes_anything(tmp_path: Path) -> None:
    words = list(copilot.argv(job(tmp_path, read_only=True), named("copilot"), GATEWAY))
    assert word_after(words, "--available-tools") == "view,grep,glob"
    assert {"shell", "write"} <= set(words)


def test_an_unpacked_copy_in_its_install_is_shared_by_all_runs(tmp_path: Path) -> None:
    program = tmp_path / "node_modules" / "@github" / "copilot" / "copilot"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    settings = AgentSettings(name="c", adapter="copilot", command=(str(program),), model="m")
    assert "COPILOT_CLI_DIST_DIR" not in copilot.env(job(tmp_path), settings, GATEWAY)
    copy = tmp_path / "node_modules" / ".copilot"
    copy.mkdir()
    (copy / "index.js").touch()
    assert copilot.env(job(tmp_path), settings, GATEWAY)["COPILOT_CLI_DIST_DIR"] == str(copy)


def test_with_a_key_it_needs_a_model_by_name() -> None:
    settings = AgentSettings(name="c", adapter="copilot", command=("/bin/sh",), model="m")
    assert copilot.preflight(settings) is None
    assert "model" in (copilot.preflight(replace(settings, model="")) or "")
    assert copilot.preflight(replace(settings, model="", login="/somewhere")) is None


def test_a_good_run(tmp_path: Path) -> None:
    run = job(tmp_path)
    lines = [*GOOD[:-1], started("edit", path="a.py"), complete(), started("create", path="b.py"),
             complete(success=False), started("view", "call_2", path="c.py"), complete("call_2"), result()]  # fmt: skip
    seen = replay(copilot, run, lines)
    assert seen.only(Text, Thinking) == [Thinking(text="Hm."), Text(text="I will.")]
    assert seen.only(Command, Edit) == [
        Command(command="make", exit=2),
        Edit(path="a.py"),
        Command(command="[create] b.py"),
        Command(command="[view] c.py"),
    ]
    assert (seen.outcome.failure, seen.outcome.session) == (FailureClass.NONE, SESSION)
    assert seen.only(Terminal) == [Terminal(ok=True)]


def test_usage_is_this_runs_part_of_what_the_record_tells(tmp_path: Path) -> None:
    shut_down(tmp_path / "home", 1000, 200, 50)
    reader = copilot.reader(job(tmp_path, resume=SESSION))
    for each in GOOD:
        list(reader.line(json.dumps(each)))
    shut_down(tmp_path / "home", 3000, 600, 70)
    told = list(reader.end())
    assert [getattr(event, "usage", None) for event in told] == [
        Usage(input_tokens=3200, cached_tokens=800, output_tokens=40, source="provider")
    ]


def test_a_run_that_was_killed_is_found_again_by_its_new_folder(tmp_path: Path) -> None:
    states = tmp_path / "home" / ".copilot" / "session-state"
    (states / "00000000-0000-4000-8000-000000000000").mkdir(parents=True)
    reader = copilot.reader(job(tmp_path))
    list(reader.line(json.dumps(started("bash", command="sleep 9"))))
    (states / SESSION).mkdir()
    (states / "not-a-session").mkdir()
    assert list(reader.end()) == [Command(command="sleep 9"), SessionStarted(id=SESSION)]


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        ([refused(429, "rate_limit_exceeded"), *failed(429, "rate_limit")], FailureClass.QUOTA),
        ([refused(429, "insufficient_quota"), *failed(429, "query")], FailureClass.QUOTA),
        ([refused(401, "invalid_api_key"), *failed(401, "authentication")], FailureClass.AUTH),
        ([refused(400, "context_length_exceeded"), *failed(400, "query")], FailureClass.CONTEXT_OVERFLOW),
        ([refused(404), *failed(404, "query")], FailureClass.MISCONFIGURED),
        ([refused(500), *failed(500, "query")], FailureClass.SERVER),
        ([refused(None, kind="transport"), *failed(None, "query")], FailureClass.NETWORK),
        (failed(503, "query"), FailureClass.SERVER),
        (failed(None, "authentication"), FailureClass.AUTH),
        (failed(None, "query"), FailureClass.UNKNOWN),
        ([refused(500), GOOD[1], *failed(None, "query")], FailureClass.UNKNOWN),
    ],
)
def test_failures_are_told_by_status_and_code_whatever_the_words(
    lines: list[Line], failure: FailureClass, tmp_path: Path
) -> None:
    assert replay(copilot, job(tmp_path), lines, exit=1).outcome.failure is failure


def test_a_refusal_it_got_over_does_not_spoil_a_good_end(tmp_path: Path) -> None:
    seen = replay(copilot, job(tmp_path), [refused(429, "rate_limit_exceeded"), *GOOD])
    assert [event.failure for event in seen.events if isinstance(event, Error)] == [FailureClass.QUOTA]
    assert seen.outcome.failure is FailureClass.NONE


SAMPLES = [*GOOD, refused(429, "x"), *failed(500, "rate_limit")]


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile(SAMPLES), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(copilot, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))


@given(text=st.lists(hostile([line("session.shutdown", modelMetrics={"m": {"usage": {}}})]), max_size=6))
def test_nothing_in_its_record_breaks_the_reader(text: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    run: Job = job(tmp_path_factory.mktemp("record"), resume=SESSION)
    shut_down(Path(run.home), 1, 1, 1)
    record = Path(run.home) / ".copilot" / "session-state" / SESSION / "events.jsonl"
    record.write_text("\n".join(text), errors="replace")
    assert replay(copilot, run, GOOD).outcome.failure is FailureClass.NONE
