"""The hardened git command.

An agent may fill its workspace, `.git` included, with anything. So the program never runs git with a git directory
the agent could write: every call names its own GIT_DIR (the bare mirror) and its own index, and sees a workspace only
as GIT_WORK_TREE. Settings that could start a program are pinned in the environment, which outranks every file; they
are the second wall, since flags alone have been shown not to be enough (clean filters, receive-pack).

A token travels as an extra header in the environment of one call: not in the arguments, which every user of the host
can list, not in an address, and not in a file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator import process
from orchestrator.clock import Clock
from orchestrator.git import names
from orchestrator.git.facts import Facts
from orchestrator.model import cutting

NAME = "Agent OS"
EMAIL = "agent-os@users.noreply.github.com"

_PINNED = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.excludesFile": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.quotePath": "false",
    "core.pager": "cat",
    "credential.helper": "",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "push.recurseSubmodules": "no",
    "push.gpgSign": "false",
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "advice.detachedHead": "false",
}

_NO_ATTRIBUTES = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's empty tree, which needs no object."""

_VARIABLES = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "http:https:ssh:file",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": NAME,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_COMMITTER_NAME": NAME,
    "GIT_COMMITTER_EMAIL": EMAIL,
}

_NETWORK = re.compile(
    r"could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out|closed)"
    r"|operation (timed out|too slow)|network is unreachable|no route to host|returned error: (5\d\d|429|408)"
    r"|early eof|rpc failed|unexpected disconnect|empty reply|recv failure|send failure|ssl_|gnutls|tls"
    r"|hung up unexpectedly|bytes of body are still expected|invalid index-pack output|transfer closed",
    re.IGNORECASE,
)
_CERTAIN = re.compile(
    r"does not appear to be a git repository|repository .*not found|permission denied|access denied", re.I
)

OUTPUT = 256_000_000
"""Bytes of output one call may print; what is longer is an error, never a cut answer."""


class GitError(Exception):
    """git refused. `uncertain` says that an effect on the remote may have happened all the same."""

    uncertain = False

    def __init__(self, what: str, exit: int | None, stderr: str) -> None:
        super().__init__(f"{what}: {cutting.tail(stderr.strip(), 2000) or f'exit code {exit}'}")
        self.what, self.exit, self.stderr = what, exit, stderr


class GitUnreachable(GitError):
    """The remote could not be reached, or the connection ended in the middle: try again later."""

    uncertain = True


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs git in one mirror. Every room of this package speaks to git through it."""

    mirror: Path
    url: str
    clock: Clock
    credentials: Callable[[str], str | None] = field(repr=False)
    may_push: Callable[[str], None] = field(default=lambda url: None, repr=False, compare=False)
    """Raises `Stopped` where nothing is to be pushed; told the address."""
    facts: Facts = field(default_factory=Facts, repr=False, compare=False)

    def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (0,),
        network: bool = False,
        timeout: float = 300.0,
        cwd: Path | None = None,
    ) -> process.Finished:
        """The finished call. Raises GitError for an exit code not in `accept`, GitUnreachable for network failures."""
        where = cwd or self.mirror
        try:
            done = process.run(
                ("git", *args),
                cwd=where,
                env=self.environment(env or {}, network=network),
                stdin=stdin,
                timeout=timeout,
                output_limit=OUTPUT,
                tied=network,
            )
        except process.CannotStart as error:
            raise GitError(f"git {args[0]}", None, str(error)) from error
        if done.exit in accept and not done.truncated:
            return done
        words = done.err.decode("utf-8", "replace") or ("its answer is too long" if done.truncated else "")
        kind = GitUnreachable if network and unreachable(done, words) else GitError
        raise kind(f"git {args[0]}", done.exit, words)

    def environment(self, extra: Mapping[str, str], *, network: bool) -> dict[str, str]:
        config = dict(_PINNED)
        if "GIT_WORK_TREE" not in extra:
            # From git 2.43 on a bare repository may read them from its HEAD: a base with `* -diff` would hide changes
            # from the reviewer, one with `merge=union` would merge otherwise than the host does.
            config["attr.tree"] = _NO_ATTRIBUTES
        token = self.credentials(self.url) if network and names.origin(self.url) else None
        if token:
            basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            config[f"http.{names.origin(self.url)}.extraHeader"] = f"Authorization: Basic {basic}"
        pinned = {"GIT_CONFIG_COUNT": str(len(config))}
        for number, (name, value) in enumerate(config.items()):
            pinned[f"GIT_CONFIG_KEY_{number}"] = name
            pinned[f"GIT_CONFIG_VALUE_{number}"] = value
        own = {"HOME": str(self.mirror.parent), "GIT_DIR": str(self.mirror)}
        return process.clean_env({**_VARIABLES, **own, **pinned, **extra})


def unreachable(done: process.Finished, words: str) -> bool:
    """Whether the connection failed, not what was asked over it."""
    if done.exit is None or done.exit < 0:
        return True
    return bool(_NETWORK.search(words)) and not _CERTAIN.search(words)


def text(done: process.Finished) -> str:
    return done.out.decode("utf-8", "surrogateescape").strip()
