"""Ledger: searched from the newest back; one change retraced; proved on demand."""

from __future__ import annotations

from urllib.parse import urlencode

from orchestrator.model.operators import Right
from orchestrator.operations import ledger_page, retrace, wording
from orchestrator.operations.retrace import Step
from orchestrator.web.page import Answer, Asked, Crumb, Given, Order, Page, Shown

_MOST_STEPS = 400
_FIELDS = ("subject", "kind", "actor", "text")


def show(asked: Asked) -> Shown:
    said = {name: asked.query.get(name, "").strip() for name in _FIELDS}
    seen = ledger_page.search(asked.services, ledger_page.Asked(**said), before=asked.query.get("before", ""))
    values = {
        "seen": seen,
        "said": said,
        "kinds": ledger_page.KINDS,
        "proof": ledger_page.last_proof(asked.services),
        "older": _address({**said, "before": seen.older}) if seen.older else "",
        "first": _address(said) if asked.query.get("before") else "",
        "head": asked.services.ledger.head()[0],
        "retrace": urlencode({"subject": said["subject"]}) if said["subject"] else "",
    }
    return Shown(template="ledger.html", title="Ledger", crumbs=(Crumb(words="Ledger"),), values=values)


def trace(asked: Asked) -> Shown:
    subject = asked.query.get("subject", "").strip()
    found = retrace.retrace(asked.services, subject)
    groups = (
        ("Vouched for", found.vouched),
        ("Findings of the gate", found.verdicts),
        ("Reviews", found.reviews),
        ("Approvals", found.approvals),
        ("Pushes", found.pushes),
        ("Merges", found.merges),
        ("Every event", found.steps[:_MOST_STEPS]),
    )
    values = {
        "found": found,
        "title": asked.services.redact(found.title),
        "groups": [(title, [(s, _words(asked, s)) for s in steps]) for title, steps in groups if steps],
        "more": max(0, len(found.steps) - _MOST_STEPS),
    }
    crumbs = (Crumb(words="Ledger", href="/ledger"), Crumb(words=subject))
    return Shown(template="trace.html", title=f"{subject} retraced", crumbs=crumbs, values=values)


def verify(given: Given) -> Answer:
    proof = ledger_page.verify(given.services, person=given.person, offline=given["offline"] != "no")
    word = "holds" if proof.found.ok else "DOES NOT HOLD"
    return Answer(text=f"{proof.found.events} events looked at in {proof.seconds:g} s: the chain {word}")


def _words(asked: Asked, step: Step) -> str:
    return str(asked.services.redact(wording.words({**step.data, **step.hashes})))


def _address(fields: dict[str, str]) -> str:
    return "/ledger?" + urlencode({name: value for name, value in fields.items() if value})


PAGES = (
    Page(name="ledger", path="/ledger", show=show, nav="Ledger"),
    Page(name="trace", path="/ledger/trace", show=trace, section="ledger"),
)
ORDERS = (Order(name="ledger-verify", right=Right.SEE, run=verify, fields=("offline",)),)
