"""What a run's failure was: first by what our proxy saw of its provider, then by the program's own events.

Status, error code and Retry-After are the provider's own; wording changes between versions and decides nothing. Sources
of the codes: Anthropic API errors (invalid_request_error, authentication_error, permission_error, not_found_error,
request_too_large, rate_limit_error, api_error, overloaded_error, billing_error), OpenAI error codes
(insufficient_quota, context_length_exceeded, rate_limit_exceeded, invalid_api_key), Gemini API (RESOURCE_EXHAUSTED,
UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE; reason API_KEY_INVALID, which comes with 400).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import Price
from orchestrator.model.stream import RunOutcome
from orchestrator.model.times import parse, stamp

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
    "api_key_invalid": FailureClass.AUTH,
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
STATUSES = {
    401: FailureClass.AUTH,
    402: FailureClass.QUOTA,
    403: FailureClass.AUTH,
    404: FailureClass.MISCONFIGURED,
    408: FailureClass.NETWORK,
    413: FailureClass.CONTEXT_OVERFLOW,
    429: FailureClass.QUOTA,
}
OVERRULED = frozenset(
    {FailureClass.UNKNOWN, FailureClass.CRASHED, FailureClass.SERVER, FailureClass.NETWORK, FailureClass.QUOTA,
     FailureClass.AUTH, FailureClass.CONTEXT_OVERFLOW, FailureClass.MISCONFIGURED, FailureClass.DID_NOTHING,
     FailureClass.NO_OUTPUT, FailureClass.WALL_TIME}
)  # fmt: skip
"""What the provider's answer explains better than the program's end does."""

BELIEVED = timedelta(days=1)
"""How far a time to come is believed that the program alone told of a refusal that our proxy saw."""
DEAREST = 1e-3
SURELY = 1.0
"""USD of one token and beside all tokens. No model is a tenth as dear: money beyond that, against the tokens that our
proxy counted, was told to use up somebody's budget."""

WORTH_WAITING = 90.0
"""Seconds until a refusal's told end for which a program may sleep."""
TRIES = 4
TRYING = 20.0
"""So many refusals without a good answer between them, over so many seconds: enough."""


def of(exchange: Exchange) -> FailureClass:
    """What one request's end means; NONE for a good answer and for one that the agent itself broke off, UNKNOWN for a
    refusal without a known code."""
    if _silent(exchange):
        return FailureClass.NONE
    code = exchange.code.lower()
    if code in CODES:
        return CODES[code]
    status = exchange.status
    if status == 0 or (status < 400 and not exchange.complete and not code):
        return FailureClass.NETWORK
    if status < 400 and code:  # an error inside of a stream; some name it by its status
        return _by_status(int(code)) if re.fullmatch(r"[45]\d\d", code) else FailureClass.SERVER
    return _by_status(status)


def _by_status(status: int) -> FailureClass:
    if status < 400:
        return FailureClass.NONE
    return STATUSES.get(status, FailureClass.SERVER if status >= 500 else FailureClass.UNKNOWN)


def hopeless(exchanges: Sequence[Exchange]) -> bool:
    """The program tries on although its provider refuses: some do so for minutes, or sleep for as long as Retry-After
    says. Ended, its engineer cools down until the told time and another one takes over."""
    asked = [e for e in exchanges if e.method == "POST" and not _silent(e)]
    streak: list[Exchange] = []
    for exchange in reversed(asked):
        if of(exchange) is FailureClass.NONE:
            break
        streak.append(exchange)
    if not streak:
        return False
    last, first = streak[0], streak[-1]
    if of(last) is FailureClass.QUOTA and last.reset_at and _between(last.at, last.reset_at) > WORTH_WAITING:
        return True
    return len(streak) >= TRIES and _between(first.at, last.at) >= TRYING


