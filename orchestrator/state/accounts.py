"""Which account stood behind a listed login when it was first seen: a name can change hands, its number cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.state.store import Store


@dataclass(frozen=True, kw_only=True)
class Accounts:
    root: Path
    """runtime/state; kept in `accounts.json` as `{login: number}`. Deleting a line trusts the next one of that name."""

    def same(self, login: str, id: int) -> bool:
        """Is it the account first seen under this name? The first is kept. Raises CorruptState."""
        name = login.casefold()
        known = self._store.read().get(name)
        if known is None:
            with self._store.change() as data:
                known = data.setdefault(name, id)
        return bool(known == id)

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "accounts.json")
