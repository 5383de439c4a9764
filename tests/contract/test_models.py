"""The model stub itself: each wire format answers, refuses and breaks off as its provider does."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from orchestrator.agents import contract_text
from tests.stubs import models
from tests.stubs.models_mind import CONTRACT

SHELL = {"type": "object", "properties": {"command": {"type": "string"}, "quiet": {"type": "boolean"}}, "required": [
    "command", "quiet"]}  # fmt: skip
PATHS = {
    "anthropic": "/v1/messages",
    "responses": "/v1/responses",
    "chat": "/v1/chat/completions",
    "gemini": "/v1beta/models/m:streamGenerateContent?alt=sse",
}


@pytest.fixture(scope="module")
def stub() -> Iterator[models.Stub]:
    with models.running() as running:
        yield running


def request(wire: str, *said: str, tools: bool = True) -> dict[str, Any]:
    """A streaming request: what a person said, and for each further word a call that the model made before."""
    call = {"name": "Bash", "arguments": "{}"}
    if wire == "anthropic":
        messages: list[Any] = [{"role": "user", "content": said[0]}]
        for n, _ in enumerate(said[1:]):
            use = {"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {}}
            done = {"type": "tool_result", "tool_use_id": f"t{n}", "content": ""}
            messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [done]}]
        offered = [{"name": "Bash", "input_schema": SHELL}]
        return {"model": "m", "stream": True, "messages": messages, "tools": offered if tools else []}
    if wire == "responses":
        items: list[Any] = [{"type": "message", "role": "user", "content": said[0]}]
        for n, _ in enumerate(said[1:]):
            items += [{"type": "function_call", "call_id": f"t{n}", **call}]
            items += [{"type": "function_call_output", "call_id": f"t{n}", "output": ""}]
        offered = [{"type": "function", "name": "Bash", "parameters": SHELL}]
        return {"model": "m", "stream": True, "input": items, "tools": offered if tools else []}
    if wire == "chat":
        chat: list[Any] = [{"role": "user", "content": said[0]}]
        for n, _ in enumerate(said[1:]):
            made = [{"id": f"t{n}", "type": "function", "function": call}]
            chat += [{"role": "assistant", "tool_calls": made}, {"role": "tool", "tool_call_id": f"t{n}"}]
        offered = [{"type": "function", "function": {"name": "Bash", "parameters": SHELL}}]
        body = {"model": "m", "stream": True, "messages": chat, "stream_options": {"include_usage": True}}
        return {**body, "tools": offered if tools else []}
    contents: list[Any] = [{"role": "user", "parts": [{"text": said[0]}]}]
    for _ in said[1:]:
        contents += [{"role": "model", "parts": [{"functionCall": {"name": "Bash"}}]}]
        contents += [{"role": "user", "parts": [{"functionResponse": {"name": "Bash"}}]}]
    functions = [{"functionDeclarations": [{"name": "Bash", "parameters": SHELL}]}]
    return {"contents": contents, "tools": functions if tools else []}


def ask(base: str, wire: str, body: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    """(status, headers, text). Raises what a broken connection raises."""
    parts = urlsplit(base + PATHS[wire])
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, json.dumps(body), {"x-api-key": "k-1"})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def events(text: str) -> list[dict[str, Any]]:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(d) for d in data if d != "[DONE]"]


def test_what_the_stub_writes_as_a_result_is_a_valid_one() -> None:
    result = contract_text.parse(CONTRACT)
    assert (result.valid, result.files_changed) == (True, ("hello.txt",))


@pytest.mark.parametrize("wire", PATHS)
def test_it_works_with_the_tool_it_is_offered_and_then_ends(stub: models.Stub, wire: str) -> None:
    base = stub.base("ok", run=f"works-{wire}")
    status, _, text = ask(base, wire, request(wire, "go"))
    assert status == 200
    assert "hello.txt" in text
    assert "Bash" in text
    _, _, after = ask(base, wire, request(wire, "go", "call"))
    assert "Bash" not in after
    asked = stub.of(f"works-{wire}")
    assert [(a.step, a.tools, a.stream, a.key) for a in asked] == [(0, 1, True, "k-1"), (1, 1, True, "k-1")]


@pytest.mark.parametrize("wire", PATHS)
def test_it_tells_the_usage_it_is_told_to(stub: models.Stub, wire: str) -> None:
    _, _, text = ask(stub.base("ok", **{"in": 900, "cached": 100, "out": 7}), wire, request(wire, "go"))
    last = json.dumps(events(text)[-3:])
    numbers = {"anthropic": ("800", "100", "7")}.get(wire, ("900", "100", "7"))
    assert all(f": {n}" in last for n in numbers), last


@pytest.mark.parametrize("wire", PATHS)
@pytest.mark.parametrize(
    ("scenario", "status"),
    [("401", 401), ("403", 403), ("404", 404), ("429", 429), ("500", 500), ("503", 503), ("529", 529), ("ctx", 400)],
)
def test_it_refuses_with_the_providers_status(stub: models.Stub, wire: str, scenario: str, status: int) -> None:
    got, _, text = ask(stub.base(scenario), wire, request(wire, "go"))
    assert got == status
    assert "error" in json.loads(text)


@pytest.mark.parametrize("wire", PATHS)
def test_a_usage_limit_tells_when_it_ends(stub: models.Stub, wire: str) -> None:
    status, headers, text = ask(stub.base("usagelimit", reset=3600), wire, request(wire, "go"))
    assert status == 429
    if wire == "anthropic":
        told = int(headers["anthropic-ratelimit-unified-reset"]) - time.time()
    elif wire == "responses":
        told = json.loads(text)["error"]["resets_at"] - time.time()
    elif wire == "chat":
        told = 60 * int(headers["x-ratelimit-reset-requests"].partition("m")[0])
    else:
        told = float(json.loads(text)["error"]["details"][-1]["retryDelay"].rstrip("s"))
    assert abs(told - 3600) < 5


@pytest.mark.parametrize("wire", PATHS)
def test_a_stream_that_began_well_can_break(stub: models.Stub, wire: str) -> None:
    status, _, text = ask(stub.base("sserr"), wire, request(wire, "go"))
    assert status == 200
    assert "error" in json.dumps(events(text)[-1])
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        ask(stub.base("drop"), wire, request(wire, "go"))


@pytest.mark.parametrize("wire", PATHS)
def test_silence_stays_silent(stub: models.Stub, wire: str) -> None:
    parts = urlsplit(stub.base("hang") + PATHS[wire])
    connection = http.client.HTTPConnection(parts.netloc, timeout=0.5)
    connection.request("POST", parts.path, json.dumps(request(wire, "go")))
    answer = connection.getresponse()
    with pytest.raises(TimeoutError):
        answer.read()
    connection.close()
    assert answer.status == 200


def test_knobs_change_the_first_requests_or_the_later_ones(stub: models.Stub) -> None:
    go = request("chat", "go")
    assert [ask(stub.base("429", n=1, run="a"), "chat", go)[0] for _ in range(3)] == [429, 200, 200]
    assert [ask(stub.base("ok", quota_after=2, run="b"), "chat", go)[0] for _ in range(3)] == [200, 200, 429]
    assert [ask(stub.base("503", after=1, run="c"), "chat", go)[0] for _ in range(2)] == [200, 503]
    assert ask(stub.base("429", ra=7), "chat", go)[1]["retry-after"] == "7"


def test_work_has_as_many_steps_as_it_shall_and_a_runaway_never_ends(stub: models.Stub) -> None:
    whole = [{**request("chat", "go", *["call"] * n), "stream": False} for n in range(3)]
    words = [ask(stub.base("ok", steps=2), "chat", body)[2] for body in whole]
    assert ["progress.txt" in w for w in words] == [True, False, False]
    assert ["tool_calls" in w for w in words] == [True, True, False]
    _, _, text = ask(stub.base("runaway"), "chat", request("chat", "go", *["call"] * 40))
    assert "tool_calls" in text
    assert events(text)[-1]["usage"]["prompt_tokens"] == 150_000


def test_a_question_gets_its_answer(stub: models.Stub) -> None:
    _, _, text = ask(stub.base("json"), "chat", request("chat", "what?", tools=False))
    said = "".join(c["delta"].get("content") or "" for e in events(text) for c in e["choices"])
    assert json.loads(said) == {"answer": "42"}


def test_an_unknown_scenario_is_no_good_answer(stub: models.Stub) -> None:
    assert ask(stub.base("fine"), "chat", request("chat", "go"))[0] == 400
