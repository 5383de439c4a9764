"""Alerts: one per subject and state, to the ledger first, then to the pager.

Wanted: an operator is told each thing once, also when a process dies at any line or Telegram is away for a night.
So an alert is a small file in `runtime/state/alerts/`, named by its signature and written before anything is sent.
A signature that stands is never told again. What could not be sent stays in the file as `pending` and goes out with a
later tick. A process killed between sending and noting it would send twice; it notes `sending` first, and a message
found in that state counts as sent: better one lost buzz (the ledger has it) than the same one every minute.
"""

from __future__ import annotations

from orchestrator import telegram
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public
from orchestrator.model.task import Task
from orchestrator.services import Services

LONGEST = 1_500
"""Characters of an alert's text: with the rest, and in whatever script, it is one message. The ledger has the whole."""
SIGNS = {
    AlertKind.DISPATCHED: "🚀 Dispatched",
    AlertKind.COMPLETED: "✅ Complete",
    AlertKind.BLOCKED: "⏸️ Blocked",
    AlertKind.ESCALATED: "🛑 Escalated",
    AlertKind.MANUAL_ACTION: "🔧 Manual action required",
    AlertKind.CI_FAILURE: "⚠️ CI failure",
    AlertKind.DIGEST: "🗞️ Daily summary",
    AlertKind.SYSTEM: "❗ Agent OS",
}


def tell(services: Services, kind: AlertKind, task: Task, state: str, text: str, *, action: str = "") -> None:
    """An alert about a task. `state` tells occurrences apart: the same (task, kind, state) is told once, ever."""
    link = task.url
    body = services.redact(f"{task.title}\n{text}".strip())
    alert(services, Alert(kind=kind, subject=f"task:{task.id}", state=state, text=body, link=link, action=action), task)


def alert(services: Services, alert: Alert, task: Task | None = None) -> None:
    if services.dry:
        return
    signature = f"{alert.kind.value}|{alert.subject}|{alert.state}"
    if not services.outbox.add(signature, _text(services, alert)):
        return
    services.record(
        EventKind.ALERT, task, alert=alert.kind.value, subject=alert.subject, state=alert.state, text=str(alert.text)
    )
    flush(services)


def flush(services: Services) -> int:
    """Sends what waits; returns how many went out. Without a configured chat they are only in the ledger."""
    settings = services.settings.telegram
    sent = 0
    for entry in services.outbox.pending():
        if not (settings.token and settings.chat_id):
            services.outbox.close(entry, "ledger only")
            continue
        with services.outbox.sending(entry) as mine:
            if not mine:
                continue
            answer = telegram.send(settings, services.redact(entry.text))
            if isinstance(answer, telegram.Sent):
                services.outbox.close(entry, "sent")
                sent += 1
            else:
                services.outbox.keep(entry, answer.why)
                break
    return sent


def _text(services: Services, alert: Alert) -> Public:
    # Cut at the limit, never in two messages, and never at the end: that is where the link and what to do stand.
    text = alert.text if len(alert.text) <= LONGEST else alert.text[: LONGEST - 1].rstrip() + "…"
    parts = [SIGNS[alert.kind], text, alert.link, f"→ {alert.action}" if alert.action else ""]
    return services.redact("\n".join(p for p in parts if p))
