"""The stub refuses what the real Bot API refuses: one test per rule, each with its place in the documentation.

Asked in plain HTTP, not through our wire: a shared mistake would hide here. The places are headings of
core.telegram.org/bots/api.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stubs.telegram import Telegram, running


@pytest.fixture
def there() -> Iterator[Telegram]:
    with running() as state:
        yield state


def ask(there: Telegram, method: str, token: str = "", **said: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"chat_id": there.chat, **said} if method == "sendMessage" else said).encode()
    url = f"{there.url}/bot{token or there.token}/{method}"
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def keys(data: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Yes", "callback_data": data}]]}


REFUSED: list[tuple[str, str, str, dict[str, Any], int, str]] = [
    ("sendMessage", "text: 1-4096 characters", "sendMessage", {"text": ""}, 400, "message text is empty"),
    ("sendMessage", "only blanks", "sendMessage", {"text": " \n\t "}, 400, "message text is empty"),
    ("sendMessage", "text: 1-4096 characters", "sendMessage", {"text": "x" * 4097}, 400, "message is too long"),
    ("Formatting options", "UTF-16 code units", "sendMessage", {"text": "🚀" * 2049}, 400, "message is too long"),
    ("Formatting options", "MarkdownV2 escapes", "sendMessage", {"text": "a_b", "parse_mode": "MarkdownV2"}, 400,
     "can't parse entities"),
    ("sendMessage", "chat_id", "sendMessage", {"text": "x", "chat_id": "12"}, 400, "chat not found"),
    ("InlineKeyboardButton", "callback_data: 1-64 bytes", "sendMessage", {"text": "x", "reply_markup": keys("d" * 65)},
     400, "BUTTON_DATA_INVALID"),
    ("InlineKeyboardButton", "bytes, not characters", "sendMessage", {"text": "x", "reply_markup": keys("ä" * 33)}, 400,
     "BUTTON_DATA_INVALID"),
    ("answerCallbackQuery", "callback_query_id", "answerCallbackQuery", {"callback_query_id": "old"}, 400,
     "query is too old"),
    ("answerCallbackQuery", "text: 0-200 characters", "answerCallbackQuery",
     {"callback_query_id": "q", "text": "x" * 201}, 400, "MESSAGE_TOO_LONG"),
    ("editMessageReplyMarkup", "message_id", "editMessageReplyMarkup", {"chat_id": "4711", "message_id": 99}, 400,
     "message to edit not found"),
    ("Making requests", "unknown method", "sendNothing", {}, 404, "Not Found"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "rule", "method", "said", "code", "words"), REFUSED, ids=[f"{r[0]}: {r[1]}" for r in REFUSED]
)
def test_it_refuses(
    there: Telegram, place: str, rule: str, method: str, said: dict[str, Any], code: int, words: str
) -> None:
    status, reply = ask(there, method, **said)
    assert (status, reply["ok"], reply["error_code"]) == (code, False, code), (place, rule)
    assert words in reply["description"]
    assert there.messages == []


def test_making_requests_a_bad_token_is_401_and_a_malformed_one_404(there: Telegram) -> None:
    assert ask(there, "sendMessage", token="1:wrong", text="x")[0] == 401
    assert ask(there, "sendMessage", token="nonsense", text="x")[0] == 404


def test_response_parameters_a_flood_names_the_seconds_to_wait(there: Telegram) -> None:
    there.limited = [7]
    status, reply = ask(there, "sendMessage", text="x")
    assert (status, reply["parameters"]) == (429, {"retry_after": 7})


def test_send_message_to_a_person_who_blocked_the_bot_is_forbidden(there: Telegram) -> None:
    there.blocked = True
    status, reply = ask(there, "sendMessage", text="x")
    assert (status, reply["description"]) == (403, "Forbidden: bot was blocked by the user")


def test_edit_message_reply_markup_refuses_what_changes_nothing(there: Telegram) -> None:
    ask(there, "sendMessage", text="x", reply_markup=keys("a"))
    assert ask(there, "editMessageReplyMarkup", chat_id="4711", message_id=1)[0] == 200
    status, reply = ask(there, "editMessageReplyMarkup", chat_id="4711", message_id=1)
    assert status == 400
    assert "message is not modified" in reply["description"]


def test_answer_callback_query_answers_a_query_once(there: Telegram) -> None:
    ask(there, "sendMessage", text="x", reply_markup=keys("a"))
    there.press(1, "Yes")
    query = ask(there, "getUpdates")[1]["result"][0]["callback_query"]["id"]
    assert ask(there, "answerCallbackQuery", callback_query_id=query)[0] == 200
    assert ask(there, "answerCallbackQuery", callback_query_id=query)[0] == 400


def test_get_updates_gives_an_update_until_a_higher_offset_confirms_it(there: Telegram) -> None:
    first, second = there.say("one"), there.say("two")

    def seen(**said: Any) -> list[int]:
        return [u["update_id"] for u in ask(there, "getUpdates", **said)[1]["result"]]

    assert seen() == seen() == [first, second]
    assert seen(limit=1) == [first]
    assert seen(offset=first) == [first, second], "an offset confirms what is before it"
    assert seen(offset=second) == [second]
    assert seen() == [second], "what was confirmed is forgotten"
    third = there.say("three")
    assert seen(offset=-1) == [third]
    assert seen() == [third]


def test_get_updates_gives_only_the_allowed_kinds(there: Telegram) -> None:
    there.happens(edited_message={"message_id": 1})
    assert ask(there, "getUpdates", allowed_updates=["message"])[1]["result"] == []
    assert len(ask(there, "getUpdates")[1]["result"]) == 1


def test_get_updates_waits_for_something_to_be_said(there: Telegram) -> None:
    threading.Timer(0.1, there.say, ("late",)).start()
    assert [u["message"]["text"] for u in ask(there, "getUpdates", timeout=5)[1]["result"]] == ["late"]


def test_get_updates_of_a_second_program_ends_the_first_with_409(there: Telegram) -> None:
    answers: list[tuple[int, dict[str, Any]]] = []
    first = threading.Thread(target=lambda: answers.append(ask(there, "getUpdates", timeout=5)))
    first.start()
    while there.poller < 1:
        first.join(0.01)
    ask(there, "getUpdates")
    first.join()
    assert answers[0][0] == 409
    assert "terminated by other getUpdates request" in answers[0][1]["description"]


def test_get_updates_does_not_work_with_a_webhook(there: Telegram) -> None:
    there.webhook = True
    assert ask(there, "getUpdates")[0] == 409
