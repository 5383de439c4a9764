"""Telegram: does the bot's token hold, and can it reach the chat."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, unknown, warn
from orchestrator.model.settings import TelegramSettings

MOST = 100_000


def look(given: Given) -> Iterator[Finding]:
    said = given.settings.telegram
    if not said.token and not said.chat_id:
        yield warn("not configured: alerts stand in the ledger, and nobody is told", "docs/telegram.md has the steps")
        return
    if not said.token or not said.chat_id:
        lacking = "a token" if not said.token else "a chat_id"
        yield fail(f"it lacks {lacking}", "docs/telegram.md has the steps")
        return
    who = _call(said, "getMe")
    if isinstance(who, str):
        yield unknown(f"Telegram cannot be reached: {who}", mend="is the network there?")
        return
    if not who.get("ok"):
        yield fail(
            f"the token is refused: {who.get('description', 'without a word')}",
            "ask @BotFather for the token, and put it where the old one was",
            "token",
        )
        return
    chat = _call(said, "getChat", chat_id=said.chat_id)
    if isinstance(chat, str):
        yield unknown(f"Telegram cannot be reached: {chat}", "chat", mend="try again")
    elif not chat.get("ok"):
        yield fail(
            f"the chat cannot be reached: {chat.get('description', 'without a word')}",
            "write /start to the bot in that chat, or correct telegram.chat_id",
            "chat",
        )
    else:
        yield ok("the bot answers and reaches its chat")


def _call(said: TelegramSettings, method: str, **body: str) -> dict[str, object] | str:
    """One call of the Bot API ("Making requests"), or why none came about; the token stands in no word of it."""
    request = urllib.request.Request(
        f"{said.api_url.rstrip('/')}/bot{said.token}/{method}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    direct = urlsplit(said.api_url).hostname in ("127.0.0.1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if direct else []))
    data = b""
    try:
        with opener.open(request, timeout=4) as reply:
            data = reply.read(MOST)
    except urllib.error.HTTPError as refused:
        with refused, contextlib.suppress(OSError):
            data = refused.read(MOST)
    except OSError as why:
        return type(getattr(why, "reason", why)).__name__
    except ValueError:
        return "telegram.api_url is no address"
    try:
        found = json.loads(data)
    except ValueError:
        return "the answer is no JSON"
    return found if isinstance(found, dict) else "the answer is no object"


CHECK = Check(
    name="telegram",
    why="What needs a person is told there.",
    look=look,
    needs=("configuration",),
    seconds=9,
)
