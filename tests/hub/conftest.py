"""A running hub with two people, an organization and one repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.hub import Hub
from tests.hub.client import Client


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Serves tmp_path/hub. ada owns ada/app, bob writes in it, eve is a stranger."""
    with Hub(tmp_path / "hub", clock_file=tmp_path / "clock") as running:
        for login in ("ada", "bob", "eve"):
            running.admin.user(login)
        running.admin.repo("ada/app", files={"README.md": "# app\n"}, collaborators={"bob": "write"})
        yield running


@pytest.fixture
def ada(hub: Hub) -> Iterator[Client]:
    """The owner, with a token that may everything."""
    with Client(hub, hub.admin.token("ada")) as client:
        yield client


@pytest.fixture
def bob(hub: Hub) -> Iterator[Client]:
    """A collaborator with write access."""
    with Client(hub, hub.admin.token("bob")) as client:
        yield client
