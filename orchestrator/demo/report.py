"""What came of it: the real state of the hub, the mailbox and the ledger beside what the scenario expects."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from orchestrator.demo.scenario import Outcome
from orchestrator.demo.world import PERSON, Filed, World
from orchestrator.hub.store import checks
from orchestrator.model.event import EventKind, Record
from orchestrator.model.task import Task
from orchestrator.model.times import parse
from orchestrator.operations import records as books
from orchestrator.operations.records import Verified

_KEY = re.compile(r"<!-- agent-os:key=\S+/([a-z-]+)(?::\S+)? -->")

STATE = {
    Outcome.MERGED: ("closed", "Done"),
    Outcome.ESCALATED: ("open", "Blocked"),
    Outcome.LEFT_ALONE: ("open", "Ready"),
}
"""Where an issue of each end stands on GitHub: its state and its column."""

NEVER = (EventKind.CRASH, EventKind.MERGE_TREE_DIFFERS, EventKind.QUARANTINED)
"""What no run of the demo may record."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One story's end, as it is."""

    filed: Filed
    outcome: Outcome
    task: Task | None
    differences: tuple[str, ...] = ()

    @property
    def minutes(self) -> float | None:
        if self.task is None or not self.task.ended:
            return None
        return (parse(self.task.ended) - parse(self.task.created)).total_seconds() / 60


@dataclass(frozen=True, kw_only=True)
class Report:
    stories: tuple[Ended, ...]
    world: tuple[str, ...]
    """What is wrong beside the stories."""
    ledger: Verified
    """`agent-os ledger verify`: the chain, and every head of it that stands on the hub."""
    github: dict[str, int]
    seconds: float

    @property
    def differences(self) -> tuple[str, ...]:
        """Everything that is not as expected, a line each; empty = good."""
        told = [f"{e.filed.name} ({e.filed.story.shows}): {d}" for e in self.stories for d in e.differences]
        return (*told, *self.world)

    def as_json(self) -> dict[str, Any]:
        return {
            "issues": [_issue(e) for e in self.stories],
            "ledger": {"events": self.ledger.events, "verified": self.ledger.ok, "anchors": self.ledger.matched},
            "github": self.github,
            "seconds": round(self.seconds, 1),
            **({"differences": list(self.differences)} if self.differences else {}),
        }


def make(world: World, seconds: float) -> Report:
    """Looks at everything once; the organization must be at rest."""
    github = world.hub.requests.counters
    picture = world.hub.admin.snapshot()
    records = list(world.services("queue").ledger.read())
    verified = books.verify(world.services("queue"))
    stories = tuple(_ended(world, filed, picture, records) for filed in world.filed)
    return Report(
        stories=stories,
        world=tuple(_whole(world, picture, records, verified)),
        ledger=verified,
        github=github,
        seconds=seconds,
    )


def _issue(ended: Ended) -> dict[str, Any]:
    task = ended.task
    return {
        "repo": ended.filed.story.repo,
        "number": ended.filed.number,
        "outcome": ended.outcome.value,
        "attempts": len(task.attempts) if task else 0,
        "pull_request": task.pull_request if task else None,
        "merge_sha": task.merge_sha if task else None,
    }


def _ended(world: World, filed: Filed, picture: dict[str, Any], records: list[Record]) -> Ended:
    _, task = world.task(filed) or (None, None)
    ended = Ended(filed=filed, outcome=world.outcome(filed), task=task)
    wrong = [*_state(world, ended, picture), *_runs(ended), *_comments(ended, picture), *_record(ended, records)]
    wrong += _reviews(world, ended, records)
    if ended.outcome is Outcome.MERGED:
        wrong += _landed(world, ended, picture)
    return Ended(filed=filed, outcome=ended.outcome, task=task, differences=tuple(wrong))


def _differs(what: str, expected: object, found: object) -> list[str]:
    return [] if expected == found else [f"{what}: expected {expected}, found {found}"]


def _state(world: World, ended: Ended, picture: dict[str, Any]) -> list[str]:
    """Outcome, issue, board, pull requests."""
    filed, expect = ended.filed, ended.filed.story.expect
    issue = picture["repos"][filed.story.repo]["issues"][str(filed.number)]
    column = world.hub.admin.status(filed.story.repo, filed.number)
    pulls = _pulls(filed, picture)
    reason = f" ({ended.task.reason})" if ended.task and ended.task.reason else ""
    found = ended.outcome.value + ("" if ended.outcome is expect.outcome else reason)
    merged = expect.outcome is Outcome.MERGED
    return [
        *_differs("outcome", expect.outcome.value, found),
        *_differs("issue and column", STATE.get(expect.outcome), (issue["state"], column)),
        *_differs("pull requests merged", [True] if merged else [], [p["merged"] for p in pulls.values()]),
        *_differs("pull request on record", ended.task and ended.task.pull_request, next(iter(pulls), None)),
    ]


