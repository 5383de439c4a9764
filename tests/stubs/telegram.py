"""A Telegram on loopback that refuses what the real one refuses, and knows people who write and press.

Each rule cites its place in the Bot API's documentation (core.telegram.org/bots/api); `tests/rooms/test_telegram_rules`
has a test per rule. The descriptions of errors are the ones its open server (tdlib/telegram-bot-api) sends. What is not
documented comes from there too: `clean` is what it does to every text.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Reply = tuple[int, dict[str, object]]
ALL = ("message", "callback_query", "edited_message", "channel_post")
BOT = {"id": 123456, "is_bot": True, "first_name": "Stub", "username": "Stub_bot"}


@dataclass(kw_only=True)
class Telegram:
    """What it knows and what it got."""

    token: str = "123456:stub-token-for-tests"
    chat: str = "4711"
    chats: set[str] = field(default_factory=set)
    """Others where the bot may write."""
    url: str = ""
    messages: list[str] = field(default_factory=list)
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By message number: chat, text, keyboard (rows of buttons) as it stands now."""
    answered: list[dict[str, str]] = field(default_factory=list)
    """What pressers were told."""
    calls: list[str] = field(default_factory=list)
    """Method names, in order."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Parameters of each getUpdates."""
    limited: list[float] = field(default_factory=list)
    """For each of the next calls, the seconds it is told to wait; 0 lets it pass."""
    broken: list[int] = field(default_factory=list)
    """For each of the next calls, the 5xx it fails with; 0 lets it pass."""
    dropped: int = 0
    """How many of the next calls lose their connection before they were carried out."""
    cut: int = 0
    """How many of the next messages are delivered, and the answer is lost."""
    webhook: bool = False
    blocked: bool = False
    """The person has blocked the bot."""
    on_message: Callable[[int], None] | None = None
    """Called with the number of a message that was delivered, before the answer."""
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """Updates that nobody confirmed."""
    next_update: int = 1000
    lock: threading.Condition = field(default_factory=threading.Condition)
    poller: int = 0
    """Counts getUpdates: the newest one that waits ends the one before."""
    queries: dict[str, float] = field(default_factory=dict)

    # --- people

    def say(self, text: str, *, sender: int = 4711, chat: int = 0, private: bool = True, **more: Any) -> int:
        """A person writes; the update's number. In their own chat with the bot unless told otherwise."""
        there = {"id": chat or sender, "type": "private" if private else "supergroup"}
        person = {"id": sender, "is_bot": False, "first_name": "P"}
        return self.happens(
            message={"message_id": 1, "date": int(time.time()), "chat": there, "from": person, "text": text, **more}
        )

    def press(self, message: int, label: str, *, sender: int = 4711, private: bool = True) -> int:
        """A person presses the button with that text."""
        seen = self.shown[message]
        data = next(k["callback_data"] for row in seen["keyboard"] for k in row if k["text"] == label)
        return self.press_data(data, message=message, sender=sender, private=private)

    def press_data(self, data: str, *, message: int, sender: int = 4711, private: bool = True) -> int:
        """As a program of somebody's own can: any data, below any message of ours."""
        seen = self.shown[message]
        under = {
            "message_id": message, "date": 1, "text": seen["text"],
            "chat": {"id": int(seen["chat"]), "type": "private" if private else "supergroup"},
            "reply_markup": {"inline_keyboard": seen["keyboard"]},
        }  # fmt: skip
        query = f"q{self.next_update}"
        self.queries[query] = time.monotonic()
        person = {"id": sender, "is_bot": False, "first_name": "P"}
        said = {"id": query, "from": person, "message": under, "data": data, "chat_instance": "1"}
        return self.happens(callback_query=said)

    def happens(self, **said: Any) -> int:
        with self.lock:
            number = self.next_update
            self.next_update += 1
            self.waiting.append({"update_id": number, **said})
            self.lock.notify_all()
            return number

    # --- the API

    def answer(self, path: str, said: dict[str, str]) -> Reply:
        _, _, rest = path.partition("/bot")
        token, _, method = rest.partition("/")
        self.calls.append(method)
        if ":" not in token:
            return _refuse(404, "Not Found")
        # "Authorizing your bot": each bot has a token, and every request carries it.
        if token != self.token:
            return _refuse(401, "Unauthorized")
        # "Making requests": 429 with `parameters.retry_after`, 5xx are errors of the server.
        if self.limited and (wait := self.limited.pop(0)):
            return _refuse(429, f"Too Many Requests: retry after {wait:g}", retry_after=wait)
        if self.broken and (code := self.broken.pop(0)):
            return _refuse(code, "Bad Gateway" if code == 502 else "Internal Server Error")
        known = {
            "sendMessage": self._send, "getUpdates": self._updates, "answerCallbackQuery": self._answer,
            "editMessageReplyMarkup": self._edit, "getMe": self._me, "getChat": self._chat,
        }  # fmt: skip
        return known[method](said) if method in known else _refuse(404, "Not Found")

    def _send(self, said: dict[str, str]) -> Reply:
        """ "sendMessage": text of 1-4096 characters after entities parsing; "Formatting options" for parse modes."""
        text = clean(said.get("text", ""))
        if said.get("chat_id") not in {self.chat, *self.chats}:
            return _refuse(400, "Bad Request: chat not found")
        if self.blocked:
            return _refuse(403, "Forbidden: bot was blocked by the user")
        if not text:
            return _refuse(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            return _refuse(400, "Bad Request: message is too long")
        if said.get("parse_mode", "").startswith("Markdown") and text.count("_") % 2:
            return _refuse(400, "Bad Request: can't parse entities: Can't find end of the entity")
        keys = _keys(said)
        # "InlineKeyboardButton": callback_data of 1-64 bytes, and a text on each button.
        if any(not 1 <= len(k.get("callback_data", "").encode()) <= 64 for row in keys for k in row):
            return _refuse(400, "Bad Request: BUTTON_DATA_INVALID")
        if any(not k.get("text") for row in keys for k in row):
            return _refuse(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
        number = len(self.messages) + 1
        self.messages.append(text)
        self.shown[number] = {"chat": said["chat_id"], "text": text, "keyboard": keys}
        if self.on_message:
            self.on_message(number)
        return 200, {"ok": True, "result": self._message(number)}

    def _me(self, said: dict[str, str]) -> Reply:
        """ "getMe": basic information about the bot, as a User; what a token is tested with."""
        return 200, {"ok": True, "result": BOT}

    def _chat(self, said: dict[str, str]) -> Reply:
        """ "getChat": up to date information about the chat."""
        if said.get("chat_id") not in {self.chat, *self.chats}:
            return _refuse(400, "Bad Request: chat not found")
        return 200, {"ok": True, "result": {"id": int(said["chat_id"]), "type": "private"}}

    def _message(self, number: int) -> dict[str, object]:
        seen = self.shown[number]
        chat = {"id": int(seen["chat"]), "type": "private"}
        said = {"message_id": number, "date": 1_700_000_000, "chat": chat, "text": seen["text"], "from": BOT}
        return said | ({"reply_markup": {"inline_keyboard": seen["keyboard"]}} if seen["keyboard"] else {})

    def _updates(self, said: dict[str, str]) -> Reply:
        """ "getUpdates": an update is confirmed by an offset higher than its number; a negative offset starts from the
        end and forgets what is before; `limit` 1-100; long polling; not together with a webhook."""
        self.asked.append(said)
        if self.webhook:
            words = (
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
            )
            return _refuse(409, f"{words} first")
        offset, limit = int(said.get("offset", 0)), max(1, min(100, int(said.get("limit", 100))))
        until = time.monotonic() + min(50, int(said.get("timeout", 0)))
        wanted = json.loads(said.get("allowed_updates", "[]")) or list(ALL)
        with self.lock:
            self.poller += 1
            mine = self.poller
            self.lock.notify_all()
            if offset < 0:
                self.waiting = self.waiting[offset:]
            elif offset:
                self.waiting = [u for u in self.waiting if u["update_id"] >= offset]
            while True:
                if mine != self.poller:
                    words = "terminated by other getUpdates request; make sure that only one bot instance is running"
                    return _refuse(409, f"Conflict: {words}")
                found = [u for u in self.waiting if any(kind in u for kind in wanted)]
                if found or time.monotonic() >= until:
                    return 200, {"ok": True, "result": found[:limit]}
                self.lock.wait(max(0.01, until - time.monotonic()))

    def _answer(self, said: dict[str, str]) -> Reply:
        """ "answerCallbackQuery": text of 0-200 characters, while the query is young, once."""
        if len(said.get("text", "").encode("utf-16-le")) // 2 > 200:
            return _refuse(400, "Bad Request: MESSAGE_TOO_LONG")
        if self.queries.pop(said.get("callback_query_id", ""), None) is None:
            words = "query is too old and response timeout expired or query ID is invalid"
            return _refuse(400, f"Bad Request: {words}")
        self.answered.append(said)
        return 200, {"ok": True, "result": True}

    def _edit(self, said: dict[str, str]) -> Reply:
        """ "editMessageReplyMarkup": a message of the bot's own; another markup than it has."""
        number = int(said.get("message_id", 0))
        seen = self.shown.get(number)
        if seen is None or str(seen["chat"]) != said.get("chat_id"):
            return _refuse(400, "Bad Request: message to edit not found")
        keys = _keys(said)
        if keys == seen["keyboard"]:
            words = "specified new message content and reply markup are exactly the same as a current content and reply"
            return _refuse(400, f"Bad Request: message is not modified: {words} markup of the message")
        seen["keyboard"] = keys
        return 200, {"ok": True, "result": self._message(number)}


def clean(text: str) -> str:
    """What becomes of every text: control characters are spaces, carriage returns and U+2028 to U+202E go."""
    kept = (c for c in text if c != "\r" and not "\u2028" <= c <= "\u202e")
    return "".join(" " if c < " " and c != "\n" else c for c in kept).strip()


def _keys(said: dict[str, str]) -> list[list[dict[str, str]]]:
    found: list[list[dict[str, str]]] = json.loads(said.get("reply_markup", "{}")).get("inline_keyboard", [])
    return found


def _refuse(code: int, words: str, **parameters: float) -> Reply:
    said: dict[str, object] = {"ok": False, "error_code": code, "description": words}
    return code, {**said, "parameters": parameters} if parameters else said


@contextmanager
def running() -> Iterator[Telegram]:
    """Serves until the block ends."""
    state = Telegram()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if state.dropped:
                state.dropped -= 1
                self.close_connection = True
                return
            before = len(state.messages)
            status, reply = state.answer(self.path, _fields(self.headers.get("Content-Type", ""), body))
            if state.cut and len(state.messages) > before:
                state.cut -= 1
                self.close_connection = True
                return
            data = json.dumps(reply).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # whoever asked was killed
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever asked was killed."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        with state.lock:
            state.poller += 1
            state.lock.notify_all()
        server.shutdown()
        server.server_close()
        thread.join()


def _fields(kind: str, body: bytes) -> dict[str, str]:
    """The three ways the documentation names to pass parameters in a body."""
    if kind.startswith("application/json"):
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in json.loads(body).items()}
    if kind.startswith("multipart/form-data"):
        mail = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        return {str(p.get_param("name", header="content-disposition")): p.get_content() for p in mail.iter_parts()}
    return dict(parse_qsl(body.decode()))
