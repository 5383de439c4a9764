"""One repository of the file with what surrounds it: the innermost word wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.config.placed import PlacedProject, PlacedRepo
from orchestrator.config.schema import Config
from orchestrator.yamlread.problems import At


@dataclass(frozen=True, kw_only=True)
class Level:
    """One repository with what surrounds it."""

    config: Config
    project: PlacedProject
    repo: PlacedRepo

    @property
    def places(self) -> tuple[At, ...]:
        """Outermost first."""
        return tuple(dict.fromkeys(((), self.project.at, self.repo.at)))

    def find(self, name: str) -> tuple[Any, At]:
        """The innermost value of a shared key and where it stands; None when nobody says it."""
        for at, shared in ((self.repo.at, self.repo.shared), (self.project.at, self.project.shared), ((), self.config)):
            value = getattr(shared, name)
            if value is not None:
                return value, (*at, name)
        return None, (*self.repo.at, name)

    def said(self, names: Iterable[str]) -> dict[str, Any]:
        return {n: v for n in names if (v := self.find(n)[0]) is not None}
