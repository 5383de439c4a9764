"""How the four providers refuse: status, headers and body per scenario, as their documentation shows them.

Sources: docs.anthropic.com (Errors, Rate limits), platform.openai.com (Error codes, Rate limits), the open source of
codex (usage_limit_reached with resets_at), openrouter.ai (Errors: mid-stream), ai.google.dev and google.rpc
(Status, RetryInfo, QuotaFailure, ErrorInfo).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.stubs.models_wire import event

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)


STATUSES = {"401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503, "529": 529}
REFUSALS = frozenset({*STATUSES, "ctx", "credit", "oldcredit", "usagelimit", "badkey"})

_ANTHROPIC = {
    "401": (401, "authentication_error", "invalid x-api-key"),
    "badkey": (401, "authentication_error", "invalid x-api-key"),
    "403": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "404": (404, "not_found_error", "model: no-such-model"),
    "429": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "500": (500, "api_error", "Internal server error"),
    "503": (503, "api_error", "Service unavailable"),
    "529": (529, "overloaded_error", "Overloaded"),
    "ctx": (400, "invalid_request_error", "prompt is too long: 215000 tokens > 200000 maximum"),
    "credit": (402, "billing_error", "There's an issue with your billing or payment information."),
    "oldcredit": (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "usagelimit": (429, "rate_limit_error", "This request would exceed your account's rate limit."),
}  # fmt: skip
_OPENAI = {
    "401": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "badkey": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "403": (403, "request_forbidden", "unsupported_country_region_territory", ("Country, region, or territory not "
            "supported")),
    "404": (404, "invalid_request_error", "model_not_found", ("The model `no-such-model` does not exist or you do not "
            "have access to it.")),
    "429": (429, "tokens", "rate_limit_exceeded", "Rate limit reached for the model on tokens per min."),
    "500": (500, "server_error", None, "The server had an error while processing your request. Sorry about that!"),
    "503": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
    "529": (529, "server_error", None, "The engine is currently overloaded, please try again later."),
    "ctx": (400, "invalid_request_error", "context_length_exceeded", ("This model's maximum context length is 128000 "
            "tokens. However, your messages resulted in 215000 tokens.")),
    "credit": (429, "insufficient_quota", "insufficient_quota", ("You exceeded your current quota, please check your "
               "plan and billing details.")),
    "usagelimit": (429, "requests", "rate_limit_exceeded", "Rate limit reached for the model on requests per day."),
}  # fmt: skip
_GEMINI = {
    "401": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "badkey": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "403": (403, "PERMISSION_DENIED", "Your API key doesn't have the required permissions."),
    "404": (404, "NOT_FOUND", "models/no-such-model is not found for API version v1beta."),
    "429": (429, "RESOURCE_EXHAUSTED", "You've exceeded the rate limit."),
    "500": (500, "INTERNAL", "An internal error has occurred."),
    "503": (503, "UNAVAILABLE", "The service is temporarily overloaded."),
    "529": (529, "UNAVAILABLE", "The service is temporarily overloaded."),
    "ctx": (400, "INVALID_ARGUMENT", ("The input token count (1215000) exceeds the maximum number of tokens allowed "
            "(1048576).")),
    "credit": (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
    "usagelimit": (429, "RESOURCE_EXHAUSTED", ("You exceeded your current quota, please check your plan and billing "
                   "details.")),
}  # fmt: skip


def refusal(wire: str, scenario: str, *, retry_after: str, reset: float) -> Refusal:
    """The provider's answer. `retry_after` in seconds as text, empty for none; `reset` in seconds from now."""
    if wire == "anthropic":
        return _anthropic(scenario, retry_after, reset)
    if wire == "gemini":
        return _gemini(scenario, retry_after, reset)
    return _openai(scenario, retry_after, reset, codex=wire == "responses")


def _anthropic(scenario: str, retry_after: str, reset: float) -> Refusal:
    status, kind, text = _ANTHROPIC[scenario]
    headers = {"request-id": "req_stub"}
    if retry_after:
        headers["retry-after"] = retry_after
        at = datetime.fromtimestamp(time.time() + float(retry_after), UTC)
        headers["anthropic-ratelimit-requests-remaining"] = "0"
        headers["anthropic-ratelimit-requests-reset"] = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    if scenario == "usagelimit":
        headers |= {
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(int(time.time() + reset)),
            "anthropic-ratelimit-unified-representative-claim": "five_hour",
            "anthropic-ratelimit-unified-5h-status": "rejected",
            "anthropic-ratelimit-unified-5h-reset": str(int(time.time() + reset)),
            "retry-after": str(int(reset)),
        }
    body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_stub"}
    return Refusal(status=status, body=body, headers=headers)


def _openai(scenario: str, retry_after: str, reset: float, *, codex: bool) -> Refusal:
    status, kind, code, text = _OPENAI["credit" if scenario == "oldcredit" else scenario]
    headers = {"x-request-id": "req_stub"}
    if retry_after:
        headers["retry-after"] = retry_after
    if scenario == "usagelimit" and codex:
        error: Json = {
            "type": "usage_limit_reached",
            "message": "The usage limit has been reached",
            "plan_type": "plus",
            "resets_at": int(time.time() + reset),
            "resets_in_seconds": int(reset),
        }
        return Refusal(status=429, body={"error": error}, headers=headers)
    if scenario == "usagelimit":
        headers |= {"x-ratelimit-limit-requests": "200", "x-ratelimit-remaining-requests": "0"}
        headers["x-ratelimit-reset-requests"] = f"{int(reset) // 60}m{int(reset) % 60}s"
    error = {"message": text, "type": kind, "param": None, "code": code}
    return Refusal(status=status, body={"error": error}, headers=headers)


def _gemini(scenario: str, retry_after: str, reset: float) -> Refusal:
    status, name, text = _GEMINI["credit" if scenario == "oldcredit" else scenario]
    details: list[Json] = []
    if scenario == "usagelimit":
        quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel", "quotaMetric": "generate_requests"}
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]})
        retry_after = f"{reset:g}"
    if scenario == "badkey":
        reason = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", **reason})
    if retry_after:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"})
    error: Json = {"code": status, "message": text, "status": name}
    if details:
        error["details"] = details
    return Refusal(status=status, body={"error": error})


def broken(wire: str) -> str:
    """The error that comes inside of a stream which began with 200."""
    if wire == "anthropic":
        return event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error")
    if wire == "responses":
        error = {"code": "server_error", "message": "The server had an error while processing your request."}
        response = {"id": "resp_stub", "object": "response", "status": "failed", "error": error, "output": []}
        return event({"type": "response.failed", "sequence_number": 9, "response": response}, "response.failed")
    if wire == "gemini":
        text = "The service is temporarily overloaded."
        return event({"error": {"code": 503, "message": text, "status": "UNAVAILABLE"}})
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
    error = {"code": "server_error", "message": "Provider disconnected"}
    return event({"id": "gen-stub", "object": "chat.completion.chunk", "error": error, "choices": [choice]})
