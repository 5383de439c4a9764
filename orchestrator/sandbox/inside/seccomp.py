"""A filter of system calls (seccomp BPF): what no build needs and what would lead past namespaces or Landlock.

Numbers from the kernel's system call tables, structures from include/uapi/linux/{seccomp,filter,bpf_common}.h. Sockets
of the host's virtual machine monitor (AF_VSOCK) know no network namespace, io_uring opens sockets past this filter and
keyrings outlive a run: so they are refused. `alone` is for runs without a network namespace: there, also every socket
that is not TCP, since Landlock holds nothing but TCP.
"""

from __future__ import annotations

import os
import struct

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
LOAD, AND, EQUAL, SET, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x45, 0x35, 0x06
NUMBER, ARCH, ARGUMENTS = 0, 4, 16
NEW_NAMESPACES = 0x7E020000
MSG_FASTOPEN = 0x20000000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
STREAM, TCP = 1, 6
X32 = 0x40000000
COMMON = {"clone3": 435, "move_mount": 429, "open_tree": 428, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
          "fspick": 433, "mount_setattr": 442, "io_uring_setup": 425, "io_uring_enter": 426,
          "io_uring_register": 427, "openat2": 437, "fchmodat2": 452}  # fmt: skip
MACHINES = {
    "x86_64": (0xC000003E, COMMON | {
        "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176,
        "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308, "open_by_handle_at": 304,
        "reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "syslog": 103, "quotactl": 179,
        "settimeofday": 164, "clock_settime": 227, "iopl": 172, "ioperm": 173,
        "socket": 41, "sendto": 44, "sendmsg": 46, "sendmmsg": 307, "ioctl": 16, "clone": 56,
        "open": 2, "creat": 85, "openat": 257, "chmod": 90, "fchmod": 91, "fchmodat": 268, "mknod": 133, "mknodat": 259,
        "prlimit64": 302,
    }),
    "aarch64": (0xC00000B7, COMMON | {
        "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273, "delete_module": 106,
        "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268, "open_by_handle_at": 265,
        "reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89, "syslog": 116, "quotactl": 60,
        "settimeofday": 170, "clock_settime": 112,
        "socket": 198, "sendto": 206, "sendmsg": 211, "sendmmsg": 269, "ioctl": 29, "clone": 220,
        "openat": 56, "fchmod": 52, "fchmodat": 53, "mknodat": 33, "prlimit64": 261,
    }),
}  # fmt: skip
ABSENT = ("clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register")
"""Answered as by an older kernel, so that libraries take their other way."""
JUDGED = ("socket", "sendto", "sendmsg", "sendmmsg", "ioctl", "clone", "prlimit64")
"""Refused by their arguments only; so are those of MODES and OPENS."""
MODES = {"creat": 1, "chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "mknod": 1, "mknodat": 2}
"""Which argument is the mode of a file: no run makes a program that runs as its owner (set-user-id), who is us."""
OPENS = {"open": (1, 2), "openat": (2, 3)}
"""Flags and mode; without O_CREAT the mode is whatever stood there."""
SET_ID, O_CREAT = 0o6000, 0o100

Line = tuple[int, int, int, int]


def program(*, alone: bool, machine: str | None = None) -> bytes:
    """The filter, as bubblewrap and the kernel take it; empty on a machine whose numbers are not known here."""
    known = MACHINES.get(machine or os.uname().machine)
    if known is None:
        return b""
    arch, numbers = known
    lines: list[Line] = [(LOAD, 0, 0, ARCH), (EQUAL, 1, 0, arch), _refuse(ENOSYS), (LOAD, 0, 0, NUMBER)]
    if arch == MACHINES["x86_64"][0]:
        lines += [(AT_LEAST, 0, 1, X32), _refuse(ENOSYS)]
    for name, number in numbers.items():
        if name in MODES:
            lines += _on(number, [_load(MODES[name]), (SET, 0, 1, SET_ID), _refuse(EPERM), _allow()])
        elif name in OPENS:
            flags, mode = OPENS[name]
            ask: list[Line] = [_load(flags), (SET, 0, 3, O_CREAT), _load(mode), (SET, 0, 1, SET_ID)]
            lines += _on(number, [*ask, _refuse(EPERM), _allow()])
        elif name not in JUDGED:
            lines += _on(number, [_refuse(ENOSYS if name in ABSENT else EPERM)])
    lines += _on(numbers["clone"], [_load(0), (SET, 0, 1, NEW_NAMESPACES), _refuse(EPERM), _allow()])
    lines += _on(
        numbers["ioctl"], [_load(1), (EQUAL, 1, 0, TIOCSTI), (EQUAL, 0, 1, TIOCLINUX), _refuse(EPERM), _allow()]
    )
    lines += _on(numbers["socket"], _socket_alone() if alone else _socket())
    if alone:  # of processes other than itself
        lines += _on(numbers["prlimit64"], [_load(0), (EQUAL, 1, 0, 0), _refuse(EPERM), _allow()])
    if alone:  # TCP Fast Open connects without asking Landlock
        for name, argument in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
            lines += _on(numbers[name], [_load(argument), (SET, 0, 1, MSG_FASTOPEN), _refuse(EPERM), _allow()])
    lines.append(_allow())
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _socket() -> list[Line]:
    families = (UNIX, INET, INET6, NETLINK)
    checks: list[Line] = [(EQUAL, len(families) - n, 0, family) for n, family in enumerate(families)]
    return [_load(0), *checks, _refuse(EAFNOSUPPORT), _allow()]


def _socket_alone() -> list[Line]:
    return [
        _load(0),
        (EQUAL, 11, 0, NETLINK),
        (EQUAL, 2, 0, INET),
        (EQUAL, 1, 0, INET6),
        _refuse(EAFNOSUPPORT),
        _load(1),
        (AND, 0, 0, 0xF),
        (EQUAL, 1, 0, STREAM),
        _refuse(EAFNOSUPPORT),
        _load(2),
        (EQUAL, 2, 0, 0),
        (EQUAL, 1, 0, TCP),
        _refuse(EAFNOSUPPORT),
        _allow(),
    ]


def _on(number: int, body: list[Line]) -> list[Line]:
    return [(EQUAL, 0, len(body), number), *body]


def _load(argument: int) -> Line:
    """The lower half of an argument; both machines are little-endian."""
    return (LOAD, 0, 0, ARGUMENTS + 8 * argument)


def _refuse(errno: int) -> Line:
    return (RETURN, 0, 0, ERRNO | errno)


def _allow() -> Line:
    return (RETURN, 0, 0, ALLOW)
