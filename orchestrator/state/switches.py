"""What a person has switched off: `off/all.json`, `off/repo.<key>.json`, `off/role.<name>.json`.

The file's being there is the switch; what stands in it only says who, when and why. So a person may also `touch` it, a
file that cannot be read is off all the same, and looking costs one listing of a folder that is mostly not there.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator import disk

HEARING = frozenset({"bot"})
"""Roles that a person is heard through: switching everything off leaves them on, or nobody could switch it on."""


class Scope(Enum):
    ALL = "all"
    REPO = "repo"
    ROLE = "role"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One thing that is off."""

    scope: Scope
    name: str = ""
    """The repository's key, or the role's name; empty for everything."""
    by: str = ""
    at: str = ""
    """UTC, as `times.stamp` writes it."""
    why: str = ""

    @property
    def words(self) -> str:
        what = {Scope.ALL: "everything", Scope.REPO: f"repository {self.name}", Scope.ROLE: f"role {self.name}"}
        by = f" by {self.by}" if self.by else ""
        at = f" at {self.at}" if self.at else ""
        return f"{what[self.scope]} is switched off{by}{at}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, kw_only=True)
class Switches:
    root: Path
    """runtime/state; kept in `off/`."""

    @property
    def folder(self) -> Path:
        return self.root / "off"

    def off(self) -> tuple[Switch, ...]:
        """Everything that is off: first all, then repositories, then roles."""
        try:
            names = os.listdir(f"{self.root}/off")  # asked several times a second: a Path costs ten times the look
        except FileNotFoundError:
            return ()
        found = (_named(name) for name in names)
        order = list(Scope)
        return tuple(
            self._read(s, n) for s, n in sorted((f for f in found if f), key=lambda f: (order.index(f[0]), f[1]))
        )

    def of(self, *, repo: str = "", role: str = "") -> Switch | None:
        """The switch that stops work on this repository (its key), or this role; with neither, all work."""
        for switch in self.off():
            match switch.scope:
                case Scope.ALL if role not in HEARING:
                    return switch
                case Scope.REPO if repo and switch.name == repo:
                    return switch
                case Scope.ROLE if role and switch.name == role:
                    return switch
        return None

    def put(self, switch: Switch) -> bool:
        """Switches it off; False when it was off already, whose word then stands. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = {"off": switch.scope.value, "name": switch.name, "by": switch.by, "at": switch.at, "why": switch.why}
        data = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
        try:
            disk.create(self._path(switch.scope, switch.name), data, tmp=self.folder / f".{os.getpid()}.tmp")
        except FileExistsError:
            return False
        return True

    def take(self, scope: Scope, name: str = "") -> bool:
        """Switches it on; False when it was not off. Raises OSError."""
        try:
            self._path(scope, name).unlink()
        except FileNotFoundError:
            return False
        disk.sync_dir(self.folder)
        return True

    def _path(self, scope: Scope, name: str) -> Path:
        return self.folder / (f"{scope.value}.{name}.json" if name else f"{scope.value}.json")

    def _read(self, scope: Scope, name: str) -> Switch:
        with contextlib.suppress(OSError, ValueError):
            said = json.loads(self._path(scope, name).read_text("utf-8"))
            if isinstance(said, dict):
                by, at, why = (str(said.get(k, "")) for k in ("by", "at", "why"))
                return Switch(scope=scope, name=name, by=by, at=at, why=why)
        return Switch(scope=scope, name=name)


def _named(file: str) -> tuple[Scope, str] | None:
    """Scope and name of a file of ours; None for any other."""
    stem = file.removesuffix(".json")
    if stem == Scope.ALL.value:
        return Scope.ALL, ""
    scope, _, name = stem.partition(".")
    if scope in (Scope.REPO.value, Scope.ROLE.value) and name:
        return Scope(scope), name
    return None
