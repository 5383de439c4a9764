"""What people said to the bot, in whatever form it comes; and when it is quiet."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.chat import Button, Update
from orchestrator.policy.quiet import quiet
from orchestrator.policy.updates import read

CHAT = {"id": 7, "type": "private"}
ADA = {"id": 7, "is_bot": False, "first_name": "A"}
MESSAGE = {"message_id": 3, "date": 1, "chat": CHAT, "from": ADA, "text": "/off"}


def message(**more: Any) -> Update:
    (found,) = read([{"update_id": 1, "message": {**MESSAGE, **more}}])
    return found


def test_a_message_and_a_press_are_read_and_ordered_by_number() -> None:
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "d"}, {"text": "Site", "url": "https://x"}]]}
    press = {"id": "q", "from": ADA, "message": {**MESSAGE, "reply_markup": markup}, "data": "d"}
    assert read([{"update_id": 9, "callback_query": press}, {"update_id": 8, "message": MESSAGE}]) == [
        Update(id=8, chat=7, private=True, sender=7, text="/off", message=3, written=1),
        Update(
            id=9, chat=7, private=True, sender=7, message=3, query="q", data="d",
            keyboard=((Button(text="Yes", data="d"),),),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("more", [{"from": {"id": 7, "is_bot": True}}, {"sender_chat": {"id": -1}}, {"from": None}])
def test_bots_channels_and_anonymous_admins_are_nobody(more: dict[str, Any]) -> None:
    assert message(**more).sender == 0


@pytest.mark.parametrize("more", [{"forward_origin": {}}, {"forward_date": 5}, {"via_bot": {"id": 2}}])
def test_words_of_others_are_marked_as_carried(more: dict[str, Any]) -> None:
    assert (message(**more).carried, message().carried) == (True, False)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(MESSAGE)), inner, max_size=4)
        ),
        max_leaves=10,
    )
)
def test_what_cannot_be_read_is_passed_over_with_its_number(odd: Any) -> None:
    found = read([{"update_id": 5, "message": odd}, odd, {"update_id": 6, "message": MESSAGE}])
    assert [u.id for u in found] == [5, 6]
    assert found[1].text == "/off"
    assert read(odd) == []


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        ("22:00-07:00", "21:59", False), ("22:00-07:00", "22:00", True), ("22:00-07:00", "03:00", True),
        ("22:00-07:00", "07:00", False), ("12:00-13:30", "13:29", True), ("12:00-13:30", "13:30", False),
        ("12:00-13:30", "11:59", False), ("08:00-08:00", "08:00", False), ("", "03:00", False),
    ],
)  # fmt: skip
def test_it_is_quiet_from_the_first_minute_to_before_the_last(hours: str, at: str, expected: bool) -> None:
    assert quiet(hours, time.fromisoformat(at)) is expected
