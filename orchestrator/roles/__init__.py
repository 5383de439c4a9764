"""Cron roles. To add one: one file here, one line in `model.roles.NAMES`; crontab and help are printed from ROLES."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import cast

from orchestrator.model.roles import NAMES
from orchestrator.roles.base import Role

__all__ = ["NAMES", "ROLES"]


class _Roles(Mapping[str, Role]):
    """Name to module. A module is loaded when it is asked for: a tick of one role does not pay for the others."""

    def __getitem__(self, name: str) -> Role:
        if name not in NAMES:
            raise KeyError(name)
        return cast(Role, importlib.import_module(f"orchestrator.roles.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


ROLES = _Roles()
