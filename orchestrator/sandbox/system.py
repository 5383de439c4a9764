"""What of the machine itself a run may read: programs, libraries, and the few files of /etc that programs need.

No key, no password hash, no address book: /etc is named file by file. What names our user or this machine's network
(passwd, group, hosts) is written anew for each run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

USR = Path("/usr")
TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32")
"""Folders of / that are links into /usr (merged), or folders of their own on older systems."""

ETC = (
    *("alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "debian_version", "default/locale"),
    *("fonts", "gai.conf", "host.conf", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("locale.alias", "locale.conf", "localtime", "lsb-release", "magic", "mime.types", "nsswitch.conf", "os-release"),
    *("perl", "pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf", "profile", "protocols"),
    *("redhat-release", "alpine-release", "arch-release", "crypto-policies", "rpc", "services", "shells"),
    *("ssl/cert.pem", "ssl/certs", "ssl/ct_log_list.cnf", "ssl/openssl.cnf", "terminfo", "timezone"),
)
ETC_PATTERNS = ("java*", "python3*")
"""Settings of language runtimes that keep them in /etc; a link out of /etc is read as the file it names."""
MORE = ("/sys/devices/system/cpu",)
"""How many cores there are: runtimes size their thread pools by it."""


@dataclass(frozen=True, kw_only=True)
class System:
    folders: tuple[Path, ...]
    links: tuple[tuple[str, Path], ...]
    """(target, link)."""


def system() -> System:
    folders = [USR]
    links: list[tuple[str, Path]] = []
    for name in TOP:
        path = Path("/") / name
        if path.is_symlink():
            links.append((os.readlink(path), path))
        elif path.is_dir():
            folders.append(path)
    found = [Path("/etc") / name for name in ETC]
    found += [p for pattern in ETC_PATTERNS for p in sorted(Path("/etc").glob(pattern)) if p.is_dir()]
    folders += [p for p in (*found, *map(Path, MORE)) if p.exists()]
    return System(folders=tuple(folders), links=tuple(links))


def passwd(home: Path) -> bytes:
    """Our user as the run sees it: its HOME is the run's own, for programs that ask here and not the environment."""
    uid, gid = os.getuid(), os.getgid()
    lines = [f"agent:x:{uid}:{gid}:agent:{home}:/bin/sh", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    return ("\n".join(lines) + "\n").encode()


def group() -> bytes:
    return f"agent:x:{os.getgid()}:\nnogroup:x:65534:\n".encode()


HOSTS = b"127.0.0.1 localhost agent\n::1 localhost\n"
