"""Until when an agent is left alone after its provider refused: `{agent: time}`, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.times import parse, stamp
from orchestrator.state.store import CorruptState, Store


@dataclass(frozen=True, kw_only=True)
class Cooldowns:
    root: Path
    """runtime/state; kept in `cooldowns.json`."""

    def set(self, agent: str, until: str) -> None:
        """`until` as `times.stamp` writes it. The later of two times stands."""
        parse(until)
        with self._store.change() as data:
            before = self._read(data.get(agent, ""))
            data[agent] = until if not before or parse(until) > parse(before) else before

    def until(self, agent: str) -> str:
        """Empty when none was ever noted; may lie in the past. Raises CorruptState."""
        return self._read(self._store.read().get(agent, ""))

    def clear(self, agent: str) -> None:
        """A person says it works again."""
        with self._store.change() as data:
            data.pop(agent, None)

    def _read(self, held: object) -> str:
        if held == "":
            return ""
        try:
            return stamp(parse(str(held)))
        except ValueError as why:
            raise CorruptState(self._store.path, str(why)) from why

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "cooldowns.json")
