"""Agents: success, cost, what keeps one from work, and the queue."""

from __future__ import annotations

from orchestrator.operations import agents_page
from orchestrator.web.page import Asked, Crumb, Page, Shown


def show(asked: Asked) -> Shown:
    seen = agents_page.page(asked.services)
    return Shown(template="agents.html", title="Agents", crumbs=(Crumb(words="Agents"),), values={"seen": seen})


PAGES = (Page(name="agents", path="/agents", show=show, nav="Agents"),)
