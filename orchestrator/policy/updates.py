"""What people said to the bot, read from the plain form of `getUpdates`.

Read one by one and leniently: what we do not understand is an update with an id and nothing else, so that it is passed
over and does not come again for ever.
"""

from __future__ import annotations

import msgspec

from orchestrator.model.chat import Button, Update

LONGEST = 4096
"""Characters of a message's text, as Telegram itself allows."""


class _Chat(msgspec.Struct, frozen=True):
    id: int
    type: str = ""


class _User(msgspec.Struct, frozen=True):
    id: int
    is_bot: bool = False


class _Key(msgspec.Struct, frozen=True):
    text: str = ""
    callback_data: str = ""


class _Markup(msgspec.Struct, frozen=True):
    inline_keyboard: list[list[_Key]] = []


class _Message(msgspec.Struct, frozen=True):
    message_id: int
    chat: _Chat
    sender: _User | None = msgspec.field(name="from", default=None)
    sender_chat: _Chat | None = None
    text: str = ""
    date: int = 0
    forward_origin: object = None
    forward_date: object = None
    via_bot: object = None
    reply_markup: _Markup = _Markup()


class _Press(msgspec.Struct, frozen=True):
    id: str
    sender: _User = msgspec.field(name="from")
    message: _Message | None = None
    data: str = ""


class _Update(msgspec.Struct, frozen=True):
    update_id: int
    message: _Message | None = None
    callback_query: _Press | None = None


class _Numbered(msgspec.Struct, frozen=True):
    update_id: int


def read(raw: object) -> list[Update]:
    """In the order of their ids. An entry without an id cannot be confirmed and is left out."""
    found: dict[int, Update] = {}
    for one in raw if isinstance(raw, list) else []:
        try:
            found[_id(one)] = _one(one)
        except msgspec.ValidationError:
            continue
    return [found[n] for n in sorted(found)]


def _id(one: object) -> int:
    return msgspec.convert(one, _Numbered).update_id


def _one(one: object) -> Update:
    try:
        said = msgspec.convert(one, _Update)
    except msgspec.ValidationError:
        return Update(id=_id(one))
    if (press := said.callback_query) is not None:
        return _pressed(said.update_id, press)
    return Update(id=said.update_id) if said.message is None else _written(said.update_id, said.message)


def _written(id: int, said: _Message) -> Update:
    # Of an anonymous admin or a channel Telegram names a stand-in: nobody whom anybody listed.
    person = said.sender if said.sender is not None and said.sender_chat is None and not said.sender.is_bot else None
    return Update(
        id=id,
        chat=said.chat.id,
        private=said.chat.type == "private",
        sender=person.id if person else 0,
        text=said.text[:LONGEST],
        message=said.message_id,
        written=said.date,
        carried=any(part is not None for part in (said.forward_origin, said.forward_date, said.via_bot)),
    )


def _pressed(id: int, press: _Press) -> Update:
    under = press.message
    keys = under.reply_markup.inline_keyboard if under else []
    return Update(
        id=id,
        chat=under.chat.id if under else 0,
        private=under is not None and under.chat.type == "private",
        sender=0 if press.sender.is_bot else press.sender.id,
        message=under.message_id if under else 0,
        query=press.id,
        data=press.data[:64],
        keyboard=tuple(
            tuple(Button(text=k.text, data=k.callback_data) for k in row if k.callback_data) for row in keys
        ),
    )
