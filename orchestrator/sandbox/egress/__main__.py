"""The egress process where it could not be forked: `python -I -S <this file> DESCRIPTOR`. The rest comes through it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from orchestrator.sandbox.egress import start

    with socket.socket(fileno=int(sys.argv[1])) as life:
        order = start.received(life)
        number = life.detach()
    start.serve(order, number)


if __name__ == "__main__":
    main()
