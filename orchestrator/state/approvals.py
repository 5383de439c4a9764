"""People's words about heads: `approvals/<task>.jsonl`, one line each, never changed, readable by a person.

What counts is found again by the head's sha, so nothing has to be taken out: a word about a head that moved is about
nothing. What is taken back on GitHub is seen there (`policy.approval`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.model.governance import Approval, Via
from orchestrator.model.names import Sha
from orchestrator.state import lines
from orchestrator.state.store import CorruptState


@dataclass(frozen=True, kw_only=True)
class Approvals:
    root: Path
    """runtime/state; kept in `approvals/`."""

    def put(self, word: Approval) -> None:
        """Writes it down; on the disk when this returns. Raises ValueError for a task id that is no file name."""
        line = {
            "at": word.at, "head": word.head_sha, "by": word.by, "via": word.via.value, "approve": word.approve,
            "why": word.why, "source": word.source, "carried": word.carried,
        }  # fmt: skip
        lines.append(self._path(word.task), json.dumps(line, ensure_ascii=False), sync=True)

    def of(self, task: str) -> tuple[Approval, ...]:
        """Every word about the task's heads, as they were written down. Raises CorruptState."""
        path = self._path(task)
        return tuple(_word(task, path, number, line) for number, line in enumerate(lines.read(path), 1))

    def carry(self, task: str, old: Sha, new: Sha) -> None:
        """What was said of `old` holds for `new`: a clean update from the base changed nothing of the diff. Safe to
        repeat."""
        words = self.of(task)
        there = {(w.by, w.at, w.approve, w.source) for w in words if w.head_sha == new}
        for word in words:
            if word.head_sha == old and (word.by, word.at, word.approve, word.source) not in there:
                self.put(replace(word, head_sha=new, carried=True))

    def _path(self, task: str) -> Path:
        return lines.path_of(self.root / "approvals", task)


def _word(task: str, path: Path, number: int, line: bytes) -> Approval:
    try:
        said = json.loads(line)
        if not isinstance(said["approve"], bool):
            raise ValueError("approve is neither true nor false")
        return Approval(
            task=task,
            head_sha=Sha(str(said["head"])),
            by=str(said["by"]),
            via=Via(said["via"]),
            at=str(said["at"]),
            approve=said["approve"],
            why=str(said["why"]),
            source=str(said["source"]),
            carried=bool(said["carried"]),
        )
    except (ValueError, KeyError, TypeError) as why:
        raise CorruptState(path, f"line {number}: {why}") from why
