"""Tool calls as our events: which of a program's tools edit a file, which run a command, the rest by name.

A program tells a call and its result apart; a `Calls` keeps the first until the second comes, so that an edit that
failed is none and a command has its exit status where the program tells one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.agents.lines import Object, word
from orchestrator.model.stream import Command, Edit, Event

OWED = 1000
"""Tool calls remembered until their result comes."""
TELLING = ("command", "file_path", "filePath", "path", "pattern", "query", "url", "description", "name")
"""What of a call's input is shown, first found."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """A program's tools that edit and that run commands: name to the input that holds the path or the command."""

    edits: Mapping[str, str]
    commands: Mapping[str, str]

    def event(self, name: str, given: Object, *, failed: bool | None, exit: int | None = None) -> Event:
        """`failed`: None = no result came. `exit`: where it is told; a good end of a command is not taken for 0."""
        if name in self.edits and failed is False:
            return Edit(path=word(given, self.edits[name]))
        if name in self.commands:
            return Command(command=word(given, self.commands[name]), exit=exit)
        shown = next((said for key in TELLING if (said := word(given, key))), "")
        return Command(command=f"[{name}] {shown}".strip(), exit=exit)


class Calls:
    """Calls whose result is still owed."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.owed: dict[str, tuple[str, Object]] = {}

    def called(self, id: str, name: str, given: Object) -> tuple[Event, ...]:
        """Nothing yet, unless too many are owed."""
        if len(self.owed) >= OWED:
            return (self.tools.event(name, given, failed=None),)
        self.owed[id] = (name, given)
        return ()

    def answered(self, id: str, *, failed: bool, exit: int | None = None) -> tuple[Event, ...]:
        name, given = self.owed.pop(id, ("", {}))
        return (self.tools.event(name, given, failed=failed, exit=exit),) if name else ()

    def rest(self) -> tuple[Event, ...]:
        """Those that never answered."""
        owed, self.owed = self.owed, {}
        return tuple(self.tools.event(name, given, failed=None) for name, given in owed.values())
