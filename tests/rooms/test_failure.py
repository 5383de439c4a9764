"""What a run's failure was, by what our proxy saw and by the program's own end; what it cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.agents import failure
from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass as Class
from orchestrator.model.result import Usage
from orchestrator.model.settings import Price
from orchestrator.model.stream import RunOutcome

RESET = "2026-05-01T13:00:00Z"


def seen(status: int = 200, code: str = "", **more: object) -> Exchange:
    exchange = Exchange(at="2026-05-01T12:00:00Z", method="POST", path="/v1/messages", status=status, code=code)
    return replace(exchange, **more)  # type: ignore[arg-type]


def ended(failure: Class, **more: object) -> RunOutcome:
    return replace(RunOutcome(exit=1, failure=failure), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (seen(200), Class.NONE),
        (seen(302), Class.NONE),
        (seen(400), Class.UNKNOWN),
        (seen(401), Class.AUTH),
        (seen(402), Class.QUOTA),
        (seen(403), Class.AUTH),
        (seen(404), Class.MISCONFIGURED),
        (seen(413), Class.CONTEXT_OVERFLOW),
        (seen(422), Class.UNKNOWN),
        (seen(429), Class.QUOTA),
        (seen(500), Class.SERVER),
        (seen(529), Class.SERVER),
        (seen(400, "context_length_exceeded"), Class.CONTEXT_OVERFLOW),
        (seen(400, "API_KEY_INVALID"), Class.AUTH),
        (seen(400, "INVALID_ARGUMENT"), Class.UNKNOWN),
        (seen(429, "insufficient_quota"), Class.QUOTA),
        (seen(429, "RESOURCE_EXHAUSTED"), Class.QUOTA),
        (seen(403, "unsupported_country_region_territory"), Class.AUTH),
        (seen(404, "model_not_found"), Class.MISCONFIGURED),
        (seen(200, "overloaded_error"), Class.SERVER),
        (seen(200, "some_new_error"), Class.SERVER),
        (seen(200, "429"), Class.QUOTA),
        (seen(200, "rate_limit_error"), Class.QUOTA),
        (seen(0, complete=False), Class.NETWORK),
        (seen(200, complete=False), Class.NETWORK),
        (seen(200, "server_error", complete=False), Class.SERVER),
        (seen(0, complete=False, left=True), Class.NONE),
        (seen(200, complete=False, left=True), Class.NONE),
        (seen(429, complete=False, left=True), Class.QUOTA),
        (seen(200, "overloaded_error", complete=False, left=True), Class.SERVER),
    ],
)
def test_what_one_request_means(exchange: Exchange, expected: Class) -> None:
    assert failure.of(exchange) is expected


@pytest.mark.parametrize(
    ("own", "exchanges", "expected"),
    [
        (Class.CRASHED, (seen(401),), Class.AUTH),
        (Class.CRASHED, (seen(400),), Class.UNKNOWN),
        (Class.CONTEXT_OVERFLOW, (seen(400),), Class.CONTEXT_OVERFLOW),
        (Class.CRASHED, (), Class.CRASHED),
        (Class.CRASHED, (seen(429), seen(200)), Class.CRASHED),
        (Class.CRASHED, (seen(200), seen(429)), Class.QUOTA),
        # Retry-After made it sleep in silence
        (Class.NO_OUTPUT, (seen(429),), Class.QUOTA),
        # we ended it in the middle of an answer: that is no fault of the network
        (Class.WALL_TIME, (seen(200, complete=False, left=True),), Class.WALL_TIME),
        (Class.NO_OUTPUT, (seen(0, complete=False, left=True),), Class.NO_OUTPUT),
        (Class.CRASHED, (seen(429), seen(0, complete=False, left=True)), Class.QUOTA),
        # a list of models that is not there says nothing of the model that was asked
        (Class.CRASHED, (seen(429), seen(404, method="GET")), Class.QUOTA),
        (Class.CRASHED, (seen(401, method="GET"),), Class.AUTH),
        # what we did, and what went well, is not explained away
        (Class.NONE, (seen(500),), Class.NONE),
        (Class.BUDGET, (seen(429),), Class.BUDGET),
        (Class.STOPPED, (seen(500),), Class.STOPPED),
        (Class.RESOURCES, (seen(500),), Class.RESOURCES),
    ],
)
def test_the_provider_explains_what_the_programs_end_does_not(
    own: Class, exchanges: tuple[Exchange, ...], expected: Class
) -> None:
    outcome = failure.settled(ended(own), exchanges, None)
    assert (outcome.failure, outcome.requests) == (expected, len(exchanges))


def test_the_reset_time_is_the_providers_and_only_a_quotas() -> None:
    refused = seen(429, "rate_limit_error", reset_at=RESET)
    outcome = failure.settled(ended(Class.CRASHED, detail="exit 1"), (refused,), None)
    assert (outcome.reset_at, outcome.detail) == (RESET, "its provider answered 429 rate_limit_error; exit 1")
    told = ended(Class.QUOTA, reset_at=RESET)
    assert failure.settled(told, (seen(429),), None).reset_at == RESET, "the program knew more than the answer said"
    assert failure.settled(told, (seen(401),), None).reset_at == ""
    assert failure.settled(ended(Class.CRASHED), (seen(503, reset_at=RESET),), None).reset_at == ""


def test_tokens_are_the_proxys_and_money_the_programs_or_computed() -> None:
    exchange = seen(usage=Usage(input_tokens=100, cached_tokens=1000, output_tokens=10, source="provider"))
    twice = failure.usage(Usage(input_tokens=7, cost_usd=0.5), (exchange, seen(500), exchange), None)
    assert twice == Usage(input_tokens=200, cached_tokens=2000, output_tokens=20, cost_usd=0.5, source="provider")
    price = Price(input=3, output=15, cached=0.3)
    counted = failure.usage(Usage(), (exchange,), price)
    assert (counted.cost_usd, counted.source) == (0.00075, "computed")
    assert failure.cost(exchange.usage or Usage(), Price(input=3, output=15)) == 0.00345
    assert failure.usage(Usage(input_tokens=7), (), None) == Usage(input_tokens=7)
    assert failure.usage(Usage(), (), price).cost_usd is None, "nothing was counted: that is unknown, not free"


def test_a_quota_that_the_provider_did_not_tell_of_sends_nobody_to_rest() -> None:
    """Anything that an agent runs can write such a line into the program's output."""
    far = ended(Class.QUOTA, reset_at="2026-12-01T00:00:00Z")
    lie = failure.settled(far, (seen(200), seen(200)), None)
    assert (lie.failure, lie.reset_at) == (Class.UNKNOWN, "")
    assert "did not" in lie.detail
    afterwards = failure.settled(far, (seen(429, reset_at=RESET), seen(200)), None)
    assert (afterwards.failure, afterwards.reset_at) == (Class.QUOTA, RESET)
    assert failure.settled(far, (seen(429),), None).reset_at == "2026-05-02T12:00:00Z", (
        "a day, where it is its own word"
    )
    assert failure.settled(far, (), None).reset_at == far.reset_at, "a login: there is no other witness"


def test_money_that_no_model_costs_is_not_believed() -> None:
    exchange = seen(usage=Usage(input_tokens=100, output_tokens=10, source="provider"))
    price = Price(input=3, output=15)
    assert failure.usage(Usage(cost_usd=1e11), (exchange,), None).cost_usd is None
    assert failure.usage(Usage(cost_usd=1e11), (exchange,), price).cost_usd == 0.00045
    assert failure.usage(Usage(cost_usd=0.9), (exchange,), price).cost_usd == 0.9
