"""Alerts: one per subject and state, to the ledger first, then to the pager.

Wanted: an operator is told each thing once, also when a process dies at any line or Telegram is away for a night.
So an alert is a small file in `runtime/state/alerts/`, named by its signature and written before anything is sent.
A signature that stands is never told again. What could not be sent stays in the file as `pending` and goes out with a
later tick. A process killed between sending and noting it would send twice; it notes `sending` first, and a message
found in that state counts as sent: better one lost buzz (the ledger has it) than the same one every minute.

Nor is an operator woken for what can wait, or rung thirty times in a minute: in the quiet hours only what is URGENT
goes out, the rest afterwards in one message; and more than BURST waiting alerts of one kind are one message.
"""

from __future__ import annotations

import contextlib
import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import datetime

from orchestrator import telegram
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.chat import CHOICES, Button, Keyboard, Offer
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy.quiet import quiet
from orchestrator.services import Services
from orchestrator.state.actions import Actions
from orchestrator.state.alerts import Waiting

LONGEST = 1_500
"""Characters of an alert's text: with the rest, and in whatever script, it is one message. The ledger has the whole."""
SIGNS = {
    AlertKind.DISPATCHED: "🚀 Dispatched",
    AlertKind.COMPLETED: "✅ Complete",
    AlertKind.BLOCKED: "⏸️ Blocked",
    AlertKind.ESCALATED: "🛑 Escalated",
    AlertKind.MANUAL_ACTION: "🔧 Manual action required",
    AlertKind.CI_FAILURE: "⚠️ CI failure",
    AlertKind.PLAN: "📋 Sprint plan",
    AlertKind.DIGEST: "🗞️ Daily summary",
    AlertKind.SYSTEM: "❗ Agent OS",
}
NOTHING_TO_DO = {
    AlertKind.DISPATCHED: "nothing to do; /send TASK TEXT speaks to its agent",
    AlertKind.COMPLETED: "nothing to do",
    AlertKind.CI_FAILURE: "nothing to do yet: an agent repairs it",
    AlertKind.DIGEST: "nothing to do; /tasks shows what waits",
}
"""Where an alert asks for nothing it says so: nobody has to open it to find out."""
URGENT = frozenset({AlertKind.MANUAL_ACTION, AlertKind.ESCALATED, AlertKind.SYSTEM})
"""What is told in the quiet hours too."""
BURST = 3
"""So many waiting alerts of one kind are told one by one; more are one message."""
LISTED = 6
"""Of a list so many are shown, then how many more there are."""
BRIEF = 160
"""Characters of one alert in a message of several."""
REFUSALS = 3
"""After so many refused messages in a row it is not the messages: the next flush tries again."""


