"""Telegram, outgoing: one text to one chat, as plain text.

No parse mode: with one, Telegram refuses a whole alert for a single stray underscore. Limits and errors as the Bot API
documents them (core.telegram.org/bots/api, "sendMessage" and "Making requests"): 1 to 4096 characters, counted in
UTF-16 code units as all of Telegram's offsets are; 429 with `retry_after` seconds.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.model.names import Public
from orchestrator.model.settings import TelegramSettings

LIMIT = 4096
PATIENCE = 60.0
"""Longest wait in seconds that is sat out when Telegram asks for one; alerts keep, ticks must end."""


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


def send(settings: TelegramSettings, text: Public, *, timeout: float = 20.0) -> Sent | NotSent:
    """Sends the text, in several messages where it is too long for one. Never raises: a pager must not stop the work.

    `timeout` in seconds for each step of a request. Not for callers inside a running event loop.
    """
    if not (settings.token and settings.chat_id):
        return NotSent(why="no Telegram token or chat is configured")
    parts = list(split(text))
    if not parts:
        return NotSent(why="the text is empty")
    with warnings.catch_warnings():
        # The library warns, whenever Telegram limits us, that a later version will give the wait in another type.
        warnings.simplefilter("ignore", DeprecationWarning)
        return asyncio.run(_send(settings, parts, timeout))


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


def _fits(text: str, limit: int) -> int:
    """How many characters of `text` fill at most `limit` UTF-16 units; beyond the basic plane a character takes two."""
    units = 0
    for n, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > limit:
            return n
    return len(text)


async def _send(settings: TelegramSettings, parts: list[str], timeout: float) -> Sent | NotSent:
    from telegram import Bot, LinkPreviewOptions
    from telegram.error import RetryAfter, TelegramError
    from telegram.request import HTTPXRequest

    request = HTTPXRequest(connect_timeout=timeout, read_timeout=timeout, write_timeout=timeout, pool_timeout=timeout)
    done = 0
    waited = False
    try:
        # No `async with`: that would ask getMe first, one request more for each alert.
        bot = Bot(settings.token, base_url=f"{settings.api_url.rstrip('/')}/bot", request=request)
        await request.initialize()
        while done < len(parts):
            try:
                await bot.send_message(
                    settings.chat_id, parts[done], link_preview_options=LinkPreviewOptions(is_disabled=True)
                )
                done += 1
            except RetryAfter as limited:
                wait = _seconds(limited.retry_after)
                if waited or wait > PATIENCE:
                    return NotSent(why=f"Telegram asks to wait {wait:.0f} s", parts_sent=done)
                waited = True
                await asyncio.sleep(wait)
    except TelegramError as why:
        words = f"{type(why).__name__}: {why}".replace(settings.token, "(token)")
        return NotSent(why=words, parts_sent=done)
    finally:
        await request.shutdown()
    return Sent(parts=done)


def _seconds(asked: int | float | timedelta) -> float:
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
