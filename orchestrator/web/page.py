"""What a page and an order of the web page are: a name, an address, and one function that calls `operations`.

A page is asked with values and answers with values for its template; nothing here knows of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.model.operators import Right
from orchestrator.services import Services


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One look at a page."""

    services: Services
    person: str
    path: Mapping[str, str] = field(default_factory=dict)
    """The parts of the address that the page names in braces."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Each name once, bounded by the guard."""


@dataclass(frozen=True, kw_only=True)
class Crumb:
    words: str
    href: str = ""
    """Empty: here."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page says. `values` are seen by its template beside `page`, `person` and the macros."""

    template: str
    title: str
    crumbs: tuple[Crumb, ...] = ()
    """After Home, the page itself last."""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """`show` may raise OrderRefused (shown as what it says, with status 404) and CorruptState."""

    name: str
    path: str
    """As Starlette writes routes: `/tasks/{id}`, `/repos/{repo:path}`."""
    show: Callable[[Asked], Shown]
    nav: str = ""
    """Its words in the navigation; empty: it is not there."""
    section: str = ""
    """The name of the page that the navigation marks as the present one; empty: its own."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """One order as it came in: JSON, each field a text."""

    services: Services
    person: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, kw_only=True)
class Answer:
    text: str
    """What was done, in words, shown to whoever ordered it."""
    go: str = ""
    """The address to go to now; empty: stay, and show the page anew."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """`POST /orders/<name>`. `run` may raise OrderRefused: its words are shown, and nothing was done."""

    name: str
    right: Right
    run: Callable[[Given], Answer]
    fields: tuple[str, ...] = ()
    """The fields it knows; any other in the request is refused."""
