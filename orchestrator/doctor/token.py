"""The token for GitHub: is it known there, how long still, how many requests are left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, warn
from orchestrator.github import health
from orchestrator.github.errors import Unauthorized
from orchestrator.model.times import stamp

SOON = timedelta(days=14)
FEW = 0.1


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    said = given.settings.github
    try:
        worth = health.worth(services.github)
        login = services.github.login()
    except Unauthorized as why:
        yield fail(str(why), f"make a new token and put it where the old one was ({said.token_file or said.token_env})")
        return
    now = services.now()
    if worth.expires is not None and worth.expires <= now + SOON:
        yield warn(f"it ends at {stamp(worth.expires)}", "make a new one in time", "expiry")
    if worth.remaining < worth.limit * FEW:
        left = f"{worth.remaining} of {worth.limit} requests are left until {stamp(worth.reset)}"
        yield warn(left, "wait, or use a GitHub App: it has more", "rate")
    yield ok(f"good: {login}, {worth.remaining} of {worth.limit} requests left")


CHECK = Check(
    name="token",
    why="Everything on GitHub is read and written with it.",
    look=look,
    needs=("configuration",),
    seconds=8,
)
