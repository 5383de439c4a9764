"""One task: its transcript, attempts, change, verdicts, cost, and the orders that a person may give to it."""

from __future__ import annotations

from orchestrator.model.governance import Via
from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused, TaskLine, approve, steer, task_page, transcript
from orchestrator.operations import retry as again
from orchestrator.web.page import Answer, Asked, Crumb, Given, Order, Page, Shown

LINES = 300
"""Of the transcript, from its end."""


def show(asked: Asked) -> Shown:
    id = asked.path["id"]
    seen = task_page.page(asked.services, id)
    reader = transcript.Reader(asked.services, id, last=transcript.LAST)
    lines = reader.fresh()
    return Shown(
        template="task.html",
        title=seen.task.title,
        crumbs=(Crumb(words=id),),
        values={"seen": seen, "task": seen.task, "lines": lines[-LINES:], "cut": len(lines) > LINES, "live_task": id},
    )


def _send(given: Given) -> Answer:
    line = steer.send(given.services, given["id"], given["text"], person=given.person)
    return Answer(text=f"{line.id}: its agent hears it, now if one runs, else at its next run")


def _hold(given: Given) -> Answer:
    line = steer.hold(given.services, given["id"], person=given.person)
    return Answer(text=_stands(line, "is on hold" if line.folder == "hold" else "is being paused"))


def _stop(given: Given) -> Answer:
    line = steer.stop(given.services, given["id"], person=given.person, why=given["text"])
    return Answer(text=_stands(line, "is being stopped, its work is kept"))


def _retry(given: Given) -> Answer:
    line = again(given.services, given["id"], person=given.person)
    go = f"/tasks/{line.id}" if line.id != given["id"] else ""
    return Answer(text=_stands(line, "waits in the inbox again"), go=go)


def _approve(given: Given) -> Answer:
    said = approve.approve(given.services, given["id"], given.person, via=Via.WEB, why=given["text"], head=_head(given))
    return Answer(text=said.text)


def _reject(given: Given) -> Answer:
    said = approve.reject(given.services, given["id"], given.person, via=Via.WEB, why=given["text"], head=_head(given))
    return Answer(text=said.text)


def _head(given: Given) -> str:
    """A word is about the head that the page showed: it may have moved since, and nobody has looked at the new one."""
    if not given["head"]:
        raise OrderRefused("the page does not say which head it showed; load it again")
    return given["head"]


def _stands(line: TaskLine, words: str) -> str:
    return f"{line.id} {words}"


PAGES = (Page(name="task", path="/tasks/{id}", show=show, section="home"),)
ORDERS = (
    Order(name="task/send", right=Right.ORDER, run=_send, fields=("id", "text")),
    Order(name="task/hold", right=Right.ORDER, run=_hold, fields=("id",)),
    Order(name="task/stop", right=Right.ORDER, run=_stop, fields=("id", "text")),
    Order(name="task/retry", right=Right.ORDER, run=_retry, fields=("id",)),
    Order(name="task/approve", right=Right.APPROVE, run=_approve, fields=("id", "head", "text")),
    Order(name="task/reject", right=Right.APPROVE, run=_reject, fields=("id", "head", "text")),
)
