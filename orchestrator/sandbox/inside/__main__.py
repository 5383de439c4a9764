"""The launcher: sets the last limits from inside of the box, hands the listeners out, and becomes the program.

    python -I -S inside control=7 cgroup=8 fsize=2147483648 nproc=512 ... -- program words...

Kept small, because it starts before every run: C modules only, ctypes only for Landlock.
"""

from __future__ import annotations

import _socket
import array
import os
import resource
import sys

TYPE_CHECKING = False
"""As `typing` says it, without loading that."""
GATEWAY_PORT = 3129
PROXY_PORT = 3128
"""As in `sandbox.egress`; a test compares them."""
HANDED = b"gateway proxy"
"""The message that carries the two listening sockets, in this order."""
LIMITS = {
    "fsize": resource.RLIMIT_FSIZE,
    "nproc": resource.RLIMIT_NPROC,
    "cpu": resource.RLIMIT_CPU,
    "core": resource.RLIMIT_CORE,
}


def main(words: list[str]) -> None:
    cut = words.index("--")
    program = words[cut + 1 :]
    options: dict[str, list[str]] = {}
    for word in words[:cut]:
        name, _, value = word.partition("=")
        options.setdefault(name, []).append(value)
    for number in options.get("cgroup", ()):
        _join(int(number))
    for number in options.get("control", ()):
        _hand_out(int(number))
    for name, which in LIMITS.items():
        for value in options.get(name, ()):
            _limit(which, int(value))
    os.closerange(3, 65536)
    if "alone" in options:
        if TYPE_CHECKING:
            from orchestrator.sandbox.inside import alone
        else:
            import alone
        alone.main(options, program)
    become(program)


def become(program: list[str]) -> None:
    """The program takes our place. 127 as a shell answers where there is none."""
    try:
        os.execvp(program[0], program)
    except OSError as why:
        os.write(2, f"{program[0]}: {why.strerror}\n".encode())
        os._exit(127)


def _join(number: int) -> None:
    """Ourselves into the control group whose `cgroup.procs` this is; one that went away holds nobody."""
    try:
        os.write(number, b"0\n")
    except OSError as why:
        os.write(2, f"control group: {why.strerror}\n".encode())
    os.close(number)


def _hand_out(control: int) -> None:
    """The way out: two listeners on this namespace's own loopback, served by the proxies outside of it."""
    listeners = [_listen(GATEWAY_PORT), _listen(PROXY_PORT)]
    rights = array.array("i", [s.fileno() for s in listeners]).tobytes()
    channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, control)
    channel.sendmsg([HANDED], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    channel.close()
    for each in listeners:
        each.close()


def _listen(port: int) -> _socket.socket:
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _limit(which: int, value: int) -> None:
    """Never above what we were given ourselves."""
    _, most = resource.getrlimit(which)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    main(sys.argv[1:])
