"""Telegram, the wire: texts with buttons to a chat, and what people said to our bot.

No parse mode: with one, Telegram refuses a whole alert for a single stray underscore. Limits and errors as the Bot API
documents them (core.telegram.org/bots/api, "sendMessage", "getUpdates" and "Making requests"): 1 to 4096 characters,
counted in UTF-16 code units as all of Telegram's offsets are; 429 with `retry_after` seconds; 409 while another program
asks for the same bot's updates. Nothing here raises: a pager must not stop the work. Not for callers inside a running
event loop.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from orchestrator.model.chat import Keyboard, Update
from orchestrator.model.names import Public
from orchestrator.model.settings import TelegramSettings
from orchestrator.policy import updates as updates_read

if TYPE_CHECKING:
    from telegram import Bot, InlineKeyboardMarkup

LIMIT = 4096
POPUP = 200
"""Characters of the answer to a pressed button."""
PATIENCE = 60.0
"""Longest wait in seconds that is sat out when Telegram asks for one; alerts keep, ticks must end."""
WANTED = ("message", "callback_query")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sent:
    parts: int
    """How many messages the text made."""


@dataclass(frozen=True, kw_only=True)
class NotSent:
    why: str
    """Without the token."""
    parts_sent: int = 0
    """Messages that went out before it failed."""
    lasting: bool = False
    """Telegram refuses this very request: sent again, it would be refused again."""


@dataclass(frozen=True, kw_only=True)
class NotHeard:
    """Nobody can say now what people said to the bot."""

    why: str
    conflict: bool = False
    """Another program (or a webhook) takes this bot's updates."""
    wait: float = 0
    """Seconds that Telegram asks us to wait."""


def send(
    settings: TelegramSettings, text: Public, *, keyboard: Keyboard = (), chat: str = "", timeout: float = 20.0
) -> Sent | NotSent:
    """Sends the text, in several messages where it is too long for one; the buttons stand under the last.

    `chat`: another than the configured one. `timeout` in seconds for each step of a request.
    """
    to = chat or settings.chat_id
    if not (settings.token and to):
        return NotSent(why="no Telegram token or chat is configured")
    parts = list(split(text))
    if not parts:
        return NotSent(why="the text is empty")
    return _run(_send(settings, to, parts, keyboard, timeout))


def updates(settings: TelegramSettings, offset: int, *, wait: int, timeout: float = 20.0) -> list[Update] | NotHeard:
    """What was said from update `offset` on (0: everything not confirmed yet), oldest first; waits up to `wait` seconds
    for something. Asking with an offset confirms everything before it: Telegram forgets it."""
    return _run(_updates(settings, offset, wait, timeout))


def answer(settings: TelegramSettings, query: str, text: Public, *, alert: bool, timeout: float = 20.0) -> bool:
    """What the person who pressed a button is told at once. False when it came too late or not at all."""

    async def call(bot: Bot) -> bool:
        return await bot.answer_callback_query(query, text[:POPUP], show_alert=alert)

    return _run(_quietly(settings, call, timeout))


def name(settings: TelegramSettings, *, timeout: float = 20.0) -> str:
    """The bot's user name, without its @; empty when Telegram does not tell now."""
    told = ""

    async def call(bot: Bot) -> bool:
        nonlocal told
        told = (await bot.get_me()).username or ""
        return True

    _run(_quietly(settings, call, timeout))
    return told


def keyboard(settings: TelegramSettings, chat: str, message: int, left: Keyboard, *, timeout: float = 20.0) -> bool:
    """Leaves only these buttons under a message of ours. False when it could not be changed."""

    async def call(bot: Bot) -> bool:
        await bot.edit_message_reply_markup(chat, message, reply_markup=_markup(left))
        return True

    return _run(_quietly(settings, call, timeout))


