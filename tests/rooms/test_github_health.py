"""What a token is worth, as GitHub's headers tell it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from orchestrator.github import health
from orchestrator.github.client import GitHub, Reply

RATE = {"limit": 5000, "remaining": 4000, "reset": 1_800_000_000}


class Answers:
    """A client that was answered."""

    def __init__(self, headers: dict[str, str], graphql: int = 5000) -> None:
        data: Any = {"resources": {"core": RATE, "graphql": {**RATE, "remaining": graphql}}}
        self.reply = Reply(status=200, headers=headers, data=data)

    def rest(self, method: str, path: str) -> Reply:
        return self.reply


def worth(headers: dict[str, str], graphql: int = 5000) -> health.Worth:
    return health.worth(cast(GitHub, Answers(headers, graphql)))


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2026-12-24 08:00:00 UTC", datetime(2026, 12, 24, 8, tzinfo=UTC)),
        ("2026-12-24 09:00:00 +0100", datetime(2026, 12, 24, 8, tzinfo=UTC)),
        ("never", None),
        ("", None),
    ],
)
def test_a_tokens_end_is_read_as_github_writes_it(told: str, meant: datetime | None) -> None:
    assert worth({"github-authentication-token-expiration": told}).expires == meant


def test_no_scopes_and_none_told_are_two_things() -> None:
    assert worth({}).scopes is None
    assert worth({"x-oauth-scopes": ""}).scopes == ()
    assert worth({"x-oauth-scopes": "repo, read:org"}).scopes == ("repo", "read:org")


def test_the_smaller_share_of_requests_counts() -> None:
    assert worth({}).remaining == 4000
    assert worth({}, graphql=12).remaining == 12
