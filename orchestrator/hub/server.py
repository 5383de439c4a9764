"""The hub: a GitHub of our own on a loopback port, its state under one folder."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orchestrator.hub.admin import Admin
from orchestrator.hub.ci import Ci
from orchestrator.hub.clock import Clock
from orchestrator.hub.db import Database
from orchestrator.hub.faults import Faults
from orchestrator.hub.gitops import Bare, Person
from orchestrator.hub.limits import Limits
from orchestrator.hub.requests import RequestLog
from orchestrator.hub.rules.mergeability import Mergeability
from orchestrator.hub.store import checks, issues, users
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.store.users import User

if TYPE_CHECKING:
    from orchestrator.hub.serving import Serving


class Hub:
    """See the package's docstring for its use. All state is under `root`; `stop` leaves a folder that may be copied.

    `port` 0 takes a free one; `clock_file` holds an offset in seconds; `seed` feeds the fault rules;
    `secondary_limits` turns on the limit on fast writes; `ci_workers` jobs run at a time."""

    def __init__(
        self, root: Path | str, port: int = 0, clock_file: Path | str | None = None, seed: int = 0,
        secondary_limits: bool = False, ci_workers: int = 2, host: str = "127.0.0.1",
    ) -> None:  # fmt: skip
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.host = host
        self.port = port
        self.clock = Clock(None if clock_file is None else Path(clock_file))
        self.db = Database(self.root / "hub.sqlite3", self.clock)
        self.faults = Faults(seed)
        self.limits = Limits(self.clock, secondary_limits)
        self.requests = RequestLog()
        self.background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-background")
        self.mergeability = Mergeability(self)
        self.ci = Ci(self, ci_workers)
        self.admin = Admin(self)
        self._secret = secrets.token_hex(8)
        self._locks: dict[int, threading.RLock] = {}
        self._locks_guard = threading.Lock()
        self._stopped = False
        self._server: Serving | None = None
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None
        self._ensure_actions_app()

    @property
    def url(self) -> str:
        """The base url, such as http://127.0.0.1:43121."""
        return f"http://{self.host}:{self.port}"

    def _ensure_actions_app(self) -> None:
        if users.app_by_slug(self.db, "github-actions") is None:
            with self.db.write():
                owner = users.create(self.db, "github", "Organization", name="GitHub")
                permissions = {"checks": "write", "contents": "read", "metadata": "read", "statuses": "write"}
                users.create_app(self.db, "github-actions", owner.id, None, permissions, users.ACTIONS_APP_ID)

    def start(self) -> Hub:
        """Serve in a thread; returns when the port answers. Raises OSError when the port is taken."""
        import uvicorn

        from orchestrator.hub.app import build
        from orchestrator.hub.serving import Serving

        # With the protocol named, asyncio turns Nagle's delay off (40 ms an answer otherwise).
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener = listener
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            build(self), http="h11", ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False,
            timeout_graceful_shutdown=2, server_header=False, h11_max_incomplete_event_size=1 << 18,
        )  # fmt: skip
        self._server = Serving(config, self.clock)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="hub", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise OSError("the hub's server did not start")
            time.sleep(0.002)
        self.ci.resume()
        return self

    def bare(self, repo: Repo) -> Bare:
        """The git repository of a repository."""
        return Bare(self.root / "repos" / repo.owner_login / f"{repo.name}.git")

    def repo_lock(self, repo: Repo) -> threading.RLock:
        """Held while the API moves refs of a repository."""
        with self._locks_guard:
            return self._locks.setdefault(repo.id, threading.RLock())

    def person(self, user: User, date: str) -> Person:
        """A user as the author of a commit."""
        email = user.email or f"{user.id}+{user.login}@users.hub.example"
        return Person(name=user.name or user.login, email=email, date=date)

    def person_of_issue(self, issue_id: int, date: str) -> Person:
        """The author of an issue or pull request as the author of a commit."""
        return self.person(users.get(self.db, issues.get(self.db, issue_id).author_id), date)

    def log_key(self, run_id: int) -> str:
        """The key in the address of a job's log (GitHub's storage addresses are signed, too)."""
        return hashlib.sha256(f"{self._secret}/{run_id}".encode()).hexdigest()[:24]

    def ci_idle(self, timeout: float = 60.0) -> bool:
        """Wait until no CI job is queued or running; False when the seconds ran out."""
        return self.ci.idle(timeout)

    def ci_seconds(self, full_name: str) -> dict[str, float]:
        """CI seconds spent on each commit of owner/name."""
        return checks.seconds(self.db, self.admin.repository(full_name).id)

    def serve_forever(self) -> None:
        """Block until the server ends (a command's main loop); KeyboardInterrupt passes through."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def connections(self) -> Sequence[Any]:
        """The server's open connections (uvicorn protocols), for faults that cut them."""
        return list(self._server.server_state.connections) if self._server else []

    def stop(self) -> None:
        """End the server and its jobs; the folder then holds the whole world. A second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(10)
            self._server = self._thread = None
        if self._listener is not None:
            self._listener.close()
        self.ci.stop()
        self.background.shutdown(wait=True, cancel_futures=True)
        self.db.close()

    def __enter__(self) -> Hub:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
