"""What an agent is told is chosen first and worked on then: 1,000 memory fragments and a CODEBASE.md of 2 MB.

In one run, side by side and in turns: reading the files (pages and all fragments, plain reads), and making the prompt
out of the pages (choosing, assembling, redacting; the fragments are read in it). The median of the paired ratios
decides. The same once more with the pages read through git on both sides. The prompt is bounded, names what it leaves
out, and no more text than that is ever given to the redactor; a secret that lies across a cut does not show in halves.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.memory import Fragment, Memory, dump
from orchestrator.model.names import Public
from orchestrator.model.task import AttemptKind, Task
from orchestrator.pipeline import background
from orchestrator.pipeline.prompt import LIMITS, Context, Prompt, assemble
from orchestrator.policy import sections
from orchestrator.redact import Redactor
from orchestrator.services import Services
from tests.journeys.world import FILES, World

SEED = 20261126
FRAGMENTS = 1_000
SIZE = 2_000_000
ROUNDS = 21
PAGES = ("README.md", "STRATEGY.md", "PLANNING_PRINCIPLES.md", "CODEBASE.md")
SECRET = "hunter2-correct-horse-battery"


@dataclass(frozen=True, kw_only=True)
class Desk:
    services: Services
    task: Task
    pages: Path
    """Folder with the four pages as plain files."""
    mirror: Path

    def gather(self) -> Context:
        return background.gather(self.services, self.task, self.services.settings.repos[0], ())

    def prompt(self) -> Prompt:
        return assemble(self.task, "anna", AttemptKind.ATTEMPT, 1, self.gather())

    def read_fragments(self) -> int:
        folder = self.services.memory.root / "app"
        return sum(len(path.read_bytes()) for path in folder.iterdir())

    def read_pages(self) -> int:
        return sum(len((self.pages / name).read_bytes()) for name in PAGES)

    def read_git(self) -> int:
        show = ("git", "cat-file", "blob")
        return sum(
            len(subprocess.run([*show, f"{self.task.base_sha}:{n}"], cwd=self.mirror, capture_output=True).stdout)
            for n in PAGES
        )


def prove(
    report: Report, *, fragments: int = FRAGMENTS, size: int = SIZE, rounds: int = ROUNDS, offsets: int = 400
) -> None:
    rng = random.Random(SEED)
    report.figures |= {"seed": SEED, "fragments": fragments, "codebase_bytes": size, "rounds": rounds}
    with tempfile.TemporaryDirectory(prefix="prompt-") as scratch:
        world = World(Path(scratch), board=False, files={**FILES, **pages(rng, size)})
        try:
            desk = _desk(world, rng, fragments)
            bounds(report, desk)
            if rounds:
                _time(report, desk, rounds)
        finally:
            world.close()
    report.hold("halves_of_secrets_seen", halves(rng, offsets), at_most=0)


def _desk(world: World, rng: random.Random, fragments: int) -> Desk:
    number = world.issue("Raise conversion", "Please.\n\n## Outcome Checks\n\n- conversion\n")
    world.dispatch()
    [settings] = world.settings.repos
    repository = world.services.repository(settings)
    repository.fetch()
    task = replace(world.task(f"app-{number}"), base="main", base_sha=repository.head("main"))
    fill(world.services.memory, rng, fragments)
    pages = world.tmp / "pages"
    pages.mkdir()
    for name in PAGES:
        (pages / name).write_bytes(repository.read(task.base_sha or "", name) or b"")
    return Desk(services=world.services, task=task, pages=pages, mirror=world.settings.runtime / "repos" / "app.git")


def bounds(report: Report, desk: Desk) -> None:
    """Size, what is named as left out, and how much text the redactor is given."""
    counting = Counting(Redactor(known=(SECRET,)))
    made = replace(desk, services=replace(desk.services, redact=counting)).prompt()  # type: ignore[arg-type]
    text = counting(made.text)
    report.hold("prompt_characters", len(text), at_most=sum(LIMITS.values()) + 10_000)
    report.hold("characters_given_to_the_redactor", counting.seen, at_most=2 * len(made.text))
    report.hold("newest_fragments_shown", text.count("agent-os:memory="), at_least=5)
    for word in ("older entries and the end left out", "bytes at the end of STRATEGY.md", "characters of strategy"):
        if not any(word in said for said in made.left_out) or word not in made.text.rpartition("Left out for size")[2]:
            report.failures.append(f"not named: {word}; {made.left_out}")
    if SECRET in text:
        report.failures.append("a secret of CODEBASE.md stands in the prompt")
    report.figures["left_out"] = list(made.left_out)


@dataclass
class Counting:
    """A redactor that counts what it is given."""

    real: Callable[[str], str]
    seen: int = 0

    def __call__(self, text: str) -> Public:
        self.seen += len(text)
        return Public(self.real(text))


def _time(report: Report, desk: Desk, rounds: int) -> None:
    redact = Redactor(known=(SECRET,))
    seconds: dict[str, list[float]] = {}

    def took(name: str, work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        seconds.setdefault(name, []).append(time.perf_counter() - began)
        return seconds[name][-1]

    def through_git() -> object:
        desk.services.git.facts.clear()
        return desk.gather()

    text = desk.prompt().text
    plain, git = [], []
    for _ in range(rounds):
        files = took("reading_the_files", lambda: (desk.read_pages(), desk.read_fragments()))
        made = took("assembling", desk.prompt) + took("redacting", lambda: redact(text))
        plain.append(made / files)
    for _ in range(max(1, rounds // 3)):
        files = took("reading_through_git", lambda: (desk.read_git(), desk.read_fragments()))
        git.append(took("gathering_through_git", through_git) / files)
    for name, all_of_it in seconds.items():
        report.figures[f"{name}_ms"] = round(statistics.median(all_of_it) * 1000, 2)
    report.hold("times_reading_the_files", statistics.median(plain), at_most=3)
    report.hold("times_reading_through_git", statistics.median(git), at_most=3)


def pages(rng: random.Random, size: int) -> dict[str, str]:
    """CODEBASE.md with words, code, hidden comments, a secret and its own Recent Changes at the end."""
    recent = "\n\n## Recent Changes\n\n" + "\n".join(
        f"### 2026-01-0{n} by hand\n\n{_words(rng, 40)}\n" for n in range(9)
    )
    parts = ["# CODEBASE\n\n", f"The key is {SECRET} and must not be told.\n\n"]
    length = sum(map(len, parts)) + len(recent)
    while length < size:
        part = f"## {_words(rng, 3)}\n\n{_words(rng, 60)}\n\n```\n{_words(rng, 12)}\n```\n\n<!-- {_words(rng, 9)} -->\n"
        parts.append(part)
        length += len(part)
    principles = f"# Principles\n\n{_words(rng, 200)}\n"
    return {
        "CODEBASE.md": "".join(parts) + recent,
        "STRATEGY.md": f"# Strategy\n\n{_words(rng, 20_000)}\n",
        "PLANNING_PRINCIPLES.md": principles,
    }


def fill(memory: Memory, rng: random.Random, fragments: int) -> None:
    (memory.root / "app").mkdir(parents=True, exist_ok=True)
    for n in range(1, fragments + 1):
        fragment = Fragment(
            task=f"app-{n}",
            repo_key="app",
            repo="ada/app",
            issue=n,
            at=f"2026-{1 + n // 100:02d}-{1 + n % 28:02d}T10:00:00Z",
            summary=_words(rng, 30),
            files=("calc.py", "new.txt"),
            decisions=(_words(rng, 10), _words(rng, 10)),
        )
        (memory.root / "app" / f"app-{n}.md").write_text(dump(fragment))


def halves(rng: random.Random, offsets: int) -> int:
    """How often a part of a secret shows that lies across the cut, at every offset."""
    redact, shown, budget = Redactor(known=(SECRET,)), 0, LIMITS["Repository memory"]
    with tempfile.TemporaryDirectory(prefix="prompt-") as scratch:
        memory = Memory(root=Path(scratch))
        for at in range(budget - offsets // 2 - 150, budget + offsets // 2 - 150):
            text = _words(rng, 8_000)[:at] + f" {SECRET} " + "tail words " * 20_000
            told = redact(memory.recall("app", text, budget, visible=sections.visible).text)
            shown += any(SECRET[:n] in told for n in (8, 12, 20))
    return shown


def _words(rng: random.Random, n: int) -> str:
    return " ".join(rng.choice(_VOCABULARY) for _ in range(n))


_LETTERS = random.Random(SEED)
_VOCABULARY = ["".join(_LETTERS.choices("abcdefghijklmnoprstuvwz", k=_LETTERS.randint(2, 9))) for _ in range(2_000)]
