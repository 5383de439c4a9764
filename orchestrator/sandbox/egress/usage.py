"""Tokens, error codes and reset times in the answers of model providers. Pure; unknown shapes tell nothing.

Sources: docs.anthropic.com (Messages, streaming: `message_start` holds the input, `message_delta` the cumulative
output; input_tokens counts neither what was written to the cache nor what was read from it), platform.openai.com
(Responses: `response.completed`; chat completions: the last chunk or the body; both count cached input in the input),
api-docs.deepseek.com (`prompt_cache_hit_tokens`), ai.google.dev (`usageMetadata`: prompt with the cached part,
candidates without the thoughts; the last one counts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model.result import Usage
from orchestrator.sandbox.egress.record import word

Json = dict[str, Any]

MOST_TOKENS = 10**12
BAD_REQUEST = frozenset({"invalid_request_error", "INVALID_ARGUMENT"})
SENTENCES = (
    (re.compile(r"prompt is too long|input token count .{0,40}exceeds", re.IGNORECASE), "context_length_exceeded"),
    (re.compile(r"credit balance is too low", re.IGNORECASE), "billing_error"),
)
"""What Anthropic and Google refuse as any other bad request, with no code of its own anywhere: a prompt beyond the
context, and (Anthropic) an empty account. The only place where words are looked at, and only beside such a code."""
_CUMULATIVE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


@dataclass(kw_only=True)
class Told:
    """What one answer has told so far; `take` it each JSON object of the answer, in order."""

    code: str = ""
    model: str = ""
    error: Json = field(default_factory=dict)
    """The error object itself, for its reset time; never written anywhere."""
    usage: Usage | None = None
    _anthropic: Json = field(default_factory=dict)

    def take(self, data: object) -> None:
        if isinstance(data, list):  # Gemini without alt=sse: the stream is one array
            for each in data:
                if isinstance(each, dict):
                    self.take(each)
            return
        if not isinstance(data, dict):
            return
        inner = next((data[k] for k in ("response", "message") if isinstance(data.get(k), dict)), data)
        self.model = word(inner.get("model")) or word(inner.get("modelVersion")) or self.model
        self._take_error(data, inner)
        if isinstance(inner.get("usageMetadata"), dict):
            self.usage = _gemini(inner["usageMetadata"])
        used = inner.get("usage")
        if not isinstance(used, dict):
            return
        kind = data.get("type")
        if kind in ("message_start", "message_delta", "message"):
            for name in _CUMULATIVE:  # a later event may tell 0 for what an earlier one told
                self._anthropic[name] = max(_count(used, name), _count(self._anthropic, name))
            self.usage = _messages(self._anthropic)
        elif "prompt_tokens" in used:
            self.usage = _completions(used)
        elif "input_tokens" in used:
            self.usage = _responses(used)

    def _take_error(self, data: Json, inner: Json) -> None:
        error = next((d["error"] for d in (data, inner) if isinstance(d.get("error"), dict)), None)
        if error is None and data.get("type") == "error":
            error = data
        if error is None:
            return
        self.error = error
        reason = next((word(d.get("reason")) for d in details(error) if word(d.get("reason"))), "")
        status, kind = word(error.get("status")), word(error.get("type"))
        number = error.get("code")
        http = str(number) if isinstance(number, int) and 400 <= number < 600 else ""
        told = word(number) or status or (kind if error is not data else "") or http
        # Google says INVALID_ARGUMENT for a wrong key; only the reason tells it apart
        self.code = reason if reason.startswith("API_KEY") else _meant(error, told) or self.code or "error"


def _meant(error: Json, told: str) -> str:
    """The code; where it is only that of any bad request, the one that the sentence beside it stands for."""
    said = error.get("message")
    if told not in BAD_REQUEST or not isinstance(said, str):
        return told
    return next((code for pattern, code in SENTENCES if pattern.search(said[:2000])), told)


def details(error: Json) -> list[Json]:
    """Google's `details` (google.rpc.Status)."""
    found = error.get("details")
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []


def _messages(used: Json) -> Usage:
    return _usage(
        _count(used, "input_tokens") + _count(used, "cache_creation_input_tokens"),
        _count(used, "cache_read_input_tokens"),
        _count(used, "output_tokens"),
    )


def _responses(used: Json) -> Usage:
    cached = _count(_part(used, "input_tokens_details"), "cached_tokens")
    return _usage(_count(used, "input_tokens") - cached, cached, _count(used, "output_tokens"))


def _completions(used: Json) -> Usage:
    cached = max(
        _count(_part(used, "prompt_tokens_details"), "cached_tokens"),
        _count(used, "prompt_cache_hit_tokens"),
        _count(used, "cached_tokens"),
    )
    return _usage(_count(used, "prompt_tokens") - cached, cached, _count(used, "completion_tokens"))


def _gemini(used: Json) -> Usage:
    cached = _count(used, "cachedContentTokenCount")
    prompt = _count(used, "promptTokenCount") + _count(used, "toolUsePromptTokenCount")
    output = _count(used, "candidatesTokenCount") + _count(used, "thoughtsTokenCount")
    return _usage(prompt - cached, cached, output)


def _usage(fresh: int, cached: int, output: int) -> Usage:
    return Usage(input_tokens=max(0, fresh), cached_tokens=cached, output_tokens=output, source="provider")


def _part(used: Json, name: str) -> Json:
    found = used.get(name)
    return found if isinstance(found, dict) else {}


def _count(used: Json, name: str) -> int:
    value = used.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else 0
