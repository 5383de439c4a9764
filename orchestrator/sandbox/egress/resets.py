"""When a provider that refused may be asked again. Pure: the moment of the answer is given.

Sources: RFC 9110 section 10.2.3 (Retry-After: seconds or a date), OpenAI's `retry-after-ms`,
`anthropic-ratelimit-unified-reset` (seconds since 1970) and `anthropic-ratelimit-<what>-reset` (RFC 3339),
`x-ratelimit-reset-<what>` (a duration as `6m0s`, `20ms`; some providers write seconds or milliseconds since 1970),
codex's `usage_limit_reached` (`resets_at`, `resets_in_seconds`), google.rpc.RetryInfo (`retryDelay: "34s"`).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from orchestrator.model.times import stamp
from orchestrator.sandbox.egress.usage import details
from orchestrator.sandbox.egress.wire import Head

MOST = 400 * 86400.0
"""Seconds. What says more is no time that anybody meant."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|s|m|h|d)")
_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,9})?")
_LIMIT = re.compile(r"(?:anthropic-ratelimit|x-ratelimit)-(?:(?P<word>reset|remaining)-?(?P<of>[\w-]*)|"
                    r"(?P<what>[\w-]+)-(?P<last>reset|remaining))")  # fmt: skip


def retry_after(head: Head, now: datetime) -> float | None:
    """Seconds, not below 0; None where the answer names none."""
    if (exact := head.first("retry-after-ms")) and _NUMBER.fullmatch(exact):
        return _sane(float(exact) / 1000)
    said = head.first("retry-after")
    if _NUMBER.fullmatch(said):
        return _sane(float(said))
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return _sane(max(0.0, (at - now).total_seconds()))


def reset_at(head: Head, error: dict[str, Any], now: datetime) -> str:
    """UTC, rounded up to a second; empty where nothing names a time to come. What the error itself says comes first,
    then a subscription's window, Retry-After, and the limits that are used up."""
    for seconds in (_told(error, now), _after(head.first("anthropic-ratelimit-unified-reset"), now),
                    retry_after(head, now), _limits(head, now)):  # fmt: skip
        if seconds is not None and seconds > 0 and _sane(seconds) is not None:
            return stamp(datetime.fromtimestamp(math.ceil(now.timestamp() + seconds), UTC))
    return ""


def _told(error: dict[str, Any], now: datetime) -> float | None:
    for name in ("resets_at", "resets_in_seconds"):
        value = error.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return value - now.timestamp() if name == "resets_at" else float(value)
    for each in details(error):
        delay = each.get("retryDelay")
        if isinstance(delay, str) and _DURATION.fullmatch(delay):
            return _duration(delay)
    return None


def _limits(head: Head, now: datetime) -> float | None:
    """The latest reset of the limits that have nothing left, else of all limits."""
    resets: dict[str, float] = {}
    left: dict[str, str] = {}
    for key, value in head.headers:
        match = _LIMIT.fullmatch(key.lower())
        if match is None:
            continue
        what = match["what"] or match["of"] or ""
        if (match["last"] or match["word"]) == "remaining":
            left[what] = value
        elif (seconds := _after(value, now)) is not None:
            resets[what] = seconds
    spent = [seconds for what, seconds in resets.items() if left.get(what) == "0"]
    return max(spent or resets.values(), default=None)


def _after(text: str, now: datetime) -> float | None:
    """Seconds until a time in any of the spellings."""
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number < 1e9:
            return number
        return (number / 1000 if number > 1e11 else number) - now.timestamp()
    if _DURATION.fullmatch(text):
        return _duration(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at - now) / timedelta(seconds=1) if at.tzinfo else None


def _duration(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _sane(seconds: float) -> float | None:
    return seconds if seconds <= MOST else None
