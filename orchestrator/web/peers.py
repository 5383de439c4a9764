"""Whose program is at the other end of a loopback connection, as the kernel's table of connections tells.

A key can be lost to another user of this machine: a browser sends the cookies of 127.0.0.1 to every port of it, so
whoever serves another one may read ours. With this the key alone is no use to them.
"""

from __future__ import annotations

import os
import socket
import struct

TABLES = (("/proc/net/tcp", ""), ("/proc/net/tcp6", "0000000000000000FFFF0000"))
"""And what stands before an IPv4 address there."""

Address = tuple[str, int]


def foreign(peer: Address, here: Address, *, uid: int | None = None) -> bool:
    """Is the program at `peer`, connected to `here`, another user's: neither ours (`uid`, by default this process's)
    nor root's. A connection whose program has gone already is nobody's. False where the kernel tells nothing."""
    mine = os.getuid() if uid is None else uid
    for table, before in TABLES:
        try:
            with open(table, encoding="ascii") as lines:
                text = lines.read()
        except OSError:
            continue
        at = text.find(f" {before}{_hex(peer)} {before}{_hex(here)} ")
        if at >= 0:
            row = text[at : text.find("\n", at)].split()
            # Of a connection that its program closed the user reads 0, and so does the inode.
            return row[8] == "0" or int(row[6]) not in (mine, 0)
    return False


def _hex(address: Address) -> str:
    """As the kernel writes it: the address's bytes as one number of this machine's order."""
    (number,) = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{number:08X}:{address[1]:04X}"
