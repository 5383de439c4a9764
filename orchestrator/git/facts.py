"""What git said about things that cannot change: a sha names its content for ever, so one question a process is enough.

Only good answers are kept (an object that is absent now may be fetched later), bounded, and dropped with the mirror.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

T = TypeVar("T")

MOST = 4000
LARGEST = 256 * 1024
"""Longest text or bytes kept; larger ones are asked for again."""


@dataclass
class Facts:
    """One mirror's; shared by all `Repository` values of a process."""

    known: OrderedDict[tuple[str, ...], object] = field(default_factory=OrderedDict)

    def ask(self, key: tuple[str, ...], find: Callable[[], T | None]) -> T | None:
        """The answer known under `key` (which must name a sha), else what `find` says, kept unless it is None."""
        if key in self.known:
            self.known.move_to_end(key)
            return cast(T, self.known[key])
        answer = find()
        if answer is not None and not (isinstance(answer, (bytes, str)) and len(answer) > LARGEST):
            self.known[key] = answer
            if len(self.known) > MOST:
                self.known.popitem(last=False)
        return answer

    def forget(self) -> None:
        self.known.clear()