def _between(first: str, second: str) -> float:
    """Seconds; 0 where one of them is no time."""
    try:
        return (parse(second) - parse(first)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0


def settled(outcome: RunOutcome, exchanges: Sequence[Exchange], price: Price | None) -> RunOutcome:
    """The outcome with what our proxy saw: the failure's class, the reset time, the usage."""
    outcome = replace(outcome, requests=len(exchanges), usage=usage(outcome.usage, exchanges, price))
    last = _telling(exchanges)
    if last is None or outcome.failure not in OVERRULED:
        return outcome
    seen = of(last)
    if seen is FailureClass.NONE and outcome.failure is FailureClass.QUOTA:
        return _claimed(outcome, exchanges)
    if seen is FailureClass.NONE or (seen is FailureClass.UNKNOWN and outcome.failure is not FailureClass.CRASHED):
        return outcome
    told = f"its provider answered {last.status or 'nothing'}" + (f" {last.code}" if last.code else "")
    detail = f"{told}; {outcome.detail}" if outcome.detail else told
    reset = _reset(last, outcome) if seen is FailureClass.QUOTA else ""
    return replace(outcome, failure=seen, reset_at=reset, detail=detail)


def _claimed(outcome: RunOutcome, exchanges: Sequence[Exchange]) -> RunOutcome:
    """The program says quota, and its provider answered well in the end. What an agent runs can write such a line, and
    it would send its engineer to rest for every task: so it holds where the provider did refuse, else it is a run that
    failed for reasons of its own."""
    refused = next((e for e in reversed(exchanges) if not _silent(e) and of(e) is FailureClass.QUOTA), None)
    if refused is not None:
        return replace(outcome, reset_at=_reset(refused, outcome))
    detail = f"it told of a quota that its provider did not; {outcome.detail}"
    return replace(outcome, failure=FailureClass.UNKNOWN, reset_at="", detail=detail)


def _reset(refused: Exchange, outcome: RunOutcome) -> str:
    """The provider's time; where it named none, the program's, but not for ever."""
    if refused.reset_at or not outcome.reset_at:
        return refused.reset_at
    with contextlib.suppress(ValueError, OverflowError):
        return stamp(min(parse(outcome.reset_at), parse(refused.at) + BELIEVED))
    return ""


def _telling(exchanges: Sequence[Exchange]) -> Exchange | None:
    """The last one that says how the provider stands: those the agent broke off say nothing, and what was only looked
    up (GET: lists of models) counts where nothing was asked."""
    asked = [e for e in exchanges if e.method == "POST"] or exchanges
    return next((e for e in reversed(asked) if not _silent(e)), None)


def _silent(exchange: Exchange) -> bool:
    """The agent broke it off before the provider had said anything of itself."""
    return exchange.left and exchange.status < 400 and not exchange.code


def usage(told: Usage, exchanges: Sequence[Exchange], price: Price | None) -> Usage:
    """Tokens as our proxy counted them, else as the program told them. Money as the program told it, else computed
    from the price, else unknown."""
    seen = [e.usage for e in exchanges if e.usage is not None]
    tokens = told
    if seen:
        counted = sum(u.input_tokens + u.cached_tokens + u.output_tokens for u in seen)
        likely = told.cost_usd is not None and told.cost_usd <= SURELY + counted * DEAREST
        tokens = Usage(
            input_tokens=sum(u.input_tokens for u in seen),
            cached_tokens=sum(u.cached_tokens for u in seen),
            output_tokens=sum(u.output_tokens for u in seen),
            cost_usd=told.cost_usd if likely else None,
            source="provider",
        )
    if (
        tokens.cost_usd is None
        and price is not None
        and (tokens.input_tokens or tokens.cached_tokens or tokens.output_tokens)
    ):
        return replace(tokens, cost_usd=cost(tokens, price), source="computed")
    return tokens


def cost(usage: Usage, price: Price) -> float:
    """USD. `input_tokens` are those that were not read from the cache."""
    cached = price.input if price.cached is None else price.cached
    money = usage.input_tokens * price.input + usage.cached_tokens * cached + usage.output_tokens * price.output
    return round(money / 1_000_000, 6)
