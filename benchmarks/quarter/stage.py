"""One quarter with one seed: a hub, three repositories, every role, and a clock that jumps to the next due time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.quarter import exporter
from benchmarks.quarter.exporter import AREAS, Landed
from orchestrator.cli import ticking
from orchestrator.github import issues
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.times import parse
from orchestrator.policy.eligible import LIVE
from tests.journeys.world import BOT, World

REPOS = ("ada/app", "ada/shop", "ada/site")
WEEKS = 13
SPRINT_DAYS = {"ada/app": 7, "ada/shop": 7, "ada/site": 14}
"""One repository is planned every other week: each keeps its own cadence."""
PLAN_SIZE = 1
SUPPLY = 14
"""Issues per area and repository that people have filed: more than a quarter can use."""
START = datetime(2026, 9, 28, 6, 0, tzinfo=UTC)
"""A Monday before the night in which Europe's clocks go back."""
SLEEPS = 5
"""After so many weeks the machine sleeps for SLEPT."""
SLEPT = timedelta(days=9)
BACKWARDS = 9
"""After so many weeks the clock is set back by an hour and a half, once."""
ROLES = ("scorer", "log_analyzer", "groomer", "planner")
FILES = {
    "README.md": "# app\n\n## Goal\n\nPeople stay.\n",
    "STRATEGY.md": "# Strategy\n\n## Product Vision\n\nPeople stay.\n",
    "PLANNING_PRINCIPLES.md": "# Principles\n\nWhat is measured counts.\n",
    "CODEBASE.md": "# CODEBASE.md\n\n## Known Issues\n\n- The importer drops rows whose first field is empty\n",
    "check.sh": "true\n",
}

_ENGINEER = """\
prompt=$(cat)
case $prompt in *"Answer with one JSON object"*) ANSWER ;; esac
task=$(printf '%s\\n' "$prompt" | sed -n 's/^task: //p;/^task: /q')
mkdir -p work
echo "done by $task" > "work/$task.txt"
printf 'STATUS: complete\\n\\nBLOCKER_CODE: none\\n\\nSUMMARY:\\nDid %s.\\n' "$task" > .agent_result.md
"""
"""A scripted agent that starts in two milliseconds: it does its task, and to questions says nothing of use."""
_ANSWERS = {"neutral": """echo '{"promote": [], "rationales": [], "focus": ""}'; exit""", "fail": "exit 1"}


