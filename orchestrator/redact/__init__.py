"""Takes secrets out of text. The only maker of `Public`, and the last net, not the wall: agents hold no secrets at all.

Three passes, each in linear time whatever the text is (it is fed by attackers): what this installation knows to be
secret, in the spellings it may leak in; tokens that tell themselves by their form; values whose name or place says what
they are. Redact the whole text *before* it is cut to a length: half a token is still half a secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.model.names import Public
from orchestrator.redact import finding, known, places, tokens
from orchestrator.redact.finding import Hit

__all__ = ("Hit", "Redactor")

_INVISIBLE = dict.fromkeys(
    [0xAD, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
"""Characters nobody sees, which would hide a token from every rule."""


@dataclass(frozen=True, kw_only=True)
class Redactor:
    """Knows the installation's own secrets; values under 8 characters are left out, they would hit ordinary words."""

    known: tuple[str, ...] = field(default=(), repr=False)
    later: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False)
    """Asked each time for what became known since: a token that was minted meanwhile."""

    def __call__(self, text: str) -> Public:
        """The text with each secret replaced by `[redacted]` or `[redacted:<kind>]`. Idempotent."""
        if text.isascii():
            return Public(self._clean(text.encode()).decode("utf-8", "replace"))
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        seen = self._clean(text.encode()).decode("utf-8", "replace")
        bare = text.translate(_INVISIBLE)
        if bare != text:
            # A token split by invisible characters shows only without them; harmless text keeps its own.
            clean = self._clean(bare.encode()).decode("utf-8", "replace")
            if clean != seen.translate(_INVISIBLE):
                return Public(clean)
        return Public(seen)

    def head(self, text: str, limit: int) -> Public:
        """At most `limit` characters from the start, cut after the whole text was seen."""
        return Public(self(text)[:limit])

    def tail(self, text: str, limit: int) -> Public:
        """At most `limit` characters from the end, cut after the whole text was seen."""
        return Public(self(text)[-limit:] if limit > 0 else "")

    def find(self, text: str) -> tuple[Hit, ...]:
        """Where the text holds a secret: one hit per line and kind, in its order. Placeholders, published examples and
        made-up values are none, but what this installation knows to be secret always is."""
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        hits = finding.find(text.encode(), self._all())
        bare = text.translate(_INVISIBLE)
        if bare == text:
            return hits
        return tuple(sorted({*hits, *finding.find(bare.encode(), self._all())}, key=lambda hit: (hit.line, hit.kind)))

    def _clean(self, text: bytes) -> bytes:
        return places.clean(tokens.clean(known.clean(text, self._all())))

    def _all(self) -> tuple[str, ...]:
        return (*self.known, *self.later())
