"""OpenCode, and DeepSeek by it: command line, chain of providers, and what its lines are understood to say."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import agents
from orchestrator.agents import deepseek, keys, opencode
from orchestrator.agents.base import Gateway
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Command, Edit, Error, Job, Quota, Text, Thinking
from tests.rooms.engineering import ALONE, GATEWAY, NOWHERE, Line, hostile, job, named, replay, word_after

SESSION = "ses_de86c7fa7ffeR5oHKNRTNRs5nb"


def line(kind: str, **part: object) -> Line:
    return {"type": kind, "timestamp": 1, "sessionID": SESSION, "part": {"id": "p", "type": kind, **part}}


def tool(name: str, given: Line, status: str = "completed", **metadata: object) -> Line:
    return line("tool_use", tool=name, state={"status": status, "input": given, "metadata": metadata})


def step(reason: str) -> Line:
    tokens = {"total": 1050, "input": 770, "output": 45, "reasoning": 5, "cache": {"write": 30, "read": 200}}
    return line("step_finish", reason=reason, tokens=tokens, cost=0)


def error(name: str, **data: object) -> Line:
    return {"type": "error", "timestamp": 1, "sessionID": SESSION, "error": {"name": name, "data": data}}


def body(**inside: object) -> str:
    return json.dumps({"error": {"message": "x x", **inside}})


START = line("step_start")
GOOD = [
    START,
    line("reasoning", text="Hm."),
    line("text", text="I will do that now."),
    tool("bash", {"command": "make"}, exit=2),
    step("tool-calls"),
    START,
    line("text", text="Done."),
    step("stop"),
]


def config(run: Job, settings: AgentSettings, gateway: Gateway) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(opencode.env(run, settings, gateway)["OPENCODE_CONFIG_CONTENT"])
    return loaded


@pytest.mark.parametrize(
    ("provider", "base_url", "npm"),
    [
        ("anthropic", "", "@ai-sdk/anthropic"),
        ("anthropic", "http://127.0.0.1:1", "@ai-sdk/anthropic"),
        ("openai", "", "@ai-sdk/openai"),
        ("openai", "http://127.0.0.1:1", "@ai-sdk/openai-compatible"),
        ("openrouter", "", "@ai-sdk/openai-compatible"),
    ],
)
def test_each_provider_is_asked_in_its_own_way_by_the_gateway(
    provider: str, base_url: str, npm: str, tmp_path: Path
) -> None:
    settings = replace(named("opencode"), base_url=base_url)
    there = replace(GATEWAY, provider=provider)
    given = config(job(tmp_path), settings, there)
    entry = given["provider"]["gateway"]  # type: ignore[index]
    assert entry["npm"] == npm
    assert entry["options"] == {"baseURL": there.url, "apiKey": there.key}
    assert given["model"] == "gateway/some-model"
    assert word_after(opencode.argv(job(tmp_path), settings, there), "--model") == "gateway/some-model"


def test_a_run_goes_without_questions_and_without_asking_a_title(tmp_path: Path) -> None:
    words = opencode.argv(job(tmp_path), named("opencode"), GATEWAY)
    assert "--auto" in words
    assert word_after(words, "--title") == "web-7 1"
    resumed = opencode.argv(job(tmp_path, resume=SESSION), named("opencode"), GATEWAY)
    assert word_after(resumed, "--session") == SESSION


def test_a_login_names_the_model_as_the_program_does(tmp_path: Path) -> None:
    alone = replace(ALONE, model="opencode/glm-5.2")
    assert word_after(opencode.argv(job(tmp_path), named("opencode"), alone), "--model") == "opencode/glm-5.2"
    assert "provider" not in config(job(tmp_path), named("opencode"), alone)


def test_looking_only_denies_what_changes_anything(tmp_path: Path) -> None:
    looking = job(tmp_path, read_only=True)
    assert config(looking, named("opencode"), GATEWAY)["permission"] == opencode.DENIED
    assert {"edit", "bash"} <= set(opencode.DENIED)
    assert opencode.env(looking, named("opencode"), GATEWAY)["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    assert "permission" not in config(job(tmp_path), named("opencode"), GATEWAY)


def test_a_good_run_tells_what_was_done_and_the_sum_of_its_steps(tmp_path: Path) -> None:
    run = replay(opencode, job(tmp_path), GOOD)
    assert run.outcome.failure is FailureClass.NONE
    assert run.outcome.session == SESSION
    assert run.outcome.usage == Usage(input_tokens=1600, cached_tokens=400, output_tokens=100, source="provider")
    assert run.only(Thinking, Text, Command) == [
        Thinking(text="Hm."), Text(text="I will do that now."), Command(command="make", exit=2), Text(text="Done."),
    ]  # fmt: skip


def test_an_edit_counts_when_it_was_made(tmp_path: Path) -> None:
    lines = [START, tool("write", {"filePath": "a.py"}), tool("edit", {"filePath": "b.py"}, "error"), step("stop")]
    run = replay(opencode, job(tmp_path), lines)
    assert run.only(Edit, Command) == [Edit(path="a.py"), Command(command="[edit] b.py")]


@pytest.mark.parametrize("last", [[], [step("tool-calls")], [step("stop"), START], [step("content-filter")]])
def test_a_run_that_stops_in_the_middle_is_no_good_end(last: list[Line], tmp_path: Path) -> None:
    run = replay(opencode, job(tmp_path), [START, line("text", text="x"), *last])
    assert run.outcome.failure is FailureClass.UNKNOWN


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (error("APIError", message="x", statusCode=401, responseBody=body(code="invalid_api_key")), FailureClass.AUTH),
        (error("APIError", message="x", statusCode=403, responseBody="x x"), FailureClass.AUTH),
        (error("APIError", message="x", statusCode=404, responseBody=body()), FailureClass.MISCONFIGURED),
        (error("APIError", message="x", statusCode=429, responseBody=body(type="tokens")), FailureClass.QUOTA),
        (error("APIError", message="x", statusCode=400, responseBody=body(code="insufficient_quota")),
         FailureClass.QUOTA),
        (error("APIError", message="x", statusCode=503), FailureClass.SERVER),
        (error("APIError", message="x", metadata={"code": "ECONNRESET", "syscall": ""}), FailureClass.NETWORK),
        (error("ContextOverflowError", message="x", responseBody=body()), FailureClass.CONTEXT_OVERFLOW),
        (error("UnknownError", message='{"type":"overloaded_error","message":"x"}'), FailureClass.SERVER),
        (error("UnknownError", message='{"code":"server_error","message":"x"}'), FailureClass.SERVER),
        (error("UnknownError", message="x x"), FailureClass.UNKNOWN),
    ],
)  # fmt: skip
def test_failures_are_told_by_status_and_code(told: Line, failure: FailureClass, tmp_path: Path) -> None:
    run = replay(opencode, job(tmp_path), [START, step("stop"), told], 1)
    assert run.outcome.failure is failure
    assert bool(run.only(Quota)) is (failure is FailureClass.QUOTA)
    assert len(run.only(Error)) == 1


def test_an_error_after_the_last_step_is_no_good_end_whatever_the_exit(tmp_path: Path) -> None:
    run = replay(opencode, job(tmp_path), [*GOOD, error("APIError", message="x", statusCode=500)], 0)
    assert run.outcome.failure is FailureClass.SERVER


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(st.lists(hostile([*GOOD, error("APIError", statusCode=429, responseBody=body(code="x"))]), max_size=8))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    run = replay(opencode, job(NOWHERE), lines, 1)
    assert run.kinds[-1] == "Terminal"
    assert run.outcome.usage.output_tokens >= 0


# --- deepseek: the chain ----------------------------------------------------------------------------------------


def secrets(folder: Path, **held: str) -> AgentSettings:
    file = folder / "secrets.json"
    file.write_text(json.dumps(held))
    return AgentSettings(name="deepseek", adapter="deepseek", command=("sh",), secrets_file=str(file))


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Hosts of providers that answer: who they are is decided by the test, no name is looked up."""
    hosts = {"api.anthropic.com", "openrouter.ai", "nano-gpt.com", "llm.chutes.ai"}

    def connect(where: tuple[str, int], timeout: float) -> socket.socket:
        if where[0] not in hosts:
            raise OSError("no answer")
        return socket.socket()

    monkeypatch.setattr("orchestrator.agents.keys.socket.create_connection", connect)
    monkeypatch.setattr("orchestrator.agents.keys._reached", {})
    return hosts


