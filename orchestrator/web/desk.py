"""What the page works with: services built anew when the configuration was changed, and who sits at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from orchestrator.config import ConfigError
from orchestrator.model.errors import Told
from orchestrator.services import Services


class Desk:
    """`build` raises Told for a configuration that cannot be used; the services of the last good one then go on."""

    def __init__(self, build: Callable[[], Services], *, person: str = "") -> None:
        self._build = build
        self._lock = threading.Lock()
        self._services = build()
        self._person = person
        self._seen = self._mark()
        self.problem = ""
        """What is wrong with the configuration as it stands now; empty while it is good."""
        self.ordering = threading.Lock()
        """Held while an order is carried out: one at a time."""

    @property
    def person(self) -> str:
        """Who gives orders here: the operator of the configuration, else whoever started the page."""
        return self.services.settings.operator or self._person

    @property
    def services(self) -> Services:
        with self._lock:
            if (mark := self._mark()) != self._seen:
                self._seen = mark
                self._again()
            return self._services

    def _again(self) -> None:
        old = self._services
        try:
            self._services = self._build()
        except (Told, ConfigError) as why:
            self.problem = str(why)
            return
        self.problem = ""
        old.github.close()

    def _mark(self) -> tuple[int, int, int]:
        file: Path = self._services.settings.config_file
        try:
            seen = file.stat()
        except OSError:
            return (0, 0, 0)
        return (seen.st_mtime_ns, seen.st_size, seen.st_ino)

    def close(self) -> None:
        self._services.github.close()
