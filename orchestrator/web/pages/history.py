"""History: what is over, newest first, a page at a time."""

from __future__ import annotations

from urllib.parse import urlencode

from orchestrator.operations import history
from orchestrator.web.page import Asked, Crumb, Page, Shown


def show(asked: Asked) -> Shown:
    before = asked.query.get("before", "")
    seen = history.page(asked.services, before=before)
    values = {
        "seen": seen,
        "first": bool(before),
        "older": f"/history?{urlencode({'before': seen.older})}" if seen.older else "",
    }
    return Shown(template="history.html", title="History", crumbs=(Crumb(words="History"),), values=values)


PAGES = (Page(name="history", path="/history", show=show, nav="History"),)
