"""The hub as a program: prints its address and a token, serves until it is interrupted."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrator.hub.server import Hub
from orchestrator.hub.store import users


def run(root: Path, port: int = 0, seed_file: Path | None = None) -> None:
    """Serve `root` until SIGINT or SIGTERM. `seed_file` is JSON that fills an empty hub:
    {"users": [login], "orgs": {login: {member: role}}, "repos": {owner/name: {"files", "ci", "collaborators",
    "private"}}, "boards": {owner: {"title", "options", "repos"}}}. Raises KeyError or TypeError for a bad seed."""
    hub = Hub(root, port=port)
    fresh = not users.people(hub.db)
    if fresh:
        seed(hub, json.loads(seed_file.read_text(encoding="utf-8")) if seed_file else {"users": ["operator"]})
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with hub:
        first = users.people(hub.db)[0]
        token = hub.admin.token(first.login)
        sys.stdout.write(f"url {hub.url}\nuser {first.login}\ntoken {token}\n")
        sys.stdout.flush()
        stopped.wait()


def seed(hub: Hub, world: dict[str, Any]) -> None:
    """Fill a hub from the words of a seed file."""
    for login in world.get("users", ()):
        hub.admin.user(login)
    for login, members in world.get("orgs", {}).items():
        hub.admin.org(login, members)
    for name, settings in world.get("repos", {}).items():
        hub.admin.repo(name, **settings)
    for owner, settings in world.get("boards", {}).items():
        hub.admin.board(owner, **settings)