def bullets(lines: Sequence[str]) -> str:
    """A list of any length for a message."""
    more = [f"…and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join([*(f"- {line}" for line in lines[:LISTED]), *more])


def tell(
    services: Services, kind: AlertKind, task: Task, state: str, text: str, *, action: str = "",
    offer: Offer | None = None,
) -> None:  # fmt: skip
    """An alert about a task. `state` tells occurrences apart: the same (task, kind, state) is told once, ever."""
    body = services.redact(f"{task.title}\n{text}".strip())
    told = Alert(
        kind=kind, subject=f"task:{task.id}", state=state, text=body, link=task.url, action=action, offer=offer
    )
    alert(services, told, task)


def alert(services: Services, alert: Alert, task: Task | None = None) -> None:
    if services.dry:
        return
    signature = f"{alert.kind.value}|{alert.subject}|{alert.state}"
    keyboard = _keyboard(services, alert, signature)
    if not services.outbox.add(signature, _text(services, alert), at=stamp(services.now()), keyboard=keyboard):
        return
    services.record(
        EventKind.ALERT, task, alert=alert.kind.value, subject=alert.subject, state=alert.state, text=str(alert.text)
    )
    flush(services)


def flush(services: Services) -> int:
    """Sends what waits and may go out now; returns how many alerts did. Without a configured chat they are only in the
    ledger."""
    settings = services.settings.telegram
    waiting = services.outbox.pending()
    if not (settings.token and settings.chat_id):
        for entry in waiting:
            services.outbox.close(entry, "ledger only")
        return 0
    sent = refused = 0
    for batch in _batches(services, waiting):
        with contextlib.ExitStack() as held:
            mine = [entry for entry in batch if held.enter_context(services.outbox.sending(entry))]
            if not mine:
                continue
            text, keyboard = _message(services, mine)
            answer = telegram.send(settings, text, keyboard=keyboard)
            if isinstance(answer, telegram.Sent):
                for entry in mine:
                    services.outbox.close(entry, "sent")
                sent += len(mine)
                refused = 0
                continue
            for entry in mine:
                services.outbox.keep(entry, answer.why)
            refused += 1
            # One message that Telegram will never take must not hold up the others.
            if not answer.lasting or refused >= REFUSALS:
                break
    return sent


def _batches(services: Services, waiting: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """What goes out as one message each, oldest first."""
    now = _is_quiet(services, services.now())
    may = [e for e in waiting if not now or _kind(e) in URGENT]
    held = [] if now else [e for e in may if _kind(e) not in URGENT and e.at and _is_quiet(services, parse(e.at))]
    if len(held) > 1:
        yield held
        may = [e for e in may if e not in held]
    of_kind: dict[AlertKind | None, list[Waiting]] = {}
    for entry in may:
        of_kind.setdefault(_kind(entry), []).append(entry)
    many = {kind for kind, entries in of_kind.items() if len(entries) > BURST}
    for entry in may:
        if (kind := _kind(entry)) not in many:
            yield [entry]
        elif of_kind[kind][0] is entry:
            yield of_kind[kind]


def _is_quiet(services: Services, at: datetime) -> bool:
    said = services.settings.telegram
    return bool(said.quiet_hours) and quiet(said.quiet_hours, at.astimezone(zoneinfo.ZoneInfo(said.timezone)).time())


def _kind(entry: Waiting) -> AlertKind | None:
    """None for a kind that this version does not know."""
    word = entry.signature.partition("|")[0]
    return next((kind for kind in AlertKind if kind.value == word), None)


def _message(services: Services, entries: Sequence[Waiting]) -> tuple[Public, Keyboard]:
    if len(entries) == 1:
        return services.redact(entries[0].text), entries[0].keyboard
    kinds = {_kind(e) for e in entries}
    kind = kinds.pop() if len(kinds) == 1 else None
    head = f"{SIGNS[kind]} ({len(entries)})" if kind else f"{len(entries)} alerts while it was quiet"
    shown = entries[:LISTED]
    lines = [head, *(_brief(e, with_sign=kind is None) for e in shown)]
    if len(entries) > LISTED:
        lines.append(f"…and {len(entries) - LISTED} more; /tasks shows what waits")
    # Each button says what it is about: under one message stand those of several.
    keyboard = tuple(
        tuple(Button(text=f"{b.text} {_subject(e)}"[:60], data=b.data) for b in row)
        for e in shown
        for row in e.keyboard
    )
    return services.redact("\n\n".join(lines)), keyboard


def _brief(entry: Waiting, *, with_sign: bool) -> str:
    lines = entry.text.split("\n")
    said = lines[0 if with_sign else 1 : 3]
    link = next((line for line in reversed(lines) if line.startswith("http") and " " not in line), "")
    text = " · ".join(line for line in said if line and line != link)
    short = text if len(text) <= BRIEF else text[: BRIEF - 1].rstrip() + "…"
    return f"{short}\n{link[:BRIEF]}".strip()


def _subject(entry: Waiting) -> str:
    return entry.signature.split("|")[1].partition(":")[2] if entry.signature.count("|") else ""


def _keyboard(services: Services, alert: Alert, signature: str) -> Keyboard:
    """The action is made with the alert, so that its buttons mean something as soon as anybody sees them."""
    said = services.settings.telegram
    if alert.offer is None or not (said.token and said.chat_id):
        return ()
    actions = Actions(root=services.settings.runtime / "state")
    made = actions.offer(alert.offer, signature=signature, subject=alert.subject, now=services.now())
    return (tuple(Button(text=words, data=made.data(choice)) for choice, words in CHOICES[made.kind]),)


def _text(services: Services, alert: Alert) -> Public:
    # Cut at the limit, never in two messages, and never at the end: that is where the link and what to do stand.
    text = alert.text if len(alert.text) <= LONGEST else alert.text[: LONGEST - 1].rstrip() + "…"
    action = alert.action or NOTHING_TO_DO.get(alert.kind, "")
    parts = [SIGNS[alert.kind], text, alert.link, f"→ {action}" if action else ""]
    return services.redact("\n".join(p for p in parts if p))