@dataclass(kw_only=True)
class Stage:
    """A running quarter. `sign`: which way the exporter's effects go; `attribution`: whether outcomes are measured."""

    folder: Path
    seed: int
    sign: int = 1
    attribution: bool = True
    asks: str = "neutral"
    """What a model says that is asked: `neutral` or `fail`."""
    weeks: int = WEEKS
    world: World = field(init=False)
    rng: random.Random = field(init=False)
    area_of: dict[tuple[str, int], str] = field(default_factory=dict)
    landed: dict[str, list[Landed]] = field(default_factory=dict)
    ticks: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        objectives, evidence = self.folder / "objectives", self.folder / "evidence"
        objectives.mkdir(parents=True)
        for repo in REPOS:
            key = repo.split("/")[1]
            (objectives / f"{key}.yaml").write_text(exporter.objective(repo, evidence / key))
        engineer = self.folder / "engineer.sh"
        engineer.write_text(_ENGINEER.replace("ANSWER", _ANSWERS[self.asks]))
        settings: dict[str, Any] = {
            "verify": "none",
            "checks": "none",
            "plan_size": PLAN_SIZE,
            "groomer_cadence_days": 7,
            "planner_agents": ["anna"],
            "outcome_attribution": {"enabled": self.attribution},
        }
        self.world = World(
            self.folder, ci={}, board=False, agents=("anna",), files=FILES, more_repos=REPOS[1:], **settings,
            top={
                "objectives_dir": str(objectives), "evidence_dir": str(evidence), "digest_hour": -1,
                "max_parallel_workers": 1, "agents": {"anna": {"adapter": "shell", "command": f"sh {engineer}"}},
            },
        )  # fmt: skip
        for repo in self.world.config["projects"]["main"]["repos"]:
            repo["sprint_cadence_days"] = SPRINT_DAYS[repo["repo"]]
        self.world.build()
        self._move_to(START)
        self._people()

    def close(self) -> None:
        self.world.close()

    def play(self) -> None:
        """From the first Monday to the last; the machine sleeps once, and its clock is set back once."""
        end, slept, back = START + timedelta(weeks=self.weeks), False, False
        self._tick()
        while (now := self.world.services.now()) < end:
            if not slept and now >= START + timedelta(weeks=SLEEPS):
                self._move_to(now + SLEPT)
                slept = True
            elif not back and now >= START + timedelta(weeks=BACKWARDS):
                self._move_to(now - timedelta(hours=1.5))
                back = True
            else:
                self._move_to(self._next_due(now))
            self._tick()

    # --- inside

    def _people(self) -> None:
        """The issues that people filed, in an order of the seed's."""
        for repo in REPOS:
            wanted = [(area, n) for area in AREAS for n in range(1, SUPPLY + 1)]
            self.rng.shuffle(wanted)
            for area, n in wanted:
                title = _TITLES[area]
                goal = f"## Goal\n\n{title}, step {n} of {SUPPLY}."
                number = self.world.issue(f"{title} {n}", goal, ready=False, repo=repo, labels=[area])
                self.area_of[repo, number] = area
            self.landed[repo] = []

    def _tick(self) -> None:
        """Every role once, and the work that came of it until it is merged."""
        self.ticks += 1
        self._export()
        did = [line for role in ROLES for line in ticking.once(self.world.services, role)]
        rounds = 8 if did or any(self.world.services.mailbox.ids(folder) for folder in LIVE) else 0
        for _ in range(rounds):
            if not [*self.world.dispatch(), *self.world.work(), *self.world.monitor()]:
                break
        self._see()

    def _see(self) -> None:
        """What landed since, as the outside world sees it: it does not matter whether the program measures it."""
        self.landed = {repo: [] for repo in REPOS}
        for record in self.world.events(EventKind.MERGED):
            issue = int(record.task.rsplit("-", 1)[1])
            area = self.area_of.get((record.repo, issue), "")
            self.landed[record.repo].append(Landed(area=area, at=parse(record.at)))

    def _export(self) -> None:
        now = self.world.services.now()
        for repo in REPOS:
            folder = self.folder / "evidence" / repo.split("/")[1]
            exporter.export(folder, self.landed[repo], START, now, self.rng, sign=self.sign)

    def _next_due(self, now: datetime) -> datetime:
        """The next time at which anything of ours falls due, at least ten minutes on, and on a whole hour."""
        services = self.world.services
        dues: list[datetime] = []
        for repo in services.settings.repos:
            for job in ("planner", "groomer"):
                due = services.cadence.next_due(job, repo.key)
                if due is not None:
                    dues.append(due)
            window = timedelta(days=exporter.WINDOW_DAYS)
            dues += [parse(s.at) + window for s in services.outcomes.shipped(repo.name)]
        monday = now + timedelta(days=(7 - now.weekday()) % 7)
        dues.append(monday.replace(hour=7, minute=0, second=0))
        later = [d for d in dues if d > now + timedelta(minutes=10)]
        return _after_hour(min(later))

    def _move_to(self, at: datetime) -> None:
        self.world.clock.advance((at - self.world.services.now()).total_seconds())

    def filed_by_us(self) -> list[tuple[str, int]]:
        """Issues that the program's own account opened."""
        snapshot = self.world.admin.snapshot()["repos"]
        return [
            (repo, int(number))
            for repo in REPOS
            for number, issue in snapshot[repo]["issues"].items()
            if issue.get("author") == BOT
        ]

    def body(self, repo: str, number: int) -> str:
        return issues.read(self.world.services.github, RepoName(repo), number).body


_TITLES = {
    exporter.PAYS: "Make the first minutes easier",
    exporter.HURTS: "Show another promotion banner",
    exporter.IDLES: "Polish the settings page",
}


def _after_hour(at: datetime) -> datetime:
    """The first whole hour at or after it, and a few seconds: when cron would start the roles."""
    whole = at.replace(minute=0, second=0, microsecond=0)
    return (whole if whole >= at else whole + timedelta(hours=1)) + timedelta(seconds=5)