KEYS = {"openRouterApiKey": "sk-or-0123456789", "nanoGptApiKey": "nano-0123456789", "chutesApiKey": "cpk-0123456789"}


@pytest.mark.parametrize(
    ("held", "silent", "taken"),
    [
        (KEYS, set(), "openrouter"),
        ({**KEYS, "openRouterApiKey": "your-key-here"}, set(), "nanogpt"),
        ({"chutesApiKey": KEYS["chutesApiKey"]}, set(), "chutes"),
        (KEYS, {"openrouter.ai"}, "nanogpt"),
        (KEYS, {"openrouter.ai", "nano-gpt.com"}, "chutes"),
    ],
)
def test_the_first_provider_with_a_key_that_answers_is_taken(
    held: dict[str, str], silent: set[str], taken: str, answering: set[str], tmp_path: Path
) -> None:
    answering -= silent
    found = keys.access(deepseek, secrets(tmp_path, **held), {})
    assert isinstance(found, keys.Access)
    assert found.provider.name == taken
    assert found.key in KEYS.values()


def test_without_any_it_is_not_run_and_the_reason_holds_no_key(answering: set[str], tmp_path: Path) -> None:
    answering.clear()
    settings = secrets(tmp_path, nanoGptApiKey="changeme-0123456789", chutesApiKey=KEYS["chutesApiKey"])
    why = agents.preflight(settings) or ""
    assert "openrouter: no key" in why
    assert "nanogpt: its key is a placeholder" in why
    assert "chutes: does not answer" in why
    assert "0123456789" not in why
    missing = replace(settings, secrets_file=str(tmp_path / "absent.json"))
    assert "absent.json cannot be read" in (agents.preflight(missing) or "")


def test_the_usual_name_of_a_key_says_which_provider_is_meant(answering: set[str]) -> None:
    settings = replace(named("opencode"), key_env="OPENROUTER_API_KEY")
    env = {"OPENROUTER_API_KEY": "sk-or-0123456789", "ANTHROPIC_API_KEY": "sk-ant-0123456789"}
    access = keys.access(opencode, settings, env)
    assert isinstance(access, keys.Access)
    assert (access.provider.name, access.key) == ("openrouter", "sk-or-0123456789")
