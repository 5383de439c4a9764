"""Home: everything that is not over, by who needs to act."""

from __future__ import annotations

from orchestrator.model.standing import Who
from orchestrator.operations import cards
from orchestrator.web.page import Asked, Page, Shown

WORDS = {
    Who.YOU: ("You", "Nothing waits for you."),
    Who.AGENTS: ("Agents", "No agent is at work."),
    Who.CI: ("Checks", "No check is running."),
    Who.WAITING: ("Waiting", "Nothing waits for its turn."),
}
"""A column's heading, and what it says when it is empty."""


def show(asked: Asked) -> Shown:
    seen = cards.home(asked.services)
    columns = [(who, *WORDS[who], seen.columns.get(who, ())) for who in Who]
    empty = not any(found for *_, found in columns)
    return Shown(template="home.html", title="Home", values={"seen": seen, "columns": columns, "empty": empty})


PAGES = (Page(name="home", path="/", show=show, nav="Home"),)
