"""What was judged before is not paid for twice: verdicts of checks about one head on one base, and command runs that
ended well on one tree.

Kept are answers that only commits and rules decide. What a check could not tell is asked again, and so is a command
that failed: that may have been the machine. A worker that dies while it judges loses nothing but the step it was in.
All of it can be deleted and comes back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.model.gate import CommandRun, Finding, Outcome
from orchestrator.model.names import Sha

MOST = 400
"""Files of each kind; those not used for longest go first."""
LONGEST = 64_000
"""Bytes of one file; a longer answer is not kept."""
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One check's answer, and which version of the check gave it."""

    version: int
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class _Heads:
    checks: dict[str, Judged] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    root: Path
    """runtime/state; kept in `verdicts/` and `command_runs/`."""

    def of(self, head: Sha, base: Sha, rules: str) -> dict[str, Judged]:
        """By check. `rules`: a digest of all that was configured when they were asked."""
        found = self._read(self._path("verdicts", head, base, rules), _Heads)
        return dict(found.checks) if found else {}

    def keep(self, head: Sha, base: Sha, rules: str, judged: Iterable[Judged]) -> None:
        """Beside those that stand there already. What could not be told is not kept."""
        told = {j.finding.check: j for j in judged if j.finding.outcome is not Outcome.CANNOT_TELL}
        if told:
            path = self._path("verdicts", head, base, rules)
            self._write(path, _Heads(checks=self.of(head, base, rules) | told))

    def run(self, tree: Sha, command: str, how: str) -> CommandRun | None:
        """The run of a command that ended well over this very tree. `how`: what else it depends on."""
        found = self._read(self._path("command_runs", tree, command, how), CommandRun)
        return found if found is not None and found.command == command and found.exit == 0 else None

    def keep_run(self, tree: Sha, how: str, run: CommandRun) -> None:
        if run.exit == 0:
            self._write(self._path("command_runs", tree, run.command, how), replace(run, tail=run.tail[-2000:]))

    def _path(self, folder: str, *words: str) -> Path:
        digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()
        return self.root / folder / f"{digest[:40]}.json"

    def _read(self, path: Path, kind: type[_T]) -> _T | None:
        """A file that cannot be read counts as absent."""
        import msgspec

        with contextlib.suppress(OSError, msgspec.MsgspecError):
            found = msgspec.json.decode(path.read_bytes(), type=kind)
            os.utime(path)
            return found
        return None

    def _write(self, path: Path, value: Any) -> None:
        import msgspec

        data = msgspec.json.encode(value)
        if len(data) > LONGEST:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.write_bytes(data)  # not forced to the disk: a file that a power loss broke counts as absent
        aside.rename(path)
        self._drop_oldest(path.parent)

    def _drop_oldest(self, folder: Path) -> None:
        files = []
        for path in folder.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                files.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(files)[: max(0, len(files) - MOST)]:
            path.unlink(missing_ok=True)
