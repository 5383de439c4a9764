"""The merge train of each repository: `trains/<key>.json`, written before each step so that a death repeats nothing.

Deleting a file forgets its train: the draft then stays open for a person to close, and nothing else is lost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator.model.names import Sha, TaskId
from orchestrator.model.task import FailedCheck
from orchestrator.model.train import Member, Stage, Track, Train
from orchestrator.state.store import CorruptState, Store

APART = 500
"""Heads that go one by one; those noted first are forgotten first."""


@dataclass(frozen=True, kw_only=True)
class Trains:
    root: Path
    """runtime/state; kept in `trains/`."""

    @property
    def folder(self) -> Path:
        return self.root / "trains"

    def of(self, key: str) -> Track:
        """What is kept of a repository. Raises CorruptState."""
        store = self._store(key)
        data = store.read()
        try:
            return _track(data)
        except (KeyError, TypeError, ValueError) as why:
            raise CorruptState(store.path, f"no train: {why!r}") from why

    def underway(self, key: str) -> bool:
        """Whether a train is under way, or its file cannot be read: then too nothing may move the base."""
        try:
            return self.of(key).train is not None
        except CorruptState:
            return True

    def save(self, key: str, track: Track) -> None:
        """Written whole. Raises Busy."""
        train = track.train
        with self._store(key).change() as data:
            data["train"] = {**asdict(train), "stage": train.stage.value} if train else None
            data["apart"] = list(track.apart)[-APART:]
            data["single"] = [list(mark) for mark in track.single]

    def _store(self, key: str) -> Store:
        if not key or key.startswith(".") or "/" in key or "\0" in key:
            raise ValueError(f"{key!r} is no repository's key")
        return Store(path=self.folder / f"{key}.json")


def _track(data: dict[str, Any]) -> Track:
    said = data.get("train")
    return Track(
        train=_train(said) if said else None,
        apart=tuple(Sha(s) for s in data.get("apart", ())),
        single=tuple((str(b), str(w), str(a)) for b, w, a in data.get("single", ())),
    )


def _train(said: dict[str, Any]) -> Train:
    members = tuple(Member(**{**m, "task": TaskId(m["task"]), "checks": tuple(m["checks"])}) for m in said["members"])
    failed = tuple(FailedCheck(**f) for f in said["failed"])
    train = Train(**{**said, "members": members, "failed": failed, "stage": Stage(said["stage"])})
    if not 1 <= train.at <= len(members):
        raise ValueError(f"{train.at} of {len(members)} members under test")
    return train
