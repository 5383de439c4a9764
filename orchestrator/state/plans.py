"""Sprint plans, one file each: `state/plans/<repo key>/<id>.json`. They are decisions, not derived from anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.plan import Plan, PlanState
from orchestrator.state.store import CorruptState

_ID = re.compile(r"[a-z0-9-]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Plans:
    root: Path
    """runtime/state."""

    def put(self, plan: Plan) -> None:
        """Writes it whole, in place of what was known of it."""
        path = self._folder(plan.repo) / f"{plan.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")

    def of(self, repo: str) -> tuple[Plan, ...]:
        """All plans of a repository (by key), newest first. Raises CorruptState."""
        found, unreadable = self.look(repo)
        if unreadable:
            raise unreadable[0]
        return found

    def look(self, repo: str) -> tuple[tuple[Plan, ...], tuple[CorruptState, ...]]:
        """The plans that can be read, newest first, and what is wrong with the other files. For people to look at."""
        found: list[Plan] = []
        unreadable: list[CorruptState] = []
        for path in sorted(self._folder(repo).glob("*.json")):
            try:
                found.append(self._read(path))
            except CorruptState as why:
                unreadable.append(why)
        return tuple(sorted(found, key=lambda p: (p.at, p.id), reverse=True)), tuple(unreadable)

    def pending(self, repo: str) -> Plan | None:
        """The plan that waits for a person, if one does, among those that can be read."""
        return next((p for p in self.look(repo)[0] if p.state is PlanState.PENDING), None)

    def get(self, id: str) -> Plan | None:
        """By its whole id, in whichever repository. Raises CorruptState."""
        if not _ID.fullmatch(id):
            return None
        return next((self._read(p) for p in sorted((self.root / "plans").glob(f"*/{id}.json"))), None)

    def _folder(self, repo: str) -> Path:
        return self.root / "plans" / repo

    def _read(self, path: Path) -> Plan:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Plan)
        except (OSError, ValueError) as why:
            raise CorruptState(path, str(why)) from why
