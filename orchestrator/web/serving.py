"""The page's server: uvicorn on loopback, the tokens of this run, the link."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator import disk
from orchestrator.model.errors import Told
from orchestrator.web.desk import Desk
from orchestrator.web.guard import Guard
from orchestrator.web.streams import Streams

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
"""Loopback, and no option for anything else: `ssh -L` reaches it from elsewhere."""
_PATIENCE = 10.0


class CannotServe(Told):
    """The port is taken, or a library is missing; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the file of a running page says, for its owner alone."""

    link: str
    port: int


class Web:
    """`with Web(desk, port=0) as web: web.link`; or `start`, `wait`, `stop`."""

    def __init__(self, desk: Desk, *, port: int, guarded: bool = True, guard: Guard | None = None) -> None:
        """`guarded=False` and `guard` (the tokens of an earlier run) are for tests; no option sets them."""
        self.desk, self.port = desk, guard.port if guard else port
        self._guarded, self._guard = guarded, guard
        self.streams = Streams()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Web:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def guard(self) -> Guard:
        assert self._guard is not None, "not started"
        return self._guard

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def link(self) -> str:
        return f"{self.url}/open?token={self.guard.link}"

    def start(self) -> Web:
        """Serves in a thread; returns when the port answers. Raises CannotServe."""
        listener = self._listen()
        self._guard = self._guard or Guard(
            port=self.port, link=secrets.token_urlsafe(24), write=secrets.token_urlsafe(24)
        )
        self._server = server = _server(self)
        self._thread = threading.Thread(target=server.run, args=([listener],), name="web", daemon=True)
        self._thread.start()
        while not server.started:
            if not self._thread.is_alive():
                raise CannotServe("the page's server did not start")
            time.sleep(0.002)
        self._tell()
        return self

    def wait(self) -> None:
        """Until the server ends; KeyboardInterrupt passes through."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def stop(self) -> None:
        self.streams.closing = True
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE)
        file(self.desk.services.settings.runtime).unlink(missing_ok=True)
        self.desk.close()

    def connections(self) -> list[Any]:
        """Open connections (uvicorn protocols), for tests that cut them."""
        return list(self._server.server_state.connections) if self._server else []

    def _listen(self) -> socket.socket:
        # With the protocol named, asyncio turns Nagle's delay off (40 ms an answer otherwise).
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, self.port))
        except OSError as why:
            listener.close()
            there = running(self.desk.services.settings.runtime)
            more = f"; the page may run already: {there}" if there else "; take another one with --port"
            raise CannotServe(f"port {self.port} cannot be taken ({why.strerror}){more}") from why
        self.port = int(listener.getsockname()[1])
        return listener

    def _tell(self) -> None:
        path = file(self.desk.services.settings.runtime)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk.replace(path, json.dumps(asdict(Running(link=self.link, port=self.port))).encode() + b"\n", mode=0o600)


def file(runtime: Path) -> Path:
    """Where a running page tells its link, to its owner alone."""
    return runtime / "state" / "web" / "link.json"


def running(runtime: Path) -> str:
    """The link of a page that runs, as its file tells; empty where none does."""
    try:
        return str(json.loads(file(runtime).read_bytes())["link"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _server(web: Web) -> uvicorn.Server:
    try:
        import uvicorn

        from orchestrator.web import render
        from orchestrator.web.app import build
        from orchestrator.web.wire import Wire

        render.environment()
    except ImportError as why:
        raise CannotServe(f"the web page needs {why.name}: pip install 'agent-os[web]'") from why
    return uvicorn.Server(
        uvicorn.Config(
            build(web.desk, web.guard, web.streams, guarded=web._guarded),
            http=Wire,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=32_768,
            limit_concurrency=200,
        )
    )