def split(text: str, limit: int = LIMIT) -> Iterator[str]:
    """The text in pieces of at most `limit` UTF-16 units, broken after a line where one ends in the second half."""
    left = text.strip()
    while left:
        cut = _fits(left, limit)
        if cut < len(left) and (line := left.rfind("\n", cut // 2, cut)) > 0:
            cut = line
        piece, left = left[:cut].rstrip(), left[cut:].strip()
        if piece:
            yield piece


def units(text: str) -> int:
    """Length as Telegram counts it: beyond the basic plane a character takes two."""
    return len(text) + sum(character > "\uffff" for character in text)


def _fits(text: str, limit: int) -> int:
    """How many characters of `text` fill at most `limit` UTF-16 units."""
    used = 0
    for n, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > limit:
            return n
    return len(text)


def _run(work: Awaitable[T]) -> T:
    async def whole() -> T:
        return await work

    with warnings.catch_warnings():
        # The library warns, whenever Telegram limits us, that a later version will give the wait in another type, and
        # that it has a function for what we ask in its plain form.
        warnings.simplefilter("ignore")
        return asyncio.run(whole())


async def _calling(settings: TelegramSettings, call: Callable[[Bot], Awaitable[T]], timeout: float) -> T:
    """Raises TelegramError."""
    from telegram import Bot
    from telegram.request import HTTPXRequest

    request = HTTPXRequest(connect_timeout=timeout, read_timeout=timeout, write_timeout=timeout, pool_timeout=timeout)
    try:
        # No `async with`: that would ask getMe first, one request more for each alert.
        bot = Bot(
            settings.token, base_url=f"{settings.api_url.rstrip('/')}/bot", request=request, get_updates_request=request
        )
        await request.initialize()
        return await call(bot)
    finally:
        await request.shutdown()


async def _send(
    settings: TelegramSettings, chat: str, parts: list[str], keys: Keyboard, timeout: float
) -> Sent | NotSent:
    from telegram import LinkPreviewOptions
    from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

    done = 0

    async def call(bot: Bot) -> Sent | NotSent:
        nonlocal done
        waited = False
        while done < len(parts):
            try:
                await bot.send_message(
                    chat,
                    parts[done],
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    reply_markup=_markup(keys) if keys and done == len(parts) - 1 else None,
                )
                done += 1
            except RetryAfter as limited:
                wait = _seconds(limited.retry_after)
                if waited or wait > PATIENCE:
                    return NotSent(why=f"Telegram asks to wait {wait:.0f} s", parts_sent=done)
                waited = True
                await asyncio.sleep(wait)
        return Sent(parts=done)

    try:
        return await _calling(settings, call, timeout)
    except TelegramError as why:
        return NotSent(why=_words(settings, why), parts_sent=done, lasting=isinstance(why, BadRequest | Forbidden))


async def _updates(settings: TelegramSettings, offset: int, wait: int, timeout: float) -> list[Update] | NotHeard:
    from telegram.error import Conflict, RetryAfter, TelegramError

    said = {"timeout": wait, "limit": 100, "allowed_updates": list(WANTED)} | ({"offset": offset} if offset else {})

    async def call(bot: Bot) -> object:
        # Its plain form: one update that the library cannot read must not hide the others behind it.
        return await bot.do_api_request("getUpdates", api_kwargs=said, read_timeout=wait + timeout)

    try:
        return updates_read.read(await _calling(settings, call, timeout))
    except RetryAfter as limited:
        return NotHeard(why=_words(settings, limited), wait=_seconds(limited.retry_after))
    except TelegramError as why:
        return NotHeard(why=_words(settings, why), conflict=isinstance(why, Conflict))


async def _quietly(settings: TelegramSettings, call: Callable[[Bot], Awaitable[bool]], timeout: float) -> bool:
    """For what is a courtesy: a query that is too old, a message that is as it should be already."""
    from telegram.error import TelegramError

    try:
        return await _calling(settings, call, timeout)
    except TelegramError:
        return False


def _markup(keys: Keyboard) -> InlineKeyboardMarkup | None:
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    rows = [[InlineKeyboardButton(b.text, callback_data=b.data) for b in row] for row in keys if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _words(settings: TelegramSettings, why: Exception) -> str:
    return f"{type(why).__name__}: {why}".replace(settings.token, "(token)")


def _seconds(asked: int | float | timedelta) -> float:
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
