"""Landlock: the kernel's own file, TCP and signal limits, for a process and all it starts. No privilege, no package.

Numbers from the kernel's include/uapi/linux/landlock.h and userspace-api/landlock.rst; the system calls 444 to 446 are
the same on all machines.
"""

from __future__ import annotations

import ctypes
import os

CREATE, ADD, RESTRICT = 444, 445, 446
PATH_BENEATH, NET_PORT = 1, 2
VERSION = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
CONNECT_TCP, BIND_TCP = 1 << 1, 1 << 0
SCOPE_ABSTRACT, SCOPE_SIGNAL = 1 << 0, 1 << 1
READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""What a rule on a single file may name; the rest belongs to folders."""
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


class Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def abi() -> int:
    """The version this kernel speaks; 0 = none, or switched off."""
    return max(0, int(_libc.syscall(CREATE, None, 0, VERSION)))


def handled(version: int) -> int:
    """All rights on files that this version knows."""
    last = 16 if version >= 5 else 15 if version >= 3 else 14 if version >= 2 else 13
    return (1 << last) - 1


def restrict(read: list[str], write: list[str], ports: list[int], version: int) -> None:
    """From here on this process reads below `read`, reads and writes below `write`, connects to `ports` by TCP.

    Paths that do not exist are left out. Raises OSError where the kernel refuses.
    """
    rights = handled(version)
    wanted = Ruleset(files=rights)
    size = 8
    if version >= 4:
        wanted.net, size = CONNECT_TCP, 16
    if version >= 6:
        wanted.scoped, size = SCOPE_ABSTRACT | SCOPE_SIGNAL, 24
    ruleset = _call(CREATE, ctypes.byref(wanted), size, 0)
    for path in read:
        _allow(ruleset, path, READ & rights)
    for path in write:
        _allow(ruleset, path, rights)
    if version >= 4:
        for port in ports:
            _call(ADD, ruleset, NET_PORT, ctypes.byref(Port(allowed=CONNECT_TCP, port=port)), 0)
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    _call(RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH)
    except OSError:
        return
    try:
        rights &= rights if os.path.isdir(path) else ON_FILES
        _call(ADD, ruleset, PATH_BENEATH, ctypes.byref(Beneath(allowed=rights, parent=descriptor)), 0)
    finally:
        os.close(descriptor)


def _call(*words: object) -> int:
    answer = int(_libc.syscall(*words))
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return answer