def _pulls(filed: Filed, picture: dict[str, Any]) -> dict[int, Any]:
    found = picture["repos"][filed.story.repo]["pulls"]
    return {int(n): found[n] for n in sorted(found, key=int) if found[n]["head"] == f"agent/{filed.task}"}


def _runs(ended: Ended) -> list[str]:
    expected = ended.filed.story.expect.runs
    if expected is None:
        return []
    found = tuple(f"{a.agent} {a.kind.value}" for a in ended.task.attempts) if ended.task else ()
    return _differs("agent runs", expected, found)


def _reviews(world: World, ended: Ended, records: list[Record]) -> list[str]:
    """What was merged was looked at by somebody other than its author."""
    told = [
        str(r.data["opinion"])
        for r in records
        if r.kind == EventKind.REVIEWED.value and ended.task and r.task == ended.task.id
    ]
    expected = ended.filed.story.expect.reviews
    if expected is not None:
        return _differs("reviews", list(expected), told)
    if ended.outcome is not Outcome.MERGED or world.engineer is not None:
        return []
    return [] if told and set(told) == {"approve"} else [f"reviews: expected approvals only, found {told}"]


def _comments(ended: Ended, picture: dict[str, Any]) -> list[str]:
    filed = ended.filed
    expected = filed.story.expect.comments
    if expected is None:
        return []
    issue = picture["repos"][filed.story.repo]["issues"][str(filed.number)]
    kinds = Counter(_kind(author, body) for author, body in issue["comments"])
    return _differs("comments", dict(sorted(expected.items())), dict(sorted(kinds.items())))


def _kind(author: str, body: str) -> str:
    marked = _KEY.search(body)
    return marked[1] if marked else "person" if author == PERSON else f"unmarked by {author}"


def _record(ended: Ended, records: list[Record]) -> list[str]:
    """What the ledger must say of it."""
    filed, expect = ended.filed, ended.filed.story.expect
    mine = Counter(r.kind for r in records if r.task == filed.task)
    person = 1 if filed.story.person and not filed.story.person.approves else 0
    escalated = person + (expect.outcome is Outcome.ESCALATED)
    left = sum(
        1
        for r in records
        if r.kind == EventKind.NOT_DISPATCHED.value
        and (r.repo, r.data.get("issue")) == (filed.story.repo, filed.number)
    )
    waited = 1 if filed.story.after or expect.outcome is Outcome.LEFT_ALONE else 0
    return [
        *_differs("escalations on record", escalated, mine[EventKind.ESCALATED.value]),
        *_differs("hand moves on record", person, mine[EventKind.HAND_MOVE.value]),
        *_differs("refusals to dispatch on record", waited, left),
    ]


def _landed(world: World, ended: Ended, picture: dict[str, Any]) -> list[str]:
    """Files, merge, branch and memory on the default branch."""
    filed, repo, task = ended.filed, ended.filed.story.repo, ended.task
    assert task is not None, "what was merged had a task"
    admin = world.hub.admin
    paths = picture["repos"][repo]["branches"]["main"]
    wrong = []
    for path, text in filed.story.expect.files.items():
        if path not in paths:
            wrong.append(f"{path} is not on main")
        elif text not in admin.show(repo, "main", path):
            wrong.append(f"{path} on main does not hold {text!r}")
    merges = [commit.sha for commit in admin.log(repo, "main")].count(str(task.merge_sha))
    memory = admin.show(repo, "main", "CODEBASE.md") if "CODEBASE.md" in paths else ""
    return [
        *wrong,
        *_differs("merge commits on main", 1, merges),
        *_differs("entries in CODEBASE.md", 1, memory.count(f"[{filed.task}]")),
        *_differs("its branch still stands", False, task.branch in admin.branches(repo)),
    ]


def _whole(world: World, picture: dict[str, Any], records: list[Record], verified: Verified) -> list[str]:
    wrong = [f"ledger: {problem}" for problem in verified.problems]
    wrong += [f"recorded {r.kind}: {r.task or r.repo} {r.data}" for r in records if r.kind in {k.value for k in NEVER}]
    for repo in world.scenario.repositories:
        tip = world.hub.admin.branches(repo.name)["main"]
        runs = checks.runs(world.hub.db, world.hub.admin.repository(repo.name).id, [tip])[tip]
        red = [f"{r.name} {r.conclusion or r.status}" for r in runs if r.conclusion != "success"]
        wrong += _differs(f"CI of {repo.name} main", [], red) + _differs(
            f"CI jobs of {repo.name}", len(repo.jobs), len(runs)
        )
        still_open = [n for n, p in picture["repos"][repo.name]["pulls"].items() if p["state"] == "open"]
        wrong += _differs(f"open pull requests of {repo.name}", [], still_open)
    return wrong
