"""mini-swe-agent: its command line and configuration, our class inside of it, and what its lines say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import mini_swe_agent as mini
from orchestrator.agents.base import PROMPT_FILE
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Command, Terminal, Text
from tests.rooms.engineering import GATEWAY, NOWHERE, hostile, job, named, replay, word_after

Json = dict[str, Any]

USED = {"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 200}}


def line(role: str, **more: object) -> Json:
    told = {"mini": role, "call": 1, "text": "", "commands": [], "returncode": None, "usage": None, "cost": None}
    return {**told, "exit_status": None, "why": "", **more}


START = [line("system", text="You are a helpful assistant."), line("user")]
STEP = line("assistant", text="I will do that now.", commands=["make", "make test"], usage=USED, cost=0.25)
TOOLS = [line("tool", returncode=0), line("tool", returncode=2)]
END = line("exit", exit_status="Submitted")
GOOD: list[str | Json] = [
    "Warning: Input is not a terminal (fd=0).",
    *START,
    STEP,
    *TOOLS,
    END,
    "Saved trajectory to 'x'",
]


def test_a_run_gets_its_prompt_by_a_file_and_its_provider_by_the_gateway(tmp_path: Path) -> None:
    run = job(tmp_path, prompt="{{ not.a.template }} \ud800")
    words = mini.argv(run, named("mini-swe-agent"), GATEWAY)
    assert words[0] == "the-program"
    assert word_after(words, "-m") == "openai/some-model"
    assert word_after(words, "-t") == f"{run.home}/{PROMPT_FILE}"
    env = mini.env(run, named("mini-swe-agent"), GATEWAY)
    assert (env["OPENAI_API_BASE"], env["OPENAI_API_KEY"]) == (GATEWAY.url, GATEWAY.key)
    assert env["MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT"] == "1"
    files = mini.files(run, named("mini-swe-agent"), GATEWAY)
    assert files[PROMPT_FILE] == "{{ not.a.template }} ?"
    config = json.loads(files[".agent-os/mini/run.yaml"])
    assert config["model"]["model_kwargs"]["max_retries"] == 0
    assert config["environment"] == {"timeout": 900, "env": {"PYTHONPATH": ""}}


def test_a_good_run_is_told_step_by_step(tmp_path: Path) -> None:
    seen = replay(mini, job(tmp_path), GOOD)
    assert seen.only(Command) == [Command(command="make", exit=0), Command(command="make test", exit=2)]
    assert [e.text for e in seen.events if isinstance(e, Text) and not e.noise] == ["I will do that now."]
    assert seen.outcome.failure is FailureClass.NONE
    wanted = Usage(input_tokens=800, cached_tokens=200, output_tokens=50, cost_usd=0.25, source="provider")
    assert seen.outcome.usage == wanted


def test_usage_is_summed_and_money_unknown_where_one_price_is(tmp_path: Path) -> None:
    seen = replay(mini, job(tmp_path), [STEP, {**STEP, "cost": 0.0}, END])
    assert seen.outcome.usage == Usage(
        input_tokens=1600, cached_tokens=400, output_tokens=100, cost_usd=None, source="provider"
    )


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("AuthenticationError", FailureClass.AUTH),
        ("RateLimitError", FailureClass.QUOTA),
        ("ContextWindowExceededError", FailureClass.CONTEXT_OVERFLOW),
        ("NotFoundError", FailureClass.MISCONFIGURED),
        ("InternalServerError", FailureClass.SERVER),
        ("APIConnectionError", FailureClass.NETWORK),
        ("RepeatedFormatError", FailureClass.UNKNOWN),
    ],
)
def test_a_bad_end_is_told_by_its_status(status: str, failure: FailureClass, tmp_path: Path) -> None:
    for exit in (0, 1):
        seen = replay(mini, job(tmp_path), [*START, line("exit", exit_status=status, why="x x")], exit=exit)
        assert seen.outcome.failure is failure
        assert seen.only(Terminal) == [Terminal(ok=False)]


def test_without_its_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(mini, job(tmp_path), GOOD[:-2], exit=0).outcome.failure is FailureClass.CRASHED


PROGRAM = """
from minisweagent.agents.default import DefaultAgent
from mini_told import Told
import sys
agent = Told()
agent.n_calls = 3
agent.run(sys.argv[1])
"""
DEFAULT = """
class DefaultAgent:
    def add_messages(self, *messages):
        return list(messages)
    def run(self, task="", **words):
        answer = {"role": "assistant", "content": "Yes.", "extra": {"actions": [{"command": "ls"}], "cost": 0.5,
                  "response": {"usage": {"prompt_tokens": 7, "completion_tokens": 2}}}}
        self.add_messages({"role": "user", "content": task}, answer)
        self.add_messages({"role": "tool", "content": "y" * 90000, "extra": {"returncode": 1, "raw_output": "y" * 90000}})
        self.add_messages({"role": "exit", "content": "", "extra": {"exit_status": "Submitted"}})
"""  # noqa: E501


def test_our_class_tells_each_message_as_one_short_line(tmp_path: Path) -> None:
    """The class as it is written into HOME, over an agent that stands for the real program's own."""
    folder = tmp_path / "minisweagent" / "agents"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    (folder / "default.py").write_text(DEFAULT)
    (tmp_path / "litellm.py").touch()
    (tmp_path / "prompt.md").write_text("secret prompt")
    (tmp_path / "mini_told.py").write_text(
        mini.files(job(tmp_path), named("mini"), GATEWAY)[f"{mini.FOLDER}/mini_told.py"]
    )
    (tmp_path / "main.py").write_text(PROGRAM)
    told = subprocess.run(
        [sys.executable, str(tmp_path / "main.py"), str(tmp_path / "prompt.md")],
        capture_output=True, text=True, check=True, timeout=30,
    ).stdout.splitlines()  # fmt: skip
    data: list[Json] = [json.loads(each) for each in told]
    assert [each["mini"] for each in data] == ["user", "assistant", "tool", "exit"]
    assert all(len(each) < 30_000 for each in told)
    assert "secret prompt" not in "".join(told)
    seen = replay(mini, job(tmp_path), told)
    assert seen.only(Command) == [Command(command="ls", exit=1)]
    assert seen.outcome.failure is FailureClass.NONE
    assert seen.outcome.usage == Usage(input_tokens=7, output_tokens=2, cost_usd=0.5, source="provider")


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile([*START, STEP, *TOOLS, END]), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(mini, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))
