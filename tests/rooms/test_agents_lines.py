"""Careful looks into what foreign programs print and leave."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import lines
from orchestrator.agents.base import Tally
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=4),
)


@given(data=ANYTHING, path=st.lists(st.sampled_from("abc"), max_size=3))
def test_a_look_finds_the_right_kind_of_thing_or_nothing(data: object, path: list[str]) -> None:
    assert isinstance(lines.word(data, *path), str)
    assert lines.count(data, *path) >= 0
    assert lines.whole(data, *path) is None or not isinstance(lines.at(data, *path), bool)
    assert (cost := lines.money(data, *path)) is None or (cost >= 0 and math.isfinite(cost))
    assert all(isinstance(each, dict) for each in (*lines.items(data, *path), lines.inner(data, *path)))
    assert lines.moment(lines.whole(data, *path)) in ("", lines.moment(lines.whole(data, *path)))


@pytest.mark.parametrize("odd", [True, "7", None, 10**13, -(10**13), math.inf, -math.inf, math.nan, [], {}])
def test_what_is_no_ordinary_number_is_none(odd: object) -> None:
    assert lines.whole({"n": odd}, "n") is None
    assert lines.money({"n": odd}, "n") is None
    assert lines.count({"n": odd}, "n") == 0


@given(text=st.text(max_size=80) | ANYTHING.map(json.dumps))
def test_a_line_is_an_object_or_noise(text: str) -> None:
    heard = list(lines.JsonLines().line(text))
    if lines.parsed(text) is None:
        assert heard == ([Text(text=text, noise=True)] if text.strip() else [])
    else:
        assert not heard


@pytest.mark.parametrize("text", ['{"a":' * 50_000, '{"n": ' + "9" * 5000 + "}", '{"a": 1', "[1]", "{"])
def test_what_is_no_object_is_none(text: str) -> None:
    assert lines.parsed(text) is None


def test_noise_is_no_sign_of_work() -> None:
    tally = Tally()
    for event in (*lines.noise("warning"), Text(text="said")):
        tally.add(event)
    assert (tally.events, tally.did) == (2, 1)


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (429, "", FailureClass.QUOTA),
        (401, "", FailureClass.AUTH),
        (400, "context_length_exceeded", FailureClass.CONTEXT_OVERFLOW),
        (400, "invalid_request_error", FailureClass.UNKNOWN),
        (None, "overloaded_error", FailureClass.SERVER),
        (None, "", FailureClass.UNKNOWN),
        (503, "", FailureClass.SERVER),
    ],
)
def test_a_status_and_a_code_have_a_class(status: int | None, code: str, failure: FailureClass) -> None:
    assert lines.of_status(status, code) is failure


def test_the_end_of_a_file_is_read_and_nothing_else_than_a_file(tmp_path: Path) -> None:
    file = tmp_path / "record"
    file.write_bytes(b"begin\n" + b"x" * 100 + b"\xff\n{}")
    assert lines.tail(file, 4) == "\ufffd\n{}"
    assert lines.tail(tmp_path) == lines.tail(tmp_path / "absent") == lines.tail(Path("a\0b")) == ""
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    assert lines.tail(tmp_path / "link") == lines.tail(tmp_path / "pipe") == ""
    held = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(held, b"what an agent would like to be read")
    assert lines.tail(tmp_path / "pipe") == ""
    os.close(held)


def test_a_run_is_what_its_session_gained() -> None:
    before = Usage(input_tokens=10, cached_tokens=5, output_tokens=9)
    total = lines.added((Usage(input_tokens=30, cached_tokens=5), Usage(output_tokens=1)), 0.25)
    assert (total.cost_usd, total.source) == (0.25, "provider")
    assert lines.since(total, before) == Usage(input_tokens=20, source="provider")


@pytest.mark.parametrize("seconds", [None, 0, -5, 10**11, 10**30])
def test_a_moment_that_is_none_is_empty(seconds: int | None) -> None:
    assert lines.moment(seconds) == ""
    assert lines.moment(1_795_696_117) == "2026-11-26T12:28:37Z"
