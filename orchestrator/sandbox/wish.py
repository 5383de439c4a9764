"""What one run needs of its box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.confinement import Limits


@dataclass(frozen=True, kw_only=True)
class Wish:
    """All paths absolute."""

    workspace: Path
    """Writable, but for its `.git/config` and `.git/hooks`; whole read-only where `read_only`."""
    home: Path
    """Its own HOME, writable."""
    program: str
    """What is started, by path or by name on PATH: its install tree is readable."""
    scripts: tuple[str, ...] = ()
    """More files it is started with (`node /x/cli.js`): readable, with the package they stand in."""
    readable: tuple[Path, ...] = ()
    """More that it may read: the mirror's objects that the workspace borrows, a toolchain."""
    ports: tuple[int, ...] = ()
    """Where our proxies listen on the host's loopback, for a run without a network of its own."""
    read_only: bool = False
    limits: Limits = Limits()
