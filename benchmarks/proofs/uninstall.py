"""After the whole demo, `uninstall` leaves hub and machine as before, but for merged work; what must stay is listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.proof import Report
from orchestrator import process
from orchestrator.demo import play, scenario, watch, world
from orchestrator.demo.world import World

TAB = "MAILTO=me\n\n# mine\t \n0 4 * * * /usr/bin/backup 50\\%\n"
CRONTAB = (
    '#!/bin/sh\ncase $1 in -) exec cat > "$TAB";; -r) exec rm "$TAB";; esac\n[ -f "$TAB" ] && exec cat "$TAB"\nexit 1\n'
)
OWN = "a-persons-own"
"""A label that a person calls as we would call one: `blocked` in the first repository."""


def prove(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="agent-os-uninstall-") as tmp:
        stage = Stage(Path(tmp))
        try:
            _prove(report, stage)
        finally:
            stage.end()


class Stage:
    """A machine with a home and a crontab of its own, a hub with two owners' repositories and boards."""

    def __init__(self, tmp: Path) -> None:
        self.tmp, self.folder = tmp, tmp / "here"
        for name in ("home", "bin", "here"):
            (tmp / name).mkdir()
        (tmp / "tab").write_text(TAB)
        (tmp / "bin" / "crontab").write_text(CRONTAB)
        (tmp / "bin" / "crontab").chmod(0o755)
        self.before_home = os.environ.get("HOME", "")
        os.environ["HOME"] = str(tmp / "home")
        self.world: World = world.make(self.folder, scenario.load())
        self.world.hub.admin.label(self.world.scenario.repositories[0].name, self._issue(), "blocked")

    def _issue(self) -> int:
        return self.world.hub.admin.issue(self.world.scenario.repositories[0].name, OWN, "", author="ada")

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": f"{self.tmp / 'bin'}:{os.environ['PATH']}", "HOME": str(self.tmp / "home"), "USER": "ada",
            "ORCH_ROOT": str(self.folder), "TAB": str(self.tmp / "tab"),
        }  # fmt: skip
        command = [sys.executable, "-m", "orchestrator", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)

    def files(self) -> dict[str, bytes]:
        """Everything on the machine that is not the hub's, folders with an empty text."""
        found = [p for p in self.tmp.rglob("*") if not p.is_relative_to(self.folder / "hub")]
        return {str(p.relative_to(self.tmp)): p.read_bytes() if p.is_file() else b"" for p in found}

    def play(self) -> None:
        screen = watch.Screen(to_stderr=True, per_second=0)
        with watch.Watch(world=self.world, screen=screen) as told:
            play.play(self.world, told, limit=300)
        screen.end()

    def leave_open(self) -> None:
        """What the demo brings to its end: a pull request of ours, and an issue that the program filed."""
        admin, name = self.world.hub.admin, self.world.scenario.repositories[0].name
        branch = f"agent/{self.world.scenario.repositories[0].key}-99"
        admin.push(name, branch, {"x.md": "x\n"}, author=world.BOT)
        admin.open_pull(name, branch, title="Open", body="", author=world.BOT)
        admin.issue(name, "Filed", f"<!-- agent-os:key=filed/{'0' * 32} -->", author=world.BOT)

    def end(self) -> None:
        process.end_detached()
        self.world.hub.stop()
        os.environ["HOME"] = self.before_home


def _prove(report: Report, stage: Stage) -> None:
    admin = stage.world.hub.admin
    furniture, files, before = admin.furniture(), stage.files(), admin.snapshot()
    first = stage.types("init", "--yes", "--cron")
    writes = stage.world.hub.requests.counters["writes"]
    again = stage.types("init", "--yes", "--cron")
    report.hold("writes_of_a_second_init", stage.world.hub.requests.counters["writes"] - writes, at_most=0)
    if first.returncode or again.returncode or "nothing was changed" not in again.stdout:
        report.failures.append(f"init: {first.stdout[-300:]}{first.stderr[-300:]}{again.stdout[-300:]}")
    made = (len(stage.files()) - len(files), len(admin.furniture()["labels"]))
    stage.play()
    stage.leave_open()
    refused = stage.types("uninstall", "--yes")
    report.figures["refused_for_work_that_is_nowhere_else"] = refused.stderr.strip().splitlines()[:8]
    report.hold("workspaces_or_kept_work_refused", refused.returncode, at_least=1)
    told = json.loads(stage.types("uninstall", "--dry-run", "--force", "--json").stdout)
    still = admin.furniture()
    began = time.monotonic()
    done = json.loads(stage.types("uninstall", "--yes", "--force", "--json").stdout)
    report.figures["seconds_of_the_uninstall"] = round(time.monotonic() - began, 1)
    if still == furniture:
        report.failures.append("the run left nothing behind: this proves nothing")
    _compare(report, stage, told, done, before=before, furniture=furniture, files=files)
    report.figures["made_files_and_repositories_with_labels"] = list(made)


def _compare(
    report: Report,
    stage: Stage,
    told: list[dict[str, Any]],
    done: list[dict[str, Any]],
    *,
    before: dict[str, Any],
    furniture: dict[str, Any],
    files: dict[str, bytes],
) -> None:
    admin = stage.world.hub.admin
    report.hold("told_by_the_dry_run_and_not_done_or_the_other_way", len(_names(told) ^ _names(done)), at_most=0)
    report.hold("failed_steps", sum(line["ok"] is False for line in done), at_most=0)
    after = admin.furniture()
    for name in ("labels", "refs", "boards"):
        report.hold(f"{name}_that_differ", _differences(furniture[name], after[name]), at_most=0)
    now = admin.snapshot()
    ours = [b for repo in now["repos"].values() for b in repo["branches"] if b not in ("main",)]
    report.hold("branches_left", len(ours), at_most=0)
    pulls = [p for repo in now["repos"].values() for p in repo["pulls"].values()]
    report.hold("open_pull_requests_left", sum(p["state"] == "open" for p in pulls), at_most=0)
    report.hold("merged_work_that_stays", sum(p["merged"] for p in pulls), at_least=3)
    lost = [name for name, repo in before["repos"].items() for file in repo["branches"]["main"]
            if file not in now["repos"][name]["branches"]["main"]]  # fmt: skip
    report.hold("files_lost_from_base_branches", len(lost), at_most=0)
    machine = stage.files()
    differ = sorted({name for name, _ in set(machine.items()) ^ set(files.items())})
    report.figures["files_that_differ"] = differ[:8]
    report.hold("files_or_folders_that_differ", len(differ), at_most=0)
    report.figures["left_and_listed"] = [f"{line['what']}: {line['why']}" for line in done if line["act"] == "leave"]
    report.figures["closed"] = [line["what"] for line in done if line["act"] == "close"]
    report.hold("closed_things", sum(line["act"] == "close" for line in done), at_least=2)
    report.figures["removed"] = sum(line["ok"] is True for line in done)


def _names(lines: list[dict[str, Any]]) -> set[str]:
    return {line["what"] for line in lines}


def _differences(before: Any, after: Any) -> int:
    if isinstance(before, dict):
        return sum(len(set(before[name]) ^ set(after.get(name, ()))) for name in before)
    return len({json.dumps(one) for one in before} ^ {json.dumps(one) for one in after})
