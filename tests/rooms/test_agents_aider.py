"""aider: its command line and files, and what its analytics log and its own words are understood to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import aider
from orchestrator.agents.base import PROMPT_FILE
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Edit, Terminal, Text
from tests.rooms.engineering import GATEWAY, NOWHERE, hostile, job, named, replay, word_after

Json = dict[str, Any]


def event(name: str, **properties: object) -> Json:
    return {"event": name, "properties": properties, "user_id": "4d780305", "time": 1795692325}


BEGUN = event("message_send_starting")
SENT = event("message_send", prompt_tokens=1000, completion_tokens=50, total_tokens=1050, cost=0, total_cost=0.0)
OVER = event("exit", reason="Completed --message-file")
ANSWER = ["hello.txt", "```", "hello", "```", "Tokens: 1.0k sent, 50 received."]
GOOD: list[str | Json] = [
    "Aider v0.86.2", event("launched"), event("repo", num_files=1), BEGUN, *ANSWER, SENT,
    "Applied edit to hello.txt", OVER,
]  # fmt: skip


def test_a_run_gets_its_prompt_by_a_file_and_keeps_out_of_the_repository(tmp_path: Path) -> None:
    run = job(tmp_path)
    (tmp_path / "ws" / ".git").mkdir(parents=True)
    words = aider.argv(run, named("aider"), GATEWAY)
    assert words[0] == "the-program"
    assert word_after(words, "--message-file") == f"{run.home}/{PROMPT_FILE}"
    assert word_after(words, "--model") == word_after(words, "--weak-model") == "openai/some-model"
    for flag in ("--chat-history-file", "--input-history-file", "--env-file", "--model-settings-file"):
        assert word_after(words, flag).startswith(run.home)
    for flag in ("--no-auto-commits", "--no-dirty-commits", "--no-gitignore", "--analytics-disable"):
        assert flag in words
    assert "--no-git" not in words
    assert word_after(words, "--file") == ".agent_result.md"  # git ignores it, so it would not be edited otherwise


def test_looking_only_it_answers_and_makes_no_repository(tmp_path: Path) -> None:
    words = aider.argv(job(tmp_path, read_only=True), named("aider"), GATEWAY)
    assert word_after(words, "--chat-mode") == "ask"
    assert "--no-git" in words
    assert "--file" not in words


def test_the_gateway_outranks_what_a_repository_says(tmp_path: Path) -> None:
    files = aider.files(job(tmp_path), named("aider"), GATEWAY)
    assert files[".agent-os/aider/env"] == f"OPENAI_API_KEY={GATEWAY.key}\nOPENAI_API_BASE={GATEWAY.url}\n"
    assert json.loads(files[".agent-os/aider/models.yml"])[0]["extra_params"] == {"max_retries": 0, "num_retries": 0}
    assert json.loads(files[".aider/caches/model_prices_and_context_window.json"])  # not empty: else it fetches one
    env = aider.env(job(tmp_path), named("aider"), GATEWAY)
    assert env["PYTHONUNBUFFERED"] == "1"
    assert env["GIT_CONFIG_COUNT"] == "2"  # else it writes a name into .git/config, which it may not


def test_an_answer_is_told_apart_from_the_programs_own_words(tmp_path: Path) -> None:
    seen = replay(aider, job(tmp_path), GOOD)
    texts = [e for e in seen.events if isinstance(e, Text)]
    assert [e.text for e in texts if not e.noise] == ["\n".join(ANSWER)]
    assert [e.text for e in texts if e.noise] == ["Aider v0.86.2", "Applied edit to hello.txt"]
    assert seen.only(Edit) == [Edit(path="hello.txt")]
    assert seen.outcome.failure is FailureClass.NONE
    assert seen.outcome.usage == Usage(input_tokens=1000, output_tokens=50, source="provider")


def test_json_in_an_answer_is_an_answer(tmp_path: Path) -> None:
    seen = replay(aider, job(tmp_path), [BEGUN, '{"event": "exit", "answer": 42}', SENT, OVER])
    assert [e.text for e in seen.events if isinstance(e, Text)] == ['{"event": "exit", "answer": 42}']
    assert seen.only(Terminal) == [Terminal(ok=True)]


def test_usage_is_summed_and_money_told_where_it_knows_a_price(tmp_path: Path) -> None:
    priced = event("message_send", prompt_tokens=10, completion_tokens=5, cost=0.25, total_cost=0.75)
    seen = replay(aider, job(tmp_path), [BEGUN, "a", SENT, BEGUN, "b", priced, OVER])
    wanted = Usage(input_tokens=1010, output_tokens=55, cost_usd=0.75, source="provider")
    assert seen.outcome.usage == wanted


@pytest.mark.parametrize("lines", [[BEGUN, "Some error", OVER], [BEGUN, "a", SENT, BEGUN, "Some error", OVER], [OVER]])
def test_a_request_without_an_answer_is_a_failure_whatever_it_exits_with(
    lines: list[str | Json], tmp_path: Path
) -> None:
    seen = replay(aider, job(tmp_path), lines, exit=0)
    assert seen.outcome.failure is FailureClass.UNKNOWN  # the gateway's record says which
    assert seen.only(Terminal) == [Terminal(ok=False)]
    assert all(e.noise for e in seen.events if isinstance(e, Text) and "error" in e.text)


def test_an_answer_of_no_tokens_is_none_and_its_guess_no_usage(tmp_path: Path) -> None:
    guess = event("message_send", prompt_tokens=1992, completion_tokens=0, cost=0.0025, total_cost=0.0025)
    seen = replay(aider, job(tmp_path), [BEGUN, "Tokens: 2.0k sent, 0 received.", guess, "hit a token limit!", OVER])
    assert seen.outcome.failure is FailureClass.UNKNOWN
    assert seen.outcome.usage == Usage()


def test_without_its_last_line_it_crashed(tmp_path: Path) -> None:
    assert replay(aider, job(tmp_path), GOOD[:-1], exit=0).outcome.failure is FailureClass.CRASHED


def test_what_it_leaves_in_the_workspace_is_taken_away(tmp_path: Path) -> None:
    run = job(tmp_path)
    tags, result = tmp_path / "ws" / aider.TAGS, tmp_path / "ws" / ".agent_result.md"
    reader = aider.reader(run)
    tags.mkdir(parents=True)
    (tags / "cache.db").touch()
    result.touch()
    reader.end()
    assert not tags.exists()
    assert not result.exists()  # it made the file only to be able to edit it


def test_what_is_not_its_own_stays(tmp_path: Path) -> None:
    run = job(tmp_path)
    tags, result = tmp_path / "ws" / aider.TAGS, tmp_path / "ws" / ".agent_result.md"
    tags.mkdir(parents=True)
    reader = aider.reader(run)
    result.write_text("STATUS: complete\n")
    reader.end()
    assert tags.exists()
    assert result.read_text() == "STATUS: complete\n"


def test_a_link_in_the_place_of_its_cache_is_not_followed(tmp_path: Path) -> None:
    run = job(tmp_path)
    reader = aider.reader(run)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "work").touch()
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / aider.TAGS).symlink_to(kept)
    (tmp_path / "ws" / ".agent_result.md").symlink_to(kept / "work")
    reader.end()
    assert (kept / "work").exists()


@settings(max_examples=40)  # one grammar; every adapter draws its own
@given(lines=st.lists(hostile([BEGUN, SENT, OVER]) | st.sampled_from(ANSWER), max_size=6))
def test_nothing_it_prints_breaks_the_reader(lines: list[str]) -> None:
    seen = replay(aider, job(NOWHERE), lines)
    assert all(len(event.text) <= 20_000 for event in seen.events if isinstance(event, Text))
