"""The stories as data: what is filed, what the engineers do, how each must end. Read from `scenario.yaml`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENGINEERS = ("iris", "noah")
"""The scripted ones, in the order they are tried; for pages it is the other way round."""

REVIEWER = "vera"
"""The scripted one who looks at every change."""


class Outcome(Enum):
    """How a story ends."""

    MERGED = "merged"
    ESCALATED = "escalated"
    LEFT_ALONE = "left_alone"
    OPEN = "open"
    """Not ended: no story expects this."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a person does once the task waits for one."""

    adds: dict[str, str] = field(default_factory=dict)
    """Files pushed to the default branch once it was escalated, before its file is moved back to inbox/."""
    says: str = ""
    approves: bool = False
    """Approves its pull request on GitHub, once that is all it waits for."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What the reviewer finds at one look."""

    prompt: str
    """Expression that the diff in its prompt matches at this look, and at no later one."""
    findings: list[dict[str, Any]]
    unmet: list[str] = field(default_factory=list)
    """Ids of the criteria that are not met."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    outcome: Outcome
    runs: tuple[str, ...] | None = ()
    """`<agent> <kind>` of every agent run, in order. None = whatever it takes."""
    files: dict[str, str] = field(default_factory=dict)
    """Path on the default branch -> text that it holds."""
    comments: dict[str, int] | None = field(default_factory=dict)
    """Comments on the issue by kind, exactly these. None = whatever it takes."""
    reviews: tuple[str, ...] | None = None
    """The reviewer's opinions in order. None = approvals only, and the last one of what was merged."""


@dataclass(frozen=True, kw_only=True)
class Story:
    shows: str
    repo: str
    title: str
    body: str
    author: str = "ada"
    labels: tuple[str, ...] = ()
    after: str = ""
    """Title of the issue it depends on; `{after}` in the body is its number."""
    person: Person | None = None
    any_agent: bool = False
    """Also makes sense for an engineer whose deeds nobody scripted."""
    scenes: tuple[dict[str, Any], ...] = ()
    review: tuple[Reviewed, ...] = ()
    """Looks at which the reviewer asks for changes; at any other it approves."""
    expect: Expected

    @property
    def criteria(self) -> list[str]:
        """Ids of its success criteria, as the intake numbers them."""
        _, _, told = self.body.partition("## Success Criteria")
        return [f"c{n}" for n, _ in enumerate(re.findall(r"(?m)^- ", told.split("\n## ")[0]), 1)]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository of the demo; its files stand in `repository/<name>/`, each with the suffix `.in`."""

    name: str
    jobs: dict[str, str]
    """The hub's CI: job -> shell command."""
    verify: str
    """What our own gate runs."""

    @property
    def owner(self) -> str:
        return self.name.split("/")[0]

    @property
    def key(self) -> str:
        return self.name.split("/")[1]

    def files(self) -> dict[str, str]:
        root = HERE / "repository" / self.key
        names = {p.relative_to(root).as_posix().removesuffix(".in"): p for p in sorted(root.rglob("*.in"))}
        # A file called .gitignore would be obeyed where it lies.
        return {"." + n if n == "gitignore" else n: p.read_text(encoding="utf-8") for n, p in names.items()}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    repositories: tuple[Repository, ...]
    stories: tuple[Story, ...]

    def playbook(self) -> dict[str, Any]:
        """What the scripted engineers play: every scene, bound to its story's title."""
        played = [_scene(story, scene) for story in self.stories for scene in story.scenes]
        return {"scenes": [*(_look(story, r) for story in self.stories for r in (*story.review, None)), *played]}

    def for_any_agent(self) -> Scenario:
        """The stories whose end does not hang on a script; how often an engineer tries is its own business."""
        stories = [
            replace(s, expect=replace(s.expect, runs=None, comments=None) if s.scenes else s.expect)
            for s in self.stories
            if s.any_agent
        ]
        return replace(self, stories=tuple(stories))


def load(path: Path = HERE / "scenario.yaml") -> Scenario:
    """Reads a scenario; `{python}` in commands is the Python that runs the demo. Raises msgspec.ValidationError."""
    import msgspec
    import yaml

    data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return _filled(msgspec.convert(data, Scenario))


def _filled(scenario: Scenario) -> Scenario:
    python = shlex.quote(sys.executable)
    repositories = [
        replace(
            r,
            verify=r.verify.replace("{python}", python),
            jobs={name: command.replace("{python}", python) for name, command in r.jobs.items()},
        )
        for r in scenario.repositories
    ]
    return replace(scenario, repositories=tuple(repositories))


def _look(story: Story, asks: Reviewed | None) -> dict[str, Any]:
    """The reviewer at one look: it asks for changes, or approves."""
    wanted = rf"{re.escape(story.title)}[\s\S]*{asks.prompt}" if asks else re.escape(story.title)
    criteria = [
        {"id": id, "met": not (asks and id in asks.unmet), "evidence": "read in the diff"} for id in story.criteria
    ]
    answer = {
        "nonce": "{nonce}", "head_sha": "{head_sha}", "verdict": "request_changes" if asks else "approve",
        "findings": asks.findings if asks else [], "criteria": criteria, "tests": [],
    }  # fmt: skip
    return {"when": {"kind": "ask", "agent": REVIEWER, "prompt": wanted}, "steps": [{"answer": answer}]}


def _scene(story: Story, scene: dict[str, Any]) -> dict[str, Any]:
    return {"when": {"title": f"^{re.escape(story.title)}$", **scene.get("when", {})}, "steps": scene["steps"]}


def order(stories: Sequence[Story]) -> list[Story]:
    """As they stand, but an issue after the one it depends on (whose number it names)."""
    return sorted(stories, key=lambda s: bool(s.after))
