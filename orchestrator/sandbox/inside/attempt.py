"""The self-test's small program: tries from inside of a box what should not succeed.

    python -I -S attempt.py OUTSIDE SECRET PORT PID

It says `inside` when it can write its workspace and its HOME as it should, and `read` or `parent` for what it read;
whether anything came out is seen from outside.
"""

from __future__ import annotations

import _socket
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main(outside: str, secret: str, port: str, pid: str) -> None:
    if _writes("attempt.txt") and _writes(os.path.join(os.environ["HOME"], "attempt.txt")):
        os.write(1, b"inside\n")
    tries: tuple[tuple[str, Callable[[], None]], ...] = (
        ("", lambda: os.close(os.open(outside, os.O_WRONLY | os.O_CREAT))),
        ("read", lambda: os.close(os.open(secret, os.O_RDONLY))),
        ("", lambda: _send(_socket.AF_INET, _socket.SOCK_STREAM, ("127.0.0.1", int(port)))),
        ("", lambda: _send(_socket.AF_INET, _socket.SOCK_DGRAM, ("127.0.0.1", int(port)))),
        ("", lambda: _send(_socket.AF_UNIX, _socket.SOCK_STREAM, f"{secret}.socket")),
        ("parent", lambda: _environment(pid)),
    )
    for name, attempt in tries:
        try:
            attempt()
        except OSError:
            continue
        if name:
            os.write(1, f"{name}\n".encode())


def _writes(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    except OSError:
        return False
    return True


def _send(family: int, kind: int, address: tuple[str, int] | str) -> None:
    sender = _socket.socket(family, kind)
    sender.settimeout(2)
    sender.connect(address)
    sender.send(b"x")


def _environment(pid: str) -> None:
    """The same number may be a process of our own in here: that one knows our HOME."""
    with open(f"/proc/{pid}/environ", "rb") as file:
        if f"HOME={os.environ['HOME']}".encode() in file.read():
            raise OSError("our own")


if __name__ == "__main__":
    main(*sys.argv[1:])
