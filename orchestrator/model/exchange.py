"""One request of an agent to its provider, as our proxy saw it. Numbers and codes only, never a text of either side."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.result import Usage


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """`status` 0 = no answer came (refused, reset, timed out before the headers)."""

    at: str
    """UTC, ISO 8601, when the request came in."""
    method: str
    path: str
    """Without its query."""
    status: int
    code: str = ""
    """The error's type or code as the answer's body told it (`error.type`, `error.code`, `error.status`), else empty;
    at most 64 characters of [A-Za-z0-9_.:/-]; `error` where an error object names none. Also set for an error event
    inside of a stream that began with 200."""
    retry_after: float | None = None
    """Seconds, from Retry-After (a number or a date)."""
    reset_at: str = ""
    """UTC, from the provider's rate limit headers or from retry_after; empty when nothing told it."""
    complete: bool = True
    """The answer came to its proper end; False when the connection broke in the middle of it."""
    left: bool = False
    """It was the agent's side that went away before the end (killed, or no longer interested); tells nothing of the
    provider."""
    usage: Usage | None = None
    """What the answer itself reported; `input_tokens` holds what was not cached, `source` is provider."""
    model: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A connection that an agent wanted and did not get."""

    at: str
    target: str
    """host:port, at most 255 characters."""
    why: str
