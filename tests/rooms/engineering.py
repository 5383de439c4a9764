"""What the stories of single adapters share: a job, a gateway, a run's lines replayed, hostile lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from orchestrator.agents.base import Agent, Gateway, Tally
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Event, Job, RunOutcome

Line = dict[str, Any]
"""One JSON object that a program prints."""
GATEWAY = Gateway(url="http://127.0.0.1:9", key="sk-none-dummy", model="some-model", proxy="http://127.0.0.1:8")
NOWHERE = Path("/nonexistent")
ALONE = Gateway(proxy="http://127.0.0.1:8")
"""No key: it goes to its provider by itself."""


def job(folder: Path, *, resume: str = "", read_only: bool = False, prompt: str = "Do it.\n") -> Job:
    return Job(
        task="web-7",
        n=1,
        prompt=prompt,
        workspace=str(folder / "ws"),
        home=str(folder / "home"),
        log=str(folder / "logs" / "1.log"),
        wall_seconds=30,
        silence_seconds=30,
        resume=resume,
        read_only=read_only,
    )


def named(adapter: str, **more: str) -> AgentSettings:
    return AgentSettings(name=adapter, adapter=adapter, command=("the-program",), model=more.get("model", ""))


@dataclass(frozen=True, kw_only=True)
class Replayed:
    events: tuple[Event, ...]
    outcome: RunOutcome
    kinds: tuple[str, ...]

    def only(self, *kinds: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]


def replay(agent: Agent, run: Job, lines: Iterable[str | Line], exit: int | None = 0) -> Replayed:
    """A run's recorded output through the adapter, as `running` does it."""
    reader, tally, heard = agent.reader(run), Tally(), list[Event]()
    for line in lines:
        heard += reader.line(line if isinstance(line, str) else json.dumps(line))
    heard += reader.end()
    for event in heard:
        tally.add(event)
    kinds = tuple(type(event).__name__ for event in heard)
    return Replayed(events=tuple(heard), outcome=agent.outcome(tally, exit, "", 1.0), kinds=kinds)


def word_after(words: Sequence[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def hostile(samples: Sequence[Line]) -> st.SearchStrategy[str]:
    """Lines like the samples with anything in the place of anything, and lines like nothing."""
    keys = sorted({key for sample in samples for key in _keys(sample)})
    words = sorted({value for sample in samples for value in _words(sample)})
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(words)
    anything = st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(keys), inner, max_size=6),
        max_leaves=25,
    )
    objects = st.dictionaries(st.sampled_from(keys), anything, max_size=8)
    typed = st.builds(lambda sample, more: {**sample, **more}, st.sampled_from(list(samples)), objects)
    return (objects | typed | anything).map(json.dumps) | st.text(max_size=60) | st.just("[" * 9000)


def _keys(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield key
            yield from _keys(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _keys(inside)


def _words(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _words(inside)
