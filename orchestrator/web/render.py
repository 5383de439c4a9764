"""Values to HTML: templates with escaping always on, and the few words that every page writes alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from orchestrator.model.times import parse

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

SHORT = 12
"""Characters; a shorter text is no secret that anybody could tell from a word."""
_REDACT: ContextVar[Callable[[str], str] | None] = ContextVar("redact", default=None)
NONE = "–"
"""Stands where a number is not known."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Raises ImportError where the extra [web] is not installed."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("orchestrator.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_clean,
    )
    made.filters.update(
        usd=usd, duration=duration, day=day, clock=clock, sha=sha, number=number, signed=signed, ticks=ticks
    )
    return made


def page(template: str, values: Mapping[str, Any], redact: Callable[[str], str]) -> str:
    """Every text of the values is seen by `redact` where it is put in: files of ours hold what strangers wrote."""
    token = _REDACT.set(redact)
    try:
        return environment().get_template(template).render(values)
    finally:
        _REDACT.reset(token)


def _clean(value: object) -> object:
    """What is put into a page. Markup was put together from cleaned pieces; what is short is no secret."""
    if type(value) is not str or len(value) < SHORT or (redact := _REDACT.get()) is None:
        return value
    return redact(value)


def has_part(template: str, block: str) -> bool:
    """Whether a page asks for this block alone when something happened."""
    return block in environment().get_template(template).blocks


def ticks(text: str) -> Markup:
    """What stands in backticks as code; escaped."""
    from markupsafe import Markup, escape

    text = str(_clean(str(text)))
    words = text.split("`")
    if len(words) % 2 == 0:  # one is left over: they are not meant so
        return Markup(escape(text))
    return Markup().join(Markup("<code>{}</code>").format(w) if n % 2 else w for n, w in enumerate(words))


def usd(amount: float | None) -> str:
    if amount is None:
        return NONE
    return f"${amount:.2f}" if amount >= 0.005 or amount == 0 else f"${amount:.4f}"


def number(value: float | None, digits: int = 0) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """With its sign; the minus is as wide as the plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    whole = int(seconds)
    for size, unit, below, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def day(at: str) -> str:
    return _at(at, "%Y-%m-%d")


def clock(at: str) -> str:
    """To the minute, UTC."""
    return _at(at, "%Y-%m-%d %H:%M")


def sha(value: str | None) -> str:
    return value[:10] if value else NONE


def _at(at: str, form: str) -> str:
    found: datetime | None
    try:
        found = parse(at) if at else None
    except ValueError:
        return at
    return found.strftime(form) if found else NONE
