"""One look at what was said to the bot, and what is done about it.

Wanted: nothing that was said is lost, and nothing is carried out or answered twice, wherever this process dies. So one
update at a time is begun, carried out, answered and only then confirmed, each step written down first (`state.polled`).
What only cannot be done now (GitHub is away) is left unconfirmed and comes again with the next look, for a while.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from orchestrator import notify, telegram
from orchestrator.bot import orders, people
from orchestrator.bot.orders import Reply
from orchestrator.github.errors import GitHubError, RateLimited, Unavailable
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.chat import Update
from orchestrator.model.errors import Told
from orchestrator.model.times import parse
from orchestrator.operations import answering
from orchestrator.services import Services
from orchestrator.state.actions import Actions
from orchestrator.state.effects import Unsettled
from orchestrator.state.polled import Polled, Step
from orchestrator.state.store import Busy

ASK = 25
"""Seconds of one question: Telegram answers as soon as somebody says something."""
PATIENCE = timedelta(minutes=10)
"""So long an order is tried again that could not be carried out or answered just now."""
LONGEST = 8_000
"""Characters of an answer: two messages."""

Guard = Callable[[], AbstractContextManager[list[str]]]
"""The fence of the role: what it caught is in the list."""


def poll(services: Services, guard: Guard, *, seconds: float) -> list[str]:
    """What was done, a line each. Goes on listening for `seconds`; 0: takes what is there and ends."""
    did: list[str] = []
    polled = Polled(root=services.settings.runtime / "state")
    until = time.monotonic() + seconds
    before = polled.ignored()
    while True:
        wait = min(ASK, max(0, int(until - time.monotonic())))
        heard = telegram.updates(services.settings.telegram, polled.offset(services.now()), wait=wait)
        if isinstance(heard, telegram.NotHeard):
            did.append(f"not heard: {services.redact(heard.why)}")
            if heard.conflict:
                _two(services)
            break
        if not all(_handled(services, polled, update, guard, did) for update in heard):
            break
        if not wait and not heard:
            break
    if (ignored := polled.ignored() - before) > 0:
        did.append(f"{ignored} passed over: not from anybody who has a say here")
    Actions(root=services.settings.runtime / "state").sweep(time.time())
    return did


def _handled(services: Services, polled: Polled, said: Update, guard: Guard, did: list[str]) -> bool:
    """False: it is not done yet, and neither is anything after it."""
    now = services.now()
    if polled.handled(said.id):
        polled.close(said.id, now)  # Telegram has not been told so: without that it would say it for ever
        return True
    person = people.who(services, said)
    if not person:
        polled.close(said.id, now, ignored=True)
        return True
    under = polled.under()
    mine = under if under is not None and under.id == said.id else None
    if mine is None or mine.step is Step.BEGUN:
        mine = polled.note(said.id, Step.BEGUN, now)
        reply = _reply(services, said, person, guard, again=under == mine, late=now - parse(mine.since) > PATIENCE)
        if reply is None:
            return False
        text = str(services.redact.head(reply.text, LONGEST))
        mine = polled.note(said.id, Step.ANSWERED, now, reply=text, keyboard=reply.keyboard)
        did.append(f"{person}: {_what(said)}")
    if mine.step is Step.ANSWERED and mine.reply:
        polled.note(said.id, Step.TELLING, now, reply=mine.reply, keyboard=mine.keyboard)
        sent = telegram.send(
            services.settings.telegram, services.redact(mine.reply), keyboard=mine.keyboard, chat=str(said.chat)
        )
        late = now - parse(mine.since) > PATIENCE
        if isinstance(sent, telegram.NotSent) and not (sent.lasting or sent.parts_sent or late):
            polled.note(said.id, Step.ANSWERED, now, reply=mine.reply, keyboard=mine.keyboard)
            return False
    polled.close(said.id, now)
    return True


def _reply(services: Services, said: Update, person: str, guard: Guard, *, again: bool, late: bool) -> Reply | None:
    """Carried out; None when it has to be tried again."""
    reply: Reply | None = Reply(text="")
    with guard() as failed:
        try:
            reply = (
                _pressed(services, said, person)
                if said.query
                else orders.carry_out(services, said, person, again=again)
            )
        except (Unavailable, RateLimited, Unsettled, Busy) as why:
            reply = Reply(text=f"Not done: {why}. Say it again later.") if late else None
        except GitHubError as why:
            reply = Reply(text=f"Not done, GitHub refuses: {why}")
        except Told as why:
            reply = _refused(services, said, str(why))
    if failed:
        return _refused(services, said, f"Not done, that failed here: {failed[0]}")
    return reply


def _pressed(services: Services, said: Update, person: str) -> Reply:
    answered = answering.press(services, said.data, person=person)
    text = services.redact(answered.text)
    told = telegram.answer(services.settings.telegram, said.query, text, alert=not answered.done)
    if answered.over and said.message:
        id = said.data.split(":")[1] if said.data.count(":") else ""
        left = tuple(tuple(b for b in row if id and f":{id}:" not in b.data) for row in said.keyboard)
        telegram.keyboard(services.settings.telegram, str(said.chat), said.message, tuple(row for row in left if row))
    # What was done stands in the chat for whoever reads it later; that nothing was, only the presser has to know.
    return Reply(text=f"{person}: {text}" if answered.done or not told else "")


def _refused(services: Services, said: Update, why: str) -> Reply:
    if said.query and telegram.answer(services.settings.telegram, said.query, services.redact(why), alert=True):
        return Reply(text="")
    return Reply(text=why)


def _what(said: Update) -> str:
    """For the role's log: which command or button, never its text."""
    return f"pressed {said.data}" if said.query else (said.text.split() or ["nothing"])[0][:30]


def _two(services: Services) -> None:
    """Somebody else takes what is said to this bot: half of the orders go there."""
    text = services.redact("Another program takes what is said to this bot (409): orders may not reach us.")
    action = "use a bot for one installation alone: end the other program, or make another bot with BotFather"
    state = services.now().date().isoformat()
    with contextlib.suppress(Busy):
        notify.alert(
            services,
            Alert(kind=AlertKind.SYSTEM, subject="telegram", state=f"conflict:{state}", text=text, action=action),
        )
