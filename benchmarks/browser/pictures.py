"""The README's pictures: one world with an agent at work, whose transcript grows while it is looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.proof import Report
from orchestrator.operations import steer
from tests.journeys.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Page

TASK = "app-7"
"""Waits in the stage's inbox: the first that a worker takes."""
LAST = "Next I measure it again with a million lines."
LONG = {
    "when": {"title": "Speed up the nightly import"},
    "steps": [
        {"say": "I read the import. It asks the database once for each line; that is where the night goes."},
        {"run": "ls"},
        {"run": "python3 -c 'print(\"100,000 lines: 214 s\")'"},
        {"say": "One question for a thousand lines is enough. I write that down as a test first."},
        {"write": {"path": "test_batches.py", "text": "from batches import batches\n\n\ndef test_batches():\n"
                   "    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]\n"}},
        {"write": {"path": "batches.py", "text": "def batches(lines, size):\n    part = []\n    for line in lines:\n"
                   "        part.append(line)\n        if len(part) == size:\n            yield part\n"
                   "            part = []\n    if part:\n        yield part\n"}},
        {"usage": {"input": 41200, "output": 2310, "cost": 0.34}},
        {"run": "python3 -c 'from batches import batches; print(list(batches(range(5), 2)))'"},
        {"say": "The test passes, and 100,000 lines take 9 s."},
        {"sleep": 5},
        {"say": LAST},
        {"sleep": 120},
    ],
}  # fmt: skip


@contextmanager
def at_work(world: World) -> Iterator[str]:
    """An agent works on the task that it yields, until the block is left."""
    world.play(LONG, {"steps": [{"result": {"status": "complete", "summary": "nothing to do"}}]})
    worker = threading.Thread(target=world.work, daemon=True)
    worker.start()
    try:
        end = time.monotonic() + 30
        log = world.settings.runtime / "logs" / TASK / "1.log"
        while not (log.exists() and "9 s" in log.read_text()):
            assert time.monotonic() < end, "no agent came to work"
            time.sleep(0.05)
        yield TASK
    finally:
        steer.stop(world.services, TASK, person="ada", why="the pictures are made")
        worker.join(60)


def take(report: Report, page: Page, url: str, folder: Path, names: dict[str, str]) -> None:
    """`names`: of a picture's file, by address. What an agent says is seen while it is looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in names.items():
        page.goto(url + path)
        page.wait_for_selector("#link[data-live=yes]")
        if path.startswith("/tasks/"):
            # It is said seconds after the page was opened: nothing but the stream brings it there.
            seen = page.locator("[data-part=transcript] .line", has_text=LAST)
            if seen.count():
                report.not_proven.append("a transcript that grows: its last line stood there already")
            seen.wait_for(timeout=20_000)
            report.hold("transcript_seen_growing", 1, at_least=1)
        page.screenshot(path=str(folder / name))
