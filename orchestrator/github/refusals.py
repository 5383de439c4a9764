"""A bad answer of GitHub to the error that says what to do. No I/O.

Sources: GitHub's REST documentation, "Troubleshooting the REST API", "Rate limits for the REST API" and "Best
practices": a limit answers 403 or 429 with `retry-after`, or with `x-ratelimit-remaining: 0` and `x-ratelimit-reset`
(UTC epoch seconds); without either, wait at least one minute. GraphQL answers a limit with HTTP 200 and RATE_LIMITED.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from orchestrator.github.errors import (
    Fault,
    Forbidden,
    GitHubError,
    Invalid,
    Malformed,
    NotFound,
    PartialAnswer,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from orchestrator.github.words import Json, Words

Headers = Mapping[str, str]
"""Names in lower case."""

_UNSAID = 60.0
"""Seconds to wait when GitHub limits us without saying for how long."""


def parse(body: str, where: str, *, write: bool) -> Json:
    """JSON, or Unavailable: a cut answer looks exactly like one that is no JSON at all."""
    try:
        value: Json = json.loads(body)
    except ValueError as why:
        raise Unavailable(f"{where}: the answer is no JSON ({why})", uncertain=write) from why
    return value


def wait_asked(headers: Headers, now: datetime) -> float | None:
    """Seconds the answer asks us to wait before the next request; None when it asks nothing."""
    asked = headers.get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
        return max(0.0, (reset - now).total_seconds()) + 1.0
    return None


def refusal(status: int, headers: Headers, body: str, where: str, *, write: bool, now: datetime) -> GitHubError:
    """The error for a status of 400 or more."""
    message, errors = _said(body)
    text = f"{where}: {status} {message}".rstrip()
    if status >= 500:
        return Unavailable(text, uncertain=write)
    if status == 401:
        return Unauthorized(f"{text}: the token is unknown or has expired; put a new one in its place")
    if status in (403, 429):
        if (limited := _limited(status, headers, message, text, now)) is not None:
            return limited
        wanted = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes", "")
        return Forbidden(f"{text} (needs {wanted})" if wanted else text)
    if status in (404, 410):
        return NotFound(text)
    if status == 422:
        return Invalid(f"{text}: {'; '.join(errors)}" if errors else text, errors)
    return GitHubError(text, status=status)


def _limited(status: int, headers: Headers, message: str, text: str, now: datetime) -> RateLimited | None:
    wait = wait_asked(headers, now)
    if wait is None and (status == 429 or "rate limit" in message.lower()):
        wait = _UNSAID
    return None if wait is None else RateLimited(text, now + timedelta(seconds=wait))


def _said(body: str) -> tuple[str, tuple[str, ...]]:
    """GitHub's message and its list of faults; whatever else came (an HTML page) is cut short."""
    try:
        reply = json.loads(body)
    except ValueError:
        return " ".join(body.split())[:120], ()
    if not isinstance(reply, dict):
        return "", ()
    errors = reply.get("errors")
    listed = errors if isinstance(errors, list) else []
    return str(reply.get("message", ""))[:400], tuple(_fault_words(e) for e in listed)


def _fault_words(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[k]) for k in ("resource", "field", "code") if error.get(k))


def graphql_data(body: str, headers: Headers, where: str, *, write: bool, now: datetime) -> Words:
    """The `data` of a GraphQL answer with HTTP 200.

    Raises RateLimited, Forbidden (a missing scope), Invalid or NotFound (a refused mutation), PartialAnswer on any
    other `errors`, Unavailable when the body is no JSON, Malformed when `data` is no object.
    """
    reply = parse(body, where, write=write)
    if not isinstance(reply, dict):
        raise Malformed(where, "the answer is no object", uncertain=write)
    if "errors" in reply:
        raise _partial(reply, headers, where, write=write, now=now)
    data = reply.get("data")
    if not isinstance(data, dict):
        raise Malformed(where, f"data is {json.dumps(data)[:80]}, not an object", uncertain=write)
    return Words(where, data)


_REFUSED = {"FORBIDDEN": Forbidden, "INSUFFICIENT_SCOPES": Forbidden, "NOT_FOUND": NotFound}


def _partial(reply: dict[str, Json], headers: Headers, where: str, *, write: bool, now: datetime) -> GitHubError:
    listed = reply["errors"]
    faults = tuple(_fault(e) for e in listed) if isinstance(listed, list) else ()
    text = f"{where}: " + ("; ".join(f.message for f in faults) or "errors without words")
    kinds = {f.type for f in faults}
    if kinds & {"RATE_LIMITED", "RATE_LIMIT"}:
        wait = wait_asked(headers, now)
        return RateLimited(text, now + timedelta(seconds=_UNSAID if wait is None else wait))
    if len(kinds) == 1 and write and (kind := next(iter(kinds))):
        if kind in _REFUSED:
            return _REFUSED[kind](text)
        if kind == "UNPROCESSABLE":
            return Invalid(text, tuple(f.message for f in faults))
    if kinds and kinds <= {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return Forbidden(text)
    return PartialAnswer(text, faults, uncertain=write)


def _fault(error: Json) -> Fault:
    if not isinstance(error, dict):
        return Fault(type="", path=(), message=str(error)[:200])
    path = error.get("path")
    return Fault(
        type=str(error.get("type") or ""),
        path=tuple(str(p) for p in path) if isinstance(path, list) else (),
        message=str(error.get("message") or "an error without words")[:400],
    )
