"""The world one schedule is played in: made once, kept as a folder, put back for each."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.adversary import plot
from benchmarks.adversary.acts import FORGER, HELPER, Scene
from benchmarks.adversary.plot import Adversary
from orchestrator.hub import Hub
from orchestrator.hub.store.users import ACTIONS_APP_ID
from orchestrator.model.task import Folder
from tests.journeys.world import FILES, REPO, World

ROUNDS = 5
QUIET = 4
"""Rounds after the last strike, in which all comes to rest."""
MINUTE = 61
WORKFLOW = "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n"
WORK: dict[int, dict[str, str]] = {
    1: {"one.txt": "one\n", "one-b.txt": "one, too\n"},
    2: {"two.txt": "two\n", "two-b.txt": "two, too\n"},
    3: {".github/workflows/three.yml": WORKFLOW, "three.txt": "three\n"},
}
"""What the author of each issue's change writes. The third is of high risk, so a person's word is wanted."""
PERSONS = frozenset({3})


@dataclass(frozen=True, kw_only=True)
class Sort:
    """How a schedule begins."""

    name: str
    prepared: str
    """Which kept world."""
    train: bool
    protected: bool
    approved: bool
    """A person has approved the third one already."""


def sort_of(rng: random.Random) -> Sort:
    name = rng.choices(("single", "train", "fresh"), (42, 43, 15))[0]
    return Sort(name=name, prepared="fresh" if name == "fresh" else "published",
                train=name == "train", protected=rng.random() < 0.5,
                approved=name != "fresh" and rng.random() < 0.5)  # fmt: skip


class Stage:
    """One world at a time, always in the same folder and on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.live = folder / "live"
        self.adversary: Adversary | None = None
        self.world: World | None = None
        self.port = 0
        self._make()

    def _make(self) -> None:
        self.live.mkdir(parents=True)
        world = World(
            self.live, review="required", verify="none", memory="local", merge_batch=3, max_open_pull_requests=0,
            board=False, ci={"test": "true"}, files=FILES, ready_label="ready",
            top={"max_parallel_workers": 4},
        )  # fmt: skip
        self.world, self.port = world, world.hub.port
        # The tasks' base is not in `other`, which begins at the first commit: pointed there it is another change.
        world.admin.push(REPO, "main", {"second.txt": "second\n"}, author="ada")
        self.forger = _people(world)
        _play(world)
        for number in WORK:
            world.issue(f"Task {number}!", "Please.")
        self._keep("fresh")
        self._open()
        world.dispatch()
        world.work()
        world.ci()
        places = world.places()
        assert places == {"review": len(WORK)}, f"the world could not be made: {places}, {world.crashes()}"
        self._keep("published")

    def _keep(self, name: str) -> None:
        world = self._world()
        world.services.github.close()
        world.hub.stop()
        shutil.copytree(self.live, self.folder / name, symlinks=True)

    def _open(self) -> None:
        world = self._world()
        world.hub = Hub(self.live / "hub", port=self.port, clock_file=self.live / "clock").start()
        world.admin = world.hub.admin
        world.build()

    def _world(self) -> World:
        assert self.world is not None
        return self.world

    def back(self, sort: Sort) -> World:
        """The world as it was kept, a minute later, in the shape this schedule wants it."""
        world = self._world()
        shutil.rmtree(self.live)
        shutil.copytree(self.folder / sort.prepared, self.live, symlinks=True)
        world.config["projects"]["main"]["repos"][0]["merge_batch"] = 3 if sort.train else 1
        self._open()
        later(world)
        if sort.protected:
            test = {"context": "test", "app_id": ACTIONS_APP_ID}
            world.admin.protect(REPO, "main", checks=[test])
        if sort.approved:
            _approved(world)
        if sort.train:
            world.admin.push(REPO, "main", {"before.txt": "moved on\n"}, author="ada")
            world.ci()
        return world

    def close(self) -> None:
        world = self._world()
        world.services.github.close()
        world.hub.stop()


def _people(world: World) -> int:
    world.admin.user(HELPER)
    world.admin.collaborator(REPO, HELPER, "write")
    return int(world.admin.app(FORGER, installations=["ada"]).id)


def _play(world: World) -> None:
    answer: dict[str, Any] = {
        "nonce": "{nonce}", "head_sha": "{head_sha}", "verdict": "approve", "summary": "looked at all of it",
        "findings": [], "criteria": [], "tests": [],
    }  # fmt: skip
    scenes: list[dict[str, Any]] = [{"when": {"kind": "ask"}, "steps": [{"answer": answer}]}]
    for number, files in WORK.items():
        steps: list[dict[str, Any]] = [{"write": {"path": path, "text": text}} for path, text in files.items()]
        steps.append({"result": {"status": "complete", "summary": f"did {number}"}})
        scenes.append({"when": {"title": f"Task {number}!"}, "steps": steps})
    world.play(*scenes)


def _approved(world: World) -> None:
    pulls = world.admin.snapshot()["repos"][REPO]["pulls"]
    for number, pull in pulls.items():
        if pull["title"] == "Task 3!":
            world.admin.review(REPO, int(number), "APPROVE", "good", actor="ada")


def later(world: World) -> None:
    file = world.clock.file
    assert file is not None
    file.write_text(f"{int(file.read_text()) + MINUTE}\n")


def play(stage: Stage, seed: int) -> tuple[World, Adversary, Sort]:
    """One schedule, until all has come to rest. The world is left open for whoever judges it."""
    rng = random.Random(seed)
    sort = sort_of(rng)
    world = stage.back(sort)
    scene = Scene(hub=world.hub, repo=REPO, forger=stage.forger, files=WORK)
    adversary = Adversary(scene=scene, plan=plot.strikes(rng), rng=rng)
    stage.adversary = adversary
    world.hub.faults = adversary
    rounds(world, adversary, least=2, most=ROUNDS)
    adversary.rest()
    rounds(world, adversary, least=1, most=QUIET)
    return world, adversary, sort


def rounds(world: World, adversary: Adversary, *, least: int, most: int) -> None:
    """Every role once in each, until one has passed in which nobody changed anything."""
    box = world.services.mailbox
    for n in range(most):
        before = adversary.changes
        world.dispatch()
        if box.ids(Folder.INBOX) or box.ids(Folder.PROCESSING):
            world.work()
            world.ci()
        world.monitor()
        world.ci()
        later(world)
        if n + 1 >= least and adversary.changes == before:
            return
