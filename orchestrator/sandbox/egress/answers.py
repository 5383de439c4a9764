"""What a provider's answer tells in numbers and codes: usage, an error's code, when a quota is back.

Read from JSON bodies and from server-sent events of four wire formats, told apart by their own shape: Anthropic
Messages, OpenAI Responses, OpenAI chat completions, Gemini generateContent. Texts are looked through and dropped.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from orchestrator.model.result import Usage
from orchestrator.model.times import stamp

BODY_BYTES = 8_000_000
"""Of a JSON answer that are looked through; a larger one tells nothing."""
LINE_BYTES = 4_000_000
"""Of one server-sent event."""
FAR = timedelta(days=40)
"""No quota is further away than a month's; what says so is not believed."""

_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


class Answer:
    """Fed with an answer's body as it passes through; then holds what it told."""

    def __init__(self, content_type: str, now: datetime) -> None:
        self.usage: Usage | None = None
        self.code = ""
        self.model = ""
        self.reset_at = ""
        self._now = now
        self._events = "event-stream" in content_type
        self._kept = bytearray()
        self._lost = False

    def feed(self, data: bytes) -> None:
        if not self._events:
            if len(self._kept) + len(data) <= BODY_BYTES:
                self._kept += data
            else:
                self._lost = True
            return
        *lines, rest = (bytes(self._kept) + data).split(b"\n")
        for line in lines:
            self._line(line)
        self._kept = bytearray(rest if len(rest) <= LINE_BYTES else b"")

    def end(self) -> None:
        if self._events:
            self._line(bytes(self._kept))
        elif not self._lost:
            self._json(bytes(self._kept))
        self._kept.clear()

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:") and line[5:6] != b"[":
            self._json(line[5:])

    def _json(self, data: bytes) -> None:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, dict):
                self._object(item)

    def _object(self, data: dict[str, Any]) -> None:
        inner = data.get("response") if isinstance(data.get("response"), dict) else data.get("message")
        for part in (data, inner if isinstance(inner, dict) else {}):
            self.model = code(part.get("model") or part.get("modelVersion")) or self.model
            if (told := usage(part, self.usage)) is not None:
                self.usage = told
            self._error(part.get("error"))
        if data.get("type") == "error" and not isinstance(data.get("error"), dict):
            self._error(data)

    def _error(self, error: object) -> None:
        if not isinstance(error, dict):
            return
        named = [error.get(name) for name in ("code", "status", "type")]
        self.code = next((c for c in map(code, named) if c and not c.isdigit()), "") or self.code
        self.reset_at = _body_reset(error, self._now) or self.reset_at


def code(value: object) -> str:
    """A code or a model's name, never a sentence."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def usage(data: dict[str, Any], before: Usage | None) -> Usage | None:
    """The usage that an answer or one of its events tells; later events of an answer complete the earlier ones."""
    told = data.get("usage")
    if isinstance(told, dict):
        if "prompt_tokens" in told:
            details = told.get("prompt_tokens_details")
            return _made(told["prompt_tokens"], _count(details, "cached_tokens"), told.get("completion_tokens"))
        if isinstance(told.get("input_tokens_details"), dict) or data.get("object") == "response":
            cached = _count(told.get("input_tokens_details"), "cached_tokens")
            return _made(told.get("input_tokens"), cached, told.get("output_tokens"))
        return _anthropic(told, before)
    told = data.get("usageMetadata")
    if isinstance(told, dict):
        out = _count(told, "candidatesTokenCount") + _count(told, "thoughtsTokenCount")
        return _made(told.get("promptTokenCount"), _count(told, "cachedContentTokenCount"), out)
    return None


def _anthropic(told: dict[str, Any], before: Usage | None) -> Usage | None:
    """message_start tells the input, message_delta the output so far (and the input again in newer versions)."""
    if "input_tokens" not in told and "output_tokens" not in told:
        return None
    old = before or Usage()
    fresh = "input_tokens" in told
    return Usage(
        input_tokens=_count(told, "input_tokens") + _count(told, "cache_creation_input_tokens")
        if fresh and (_count(told, "input_tokens") or not old.input_tokens)
        else old.input_tokens,
        cached_tokens=_count(told, "cache_read_input_tokens") or old.cached_tokens,
        output_tokens=max(_count(told, "output_tokens"), old.output_tokens),
        source="provider",
    )


def _made(sent: object, cached: int, answered: object) -> Usage:
    """`sent` includes what was cached, as OpenAI and Gemini count."""
    return Usage(
        input_tokens=max(0, _whole(sent) - cached),
        cached_tokens=cached,
        output_tokens=_whole(answered),
        source="provider",
    )


def _count(data: object, name: str) -> int:
    return _whole(data.get(name)) if isinstance(data, dict) else 0


def _whole(value: object) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12
    return value if good and isinstance(value, int) else 0


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header: a number or a date (RFC 9110, 10.2.3). None for anything else."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def header_reset(headers: dict[str, str], now: datetime) -> str:
    """When a refused quota is back, from the headers of the refusal (lower-case names); empty when none tells.

    Anthropic: anthropic-ratelimit-unified-reset (epoch) where a subscription's window is over, Retry-After, then
    anthropic-ratelimit-*-reset (RFC 3339) of what has none remaining. OpenAI: x-ratelimit-reset-* (durations).
    """
    if headers.get("anthropic-ratelimit-unified-status") == "rejected":
        told = moment(headers.get("anthropic-ratelimit-unified-reset", ""), now)
        if told:
            return told
    if (seconds := retry_after(headers.get("retry-after", ""), now)) is not None:
        return _in(seconds, now)
    found = []
    for name, value in headers.items():
        match = re.fullmatch(r"(anthropic-ratelimit-[a-z-]+|x-ratelimit)-(?:reset)(-[a-z-]+)?", name)
        if match is None:
            continue
        left = headers.get(f"{match[1]}-remaining{match[2] or ''}")
        if left == "0" and (told := moment(value, now)):
            found.append(told)
    return max(found, default="")


def moment(value: str, now: datetime) -> str:
    """A time as providers write it: epoch seconds, RFC 3339, or a duration such as 6m0s. Empty when it is none."""
    value = value.strip()
    if re.fullmatch(r"\d{9,11}", value):
        return _at(datetime.fromtimestamp(int(value), UTC), now)
    if match := _DURATION.fullmatch(value):
        days, hours, minutes, seconds, millis = (float(g or 0) for g in match.groups())
        return _in(days * 86400 + hours * 3600 + minutes * 60 + seconds + millis / 1000, now) if value else ""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return _at(at if at.tzinfo else at.replace(tzinfo=UTC), now)


def _body_reset(error: dict[str, Any], now: datetime) -> str:
    """OpenAI's usage_limit_reached says resets_at or resets_in_seconds, Gemini's RetryInfo retryDelay."""
    at, seconds = error.get("resets_at"), error.get("resets_in_seconds")
    if isinstance(at, int | str) and not isinstance(at, bool) and (told := moment(str(at), now)):
        return told
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0:
        return _in(float(seconds), now)
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (told := moment(delay, now)):
            return told
    return ""


def _in(seconds: float, now: datetime) -> str:
    return "" if seconds > FAR.total_seconds() else _at(now + timedelta(seconds=seconds), now)


def _at(at: datetime, now: datetime) -> str:
    return stamp(at) if now - timedelta(minutes=5) <= at <= now + FAR else ""
