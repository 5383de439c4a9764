"""What a run's failure was: first by what our proxy saw of its provider, then by the program's own events.

Status, error code and Retry-After are the provider's own; wording changes between versions and decides nothing. Sources
of the codes: Anthropic API errors (invalid_request_error, authentication_error, permission_error, not_found_error,
request_too_large, rate_limit_error, api_error, overloaded_error, billing_error), OpenAI error codes
(insufficient_quota, context_length_exceeded, rate_limit_exceeded, invalid_api_key), Gemini API (RESOURCE_EXHAUSTED,
UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import Price
from orchestrator.model.stream import RunOutcome

CODES = {
    "insufficient_quota": FailureClass.QUOTA,
    "usage_limit_reached": FailureClass.QUOTA,
    "billing_error": FailureClass.QUOTA,
    "rate_limit_error": FailureClass.QUOTA,
    "rate_limit_exceeded": FailureClass.QUOTA,
    "resource_exhausted": FailureClass.QUOTA,
    "authentication_error": FailureClass.AUTH,
    "permission_error": FailureClass.AUTH,
    "invalid_api_key": FailureClass.AUTH,
    "unauthenticated": FailureClass.AUTH,
    "permission_denied": FailureClass.AUTH,
    "context_length_exceeded": FailureClass.CONTEXT_OVERFLOW,
    "request_too_large": FailureClass.CONTEXT_OVERFLOW,
    "not_found_error": FailureClass.MISCONFIGURED,
    "model_not_found": FailureClass.MISCONFIGURED,
    "api_error": FailureClass.SERVER,
    "server_error": FailureClass.SERVER,
    "overloaded_error": FailureClass.SERVER,
    "unavailable": FailureClass.SERVER,
    "internal": FailureClass.SERVER,
}
OVERRULED = frozenset(
    {FailureClass.UNKNOWN, FailureClass.CRASHED, FailureClass.SERVER, FailureClass.NETWORK, FailureClass.QUOTA,
     FailureClass.AUTH, FailureClass.CONTEXT_OVERFLOW, FailureClass.MISCONFIGURED, FailureClass.DID_NOTHING,
     FailureClass.NO_OUTPUT, FailureClass.WALL_TIME}
)  # fmt: skip
"""What the provider's answer explains better than the program's end does."""


def of(exchange: Exchange) -> FailureClass:
    """What one request's end means; NONE for a good answer, UNKNOWN for a refusal without a known code."""
    if exchange.code:
        known = CODES.get(exchange.code.lower())
        if known is not None:
            return known
    status = exchange.status
    if status == 0 or (status < 400 and not exchange.complete):
        return FailureClass.NETWORK
    if status < 400:
        return FailureClass.SERVER if exchange.code else FailureClass.NONE
    if status in (402, 429):
        return FailureClass.QUOTA
    if status in (401, 403):
        return FailureClass.AUTH
    if status == 404:
        return FailureClass.MISCONFIGURED
    if status == 413:
        return FailureClass.CONTEXT_OVERFLOW
    return FailureClass.SERVER if status >= 500 else FailureClass.UNKNOWN


def settled(outcome: RunOutcome, exchanges: Sequence[Exchange], price: Price | None) -> RunOutcome:
    """The outcome with what our proxy saw: the failure's class, the reset time, the usage."""
    outcome = replace(outcome, requests=len(exchanges), usage=usage(outcome.usage, exchanges, price))
    if not exchanges or outcome.failure not in OVERRULED:
        return outcome
    last = exchanges[-1]
    seen = of(last)
    if seen is FailureClass.NONE or (seen is FailureClass.UNKNOWN and outcome.failure is not FailureClass.CRASHED):
        return outcome
    told = f"its provider answered {last.status or 'nothing'}" + (f" {last.code}" if last.code else "")
    detail = f"{told}; {outcome.detail}" if outcome.detail else told
    reset = last.reset_at or (outcome.reset_at if seen is FailureClass.QUOTA else "")
    return replace(outcome, failure=seen, reset_at=reset if seen is FailureClass.QUOTA else "", detail=detail)


def usage(told: Usage, exchanges: Sequence[Exchange], price: Price | None) -> Usage:
    """Tokens as our proxy counted them, else as the program told them. Money as the program told it, else computed
    from the price, else unknown."""
    seen = [e.usage for e in exchanges if e.usage is not None]
    tokens = told
    if seen:
        tokens = Usage(
            input_tokens=sum(u.input_tokens for u in seen),
            cached_tokens=sum(u.cached_tokens for u in seen),
            output_tokens=sum(u.output_tokens for u in seen),
            cost_usd=told.cost_usd,
            source="provider",
        )
    if tokens.cost_usd is None and price is not None and (tokens.input_tokens or tokens.output_tokens):
        return replace(tokens, cost_usd=cost(tokens, price), source="computed")
    return tokens


def cost(usage: Usage, price: Price) -> float:
    """USD. `input_tokens` are those that were not read from the cache."""
    cached = price.input if price.cached is None else price.cached
    money = usage.input_tokens * price.input + usage.cached_tokens * cached + usage.output_tokens * price.output
    return round(money / 1_000_000, 6)
