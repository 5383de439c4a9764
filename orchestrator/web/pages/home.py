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
MOST = 50
"""Cards of a column that are shown; how many more there are is said."""


def show(asked: Asked) -> Shown:
    seen = cards.home(asked.services)
    columns = [(who.value, *WORDS[who], seen.columns.get(who, ())) for who in Who]
    empty = not any(found for *_, found in columns)
    values = {"seen": seen, "columns": columns, "empty": empty, "most": MOST, "label": _label(asked)}
    return Shown(template="home.html", title="Home", values=values)


def _label(asked: Asked) -> str:
    """The label that sets an issue Ready, for whoever starts."""
    repos = asked.services.settings.repos
    return repos[0].ready_label if repos else ""


PAGES = (Page(name="home", path="/", show=show, nav="Home"),)
