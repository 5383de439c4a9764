"""Sprint plans, one file each: `state/plans/<repo key>/<id>.json`. They are decisions, not derived from anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.plan import Plan, PlanState
from orchestrator.state.store import CorruptState


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
        found = [self._read(path) for path in self._folder(repo).glob("*.json")]
        return tuple(sorted(found, key=lambda p: (p.at, p.id), reverse=True))

    def pending(self, repo: str) -> Plan | None:
        """The plan that waits for a person, if one does. Raises CorruptState."""
        return next((p for p in self.of(repo) if p.state is PlanState.PENDING), None)

    def get(self, id: str) -> Plan | None:
        """By id, in whichever repository. Raises CorruptState."""
        if "/" in id or id.startswith("."):
            return None
        return next((self._read(p) for p in sorted((self.root / "plans").glob(f"*/{id}.json"))), None)

    def _folder(self, repo: str) -> Path:
        return self.root / "plans" / repo

    def _read(self, path: Path) -> Plan:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Plan)
        except (OSError, msgspec.MsgspecError) as why:
            raise CorruptState(path, str(why)) from why
