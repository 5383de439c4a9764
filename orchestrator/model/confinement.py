"""How an agent run is confined: what was asked for, what the machine can hold, what limits stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Sandbox(Enum):
    """What a repository asks for."""

    REQUIRED = "required"
    """Bubblewrap or Landlock, or no agent runs."""
    PREFER = "prefer"
    """The best this machine can hold; where that is none, nothing merges by itself unless the operator says so."""
    OFF = "off"
    """No confinement on purpose; nothing merges by itself unless the operator says so."""


class Level(Enum):
    """What a run really had, best first."""

    BUBBLEWRAP = "bubblewrap"
    """Own process, mount, network, IPC and UTS namespaces."""
    LANDLOCK = "landlock"
    """The kernel holds files and (from ABI 4) TCP ports; no namespaces: processes see each other, UDP is open."""
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one run, all its processes together where the kernel can, else each. 0 = no limit."""

    memory_mb: int = 4096
    processes: int = 512
    file_mb: int = 2048
    """Largest single file it may write."""
    cpu_minutes: float = 0
    disk_mb: int = 5120
    """What its workspace and HOME may grow by."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What the live self-test of one level showed on this machine."""

    level: Level
    holds: bool
    why: str = ""
    """What was missing or what did not hold, and what mends it."""
    cannot: tuple[str, ...] = ()
    """What this level cannot hold here even when it works."""
