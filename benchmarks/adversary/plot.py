"""When the adversary strikes: a seeded choice of calls and acts, and a watch over every call that we make."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.adversary import acts, truth
from benchmarks.adversary.acts import OWNER, ROBOT, Scene
from orchestrator.hub.faults import Do, Faults, Target
from orchestrator.hub.gitops import ZERO
from orchestrator.hub.rules import merging

CALLS = 90
"""Strikes at "the k-th call" choose k below this."""
BACK = 6
"""What is taken back is taken back after so many calls."""
_MERGE = re.compile(r"/pulls/(\d+)/merge$")


@dataclass(frozen=True, kw_only=True)
class Strike:
    """At the `nth` call of a sort, before it is served or after it."""

    sort: str
    nth: int
    when: str
    kind: str


SORTS = {"any": CALLS, "Pulls": 7, "Issues": 7, "merge": 3, "push": 4, "status": 4, "compare": 3}
"""Sorts of calls, with how many of each a schedule may have."""


def strikes(rng: random.Random) -> tuple[Strike, ...]:
    """Two to six of them; the sharpest place, right before a merge, twice as often as any other."""
    found = []
    for _ in range(rng.randint(2, 6)):
        kind = rng.choice(acts.KINDS)
        on_merge = kind == acts.WRONG_TREE or rng.random() < 0.25
        sort = "merge" if on_merge else rng.choice(sorted(SORTS))
        when = rng.choice(("before", "before", "after"))
        found.append(Strike(sort=sort, nth=rng.randint(1, SORTS[sort]), when=when, kind=kind))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Read:
    """What stood there when our program was answered, and which numbers it had asked for."""

    call: int
    sort: str
    asked: frozenset[int]
    truth: truth.Truth
    foul: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A merge by our account, as the host carried it out."""

    call: int
    number: int
    head: str
    base: str
    onto: str
    sha: str
    wrong: bool
    """The host landed another tree than the merge of the two."""
    truth: truth.Truth


@dataclass
class Adversary(Faults):
    """Stands where the hub's fault rules stand: sees each call of ours before it is served."""

    scene: Scene = None  # type: ignore[assignment]
    plan: tuple[Strike, ...] = ()
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    calls: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    landed: list[Landed] = field(default_factory=list)
    writers: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """Who might write, at each call."""
    attempts: int = 0
    """Merges that we asked for."""
    writes: int = 0
    """Calls of ours that were to change something."""
    wrong_next: bool = False
    due: int = 0
    resting: bool = False

    def effects(self, target: Target) -> list[Do]:
        self.calls += 1
        if self.scene.later and not self.resting and self.calls >= self.due:
            acts.take_back(self.scene)
        self.writes += target.write
        sorts = _sorts(target)
        for sort in sorts:
            self.counts[sort] = self.counts.get(sort, 0) + 1
        self.attempts += "merge" in sorts
        struck = [] if self.resting else [s for s in self.plan if s.sort in sorts and s.nth == self.counts[s.sort]]
        done = [self._do(s) for s in struck]
        return [Do(act=lambda: self._look(target), when="before"), *sorted(done, key=lambda d: d.when)][::-1]

    @property
    def changes(self) -> int:
        """By us and by anybody else."""
        return self.writes + sum(self.scene.done.values())

    def _do(self, strike: Strike) -> Do:
        kind = strike.kind
        if kind in acts.WIRE:
            self.scene.done[kind] = self.scene.done.get(kind, 0) + 1
        match kind:
            case "answer lost":
                return Do(drop="after")
            case "refused with 502":
                return Do(status=502, when="before")
            case "applied, then 502":
                return Do(status=502, when="after")
            case acts.WRONG_TREE:
                self.wrong_next = True
                return Do()
        return Do(act=lambda: self._perform(kind), when=strike.when)

    def _perform(self, kind: str) -> None:
        acts.perform(self.scene, kind, self.rng)
        self.due = self.calls + BACK

    def _look(self, target: Target) -> None:
        self.writers.append((self.calls, truth.writers(self.scene.hub, OWNER)))
        sort = target.operation or ""
        if sort not in ("Pulls", "Issues"):
            return
        self.reads.append(
            Read(call=self.calls, sort=sort, asked=_asked(target.body), truth=truth.read(self.scene.hub, OWNER),
                 foul=frozenset(self.scene.foul))
        )  # fmt: skip

    def rest(self) -> None:
        """No more strikes, and what is to be taken back is."""
        self.resting = True
        acts.take_back(self.scene)


def _sorts(target: Target) -> tuple[str, ...]:
    found = ["any"]
    if target.operation:
        found.append(target.operation)
    if target.method == "PUT" and _MERGE.search(target.path):
        found.append("merge")
    if target.path.endswith("/git-receive-pack"):
        found.append("push")
    if target.method == "POST" and "/statuses/" in target.path:
        found.append("status")
    if "/compare/" in target.path:
        found.append("compare")
    return tuple(found)


def _asked(body: bytes) -> frozenset[int]:
    variables = json.loads(body).get("variables") or {}
    return frozenset(v for k, v in variables.items() if k.startswith("number") and isinstance(v, int))


@contextmanager
def watching(current: Callable[[], Adversary | None]) -> Iterator[None]:
    """Every merge that the hub carries out is noted, and lands another tree where the adversary wants it so."""
    real = merging._land

    def land(hub: Any, viewer: Any, repo: Any, pull: Any, before: str, *more: Any) -> str:
        sha = real(hub, viewer, repo, pull, before, *more)
        adversary = current()
        if adversary is None or viewer.user.login != ROBOT:
            return sha
        wrong = None
        if adversary.wrong_next:
            adversary.wrong_next = False
            wrong = _spoiled(hub.bare(repo), before, pull.head_sha, sha, adversary.rng)
        adversary.landed.append(
            Landed(call=adversary.calls, number=pull.number, head=pull.head_sha, base=pull.base_ref, onto=before,
                   sha=wrong or sha, wrong=wrong is not None, truth=truth.read(hub, OWNER))
        )  # fmt: skip
        return wrong or sha

    merging._land = land  # type: ignore[assignment]
    try:
        yield
    finally:
        merging._land = real


def _spoiled(bare: Any, before: str, head: str, sha: str, rng: random.Random) -> str | None:
    """The same commit with a tree that lacks the base's last commit, or holds a file of nobody's."""
    good = bare.commit(sha)
    parent = bare.commit(before)
    tree = None
    if rng.random() < 0.5 and parent is not None and parent.parents:
        tree = bare.merge_tree(parent.parents[0], head)
    if tree in (None, good.tree):
        tree = bare.tree_with(sha, {f"by-the-host-{sha[:8]}.txt": b"nobody's\n"})
    if before == ZERO:
        return None
    return str(bare.commit_tree(tree, good.parents, good.message, good.author, good.committer))
