"""Telegram: what reaches a chat that refuses what the real one refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import telegram
from orchestrator.model.names import Public
from orchestrator.model.settings import TelegramSettings
from tests.stubs.telegram import Telegram, running


@pytest.fixture(scope="module")
def server() -> Iterator[Telegram]:
    with running() as state:
        yield state


@pytest.fixture
def there(server: Telegram) -> Telegram:
    server.messages.clear()
    server.calls.clear()
    server.limited.clear()
    server.dropped = 0
    return server


def settings(there: Telegram) -> TelegramSettings:
    return TelegramSettings(token=there.token, chat_id=there.chat, api_url=there.url)


def send(there: Telegram, text: str) -> telegram.Sent | telegram.NotSent:
    return telegram.send(settings(there), Public(text), timeout=2)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_text_arrives_as_it_was_written_with_one_request(there: Telegram) -> None:
    assert send(there, "🛑 Escalated\nsome_file_name *and* [this") == telegram.Sent(parts=1)
    assert there.messages == ["🛑 Escalated\nsome_file_name *and* [this"]
    assert there.calls == ["sendMessage"]


def test_a_long_text_is_split_at_lines_and_nothing_is_lost(there: Telegram) -> None:
    lines = [f"{n:04d} " + "x" * 90 for n in range(100)]
    assert send(there, "\n".join(lines)) == telegram.Sent(parts=3)
    assert "\n".join(there.messages).split("\n") == lines


def test_length_is_counted_as_telegram_counts_it(there: Telegram) -> None:
    assert send(there, "🚀" * 2049) == telegram.Sent(parts=2)
    assert [units(m) for m in there.messages] == [4096, 2]


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40))
def test_no_piece_is_too_long_or_empty_and_no_word_is_lost(text: str, limit: int) -> None:
    pieces = list(telegram.split(text, limit))
    assert all(len(p) > 0 and len(p.encode("utf-16-le", "surrogatepass")) // 2 <= limit for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_wait_that_telegram_asks_for_is_honoured_once(there: Telegram) -> None:
    there.limited[:] = [0.05]
    assert send(there, "later") == telegram.Sent(parts=1)
    there.limited[:] = [0.05, 0.05]
    assert isinstance(answer := send(there, "never"), telegram.NotSent)
    assert "wait" in answer.why
    assert there.messages == ["later"]


def test_a_long_wait_is_not_sat_out(there: Telegram) -> None:
    there.limited[:] = [3600]
    assert send(there, "x") == telegram.NotSent(why="Telegram asks to wait 3600 s")


def test_what_went_out_before_a_failure_is_told(there: Telegram) -> None:
    there.limited[:] = [0, 3600]
    answer = send(there, "a" * 5000)
    assert isinstance(answer, telegram.NotSent)
    assert answer.parts_sent == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "999999:wrong"}, "InvalidToken"),
        ({"chat_id": "12"}, "Chat not found"),
        ({"chat_id": ""}, "no Telegram"),
    ],
)
def test_a_refusal_is_an_answer_and_never_shows_the_token(there: Telegram, change: dict[str, str], words: str) -> None:
    wrong = replace(settings(there), **change)
    answer = telegram.send(wrong, Public("x"), timeout=2)
    assert isinstance(answer, telegram.NotSent)
    assert words in answer.why
    assert wrong.token not in answer.why
    assert there.messages == []


def test_an_empty_text_is_not_sent(there: Telegram) -> None:
    assert send(there, " \n ") == telegram.NotSent(why="the text is empty")
    assert there.calls == []


def test_a_lost_connection_is_an_answer(there: Telegram) -> None:
    there.dropped = 1
    assert isinstance(send(there, "x"), telegram.NotSent)


def test_nobody_there_is_an_answer(there: Telegram) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        answer = telegram.send(replace(settings(there), api_url=address), Public("x"), timeout=1)
    assert isinstance(answer, telegram.NotSent)
    assert settings(there).token not in answer.why


def test_a_text_that_is_no_unicode_does_not_raise(there: Telegram) -> None:
    assert isinstance(send(there, "half \ud83d pair"), telegram.Sent | telegram.NotSent)
