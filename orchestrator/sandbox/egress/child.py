"""The proxies' process: takes its listeners, serves until it is killed with its worker or at the end of the run."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from orchestrator.sandbox.egress import gateway
from orchestrator.sandbox.egress.record import Record
from orchestrator.sandbox.egress.tunnel import Tunnels

HANDED = b"gateway proxy"
"""The message by which the launcher hands over its two listeners, in this order."""


def serve(rules: dict[str, Any], control: int, listeners: tuple[int, ...]) -> None:
    """Never returns while there is somebody to serve. `control` >= 0: the listeners come from inside of the box."""
    fds = listeners or _handed(control)
    if not fds:
        return
    record = Record(path=Path(rules["record"]))
    record.open()
    front, tunnel = (socket.socket(fileno=fd) for fd in fds)
    tunnels = Tunnels(hosts=tuple(rules["hosts"]), record=record)
    if rules["base_url"]:
        way = gateway.Way(base_url=rules["base_url"], key=rules["key"], dummy=rules["dummy"], record=record)
        threading.Thread(target=gateway.Server(front, way).serve_forever, daemon=True).start()
    else:
        front.close()
    tunnels.serve(tunnel)


def _handed(control: int) -> tuple[int, ...]:
    """The two listeners, or nothing when the box ended before it handed them over."""
    with socket.socket(fileno=control) as channel:
        message, fds, _, _ = socket.recv_fds(channel, 64, 4)
    if message == HANDED and len(fds) == 2:
        return fds[0], fds[1]
    for fd in fds:
        os.close(fd)
    return ()


def main() -> None:
    """As a program of its own: the rules come as JSON on standard input, the descriptors by number."""
    control, *listeners = (int(word) for word in sys.argv[1:])
    serve(json.loads(sys.stdin.buffer.read()), control, tuple(listeners))


if __name__ == "__main__":
    main()
