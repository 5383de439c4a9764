"""Was each merge by our account right? Judged from the hub's tables, the ledger's lines and git, not by our own code.

What somebody does after our program's last look at it and before the merge, no client can see, but for the head, which
the host compares. So people's words, checks and the issue's text are judged as they stood at the last look, and how
long ago that was is told.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.adversary.acts import OWNER, STATUS
from benchmarks.adversary.plot import Adversary, Landed, Read
from benchmarks.adversary.stage import PERSONS, WORK, Sort
from benchmarks.adversary.truth import GOOD, PullTruth
from orchestrator.hub.store.users import ACTIONS_APP_ID
from tests.journeys.world import BOT, REPO, World

RUNNING = frozenset({"queued", "in_progress", "pending"})


@dataclass
class Finding:
    """What one schedule showed."""

    merges: int = 0
    by_people: int = 0
    refused: int = 0
    """Merges that we asked for and the host did not carry out."""
    held: int = 0
    """Pull requests of ours that did not land."""
    planted: int = 0
    """Wrong trees that the host landed, and merges that it landed on another branch."""
    detected: int = 0
    moved: int = 0
    """Alerts of a tree that was right but landed on a base it was not tested on, or that main lost afterwards."""
    elsewhere: int = 0
    """Of those, to another branch: somebody pointed the pull request there after our last look."""
    window: int = 0
    """Most calls of ours between the last look at a pull request and its merge."""
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Git:
    """The host's own repository."""

    path: Path

    def __call__(self, *words: str) -> str:
        done = subprocess.run(["git", f"--git-dir={self.path}", *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def tree(self, commit: str) -> str:
        return self("rev-parse", f"{commit}^{{tree}}")

    def parents(self, commit: str) -> list[str]:
        return self("show", "-s", "--format=%P", commit).split()

    def squash(self, onto: str, head: str) -> str:
        """The tree of a clean merge, empty where they conflict."""
        return self("merge-tree", "--write-tree", onto, head).split("\n")[0]

    def change(self, base: str, head: str) -> str:
        """What the head changes: lines without their places."""
        diff = self("diff", "--no-renames", "--full-index", "-U0", base, head)
        return "\n".join(line for line in diff.split("\n") if not line.startswith(("@@ ", "index ")))


def judge(world: World, adversary: Adversary, sort: Sort) -> Finding:
    found = Finding()
    judged = _Judge(world=world, adversary=adversary, sort=sort, found=found)
    for landed in adversary.landed:
        judged.merge(landed)
    judged.alarms()
    judged.nothing_lost()
    rows = world.hub.db.tuples(
        "SELECT u.login FROM pulls p JOIN users u ON u.id=p.merged_by_id WHERE p.merged=1 AND p.merge_sha IS NOT NULL"
    )
    found.by_people = sum(login != BOT for (login,) in rows)
    found.merges = len(adversary.landed)
    found.refused = adversary.attempts - found.merges
    found.held = len(WORK) - found.merges - found.by_people
    return found


class _Judge:
    def __init__(self, *, world: World, adversary: Adversary, sort: Sort, found: Finding) -> None:
        self.world, self.adversary, self.sort, self.found = world, adversary, sort, found
        self.git = Git(Path(world.hub.bare(world.admin.repository(REPO)).path))
        self.lines = list(_ledger(world.settings.runtime / "ledger"))
        self.issues = self._issues()

    def _issues(self) -> dict[int, int]:
        """Pull request -> issue, by the branch's name."""
        rows = self.world.hub.db.tuples("SELECT number, head_ref FROM pulls WHERE head_ref LIKE 'agent/app-%'")
        return {int(n): int(str(ref).split("-")[1]) for n, ref in rows}

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]

    # --- one merge

    def merge(self, m: Landed) -> None:
        issue = self.issues.get(m.number)
        if issue is None:
            self.bad(m, "it is no pull request of an agent's")
            return
        self.found.elsewhere += m.base != "main"
        heads = self.chain(m.head)
        self._content(m, issue)
        if not any(line["data"]["head"] in heads and line["data"]["passed"] for line in self.of("verdict")):
            self.bad(m, "its head was never judged")
        read = self.last("Pulls", m.number, m.call)
        text = self.last("Issues", issue, m.call)
        if read is None or text is None or m.number not in read.truth.pulls:
            self.bad(m, "nobody looked before it")
            return
        self.found.window = max(self.found.window, m.call - read.call, m.call - text.call)
        pull = read.truth.pulls[m.number]
        same = self.same_change(m.head)
        self._words(m, issue, pull, same, read)
        self._checks(m, pull)
        first = self.world_text(issue)
        if issue in text.foul and text.truth.texts[issue] != first:
            self.bad(m, "the issue's text was not vouched for")
        if not pull.open or pull.base != "main":
            self.bad(m, f"it was closed or pointed elsewhere: {pull}")

    def bad(self, m: Landed, why: str) -> None:
        self.found.wrong.append(f"#{m.number} {m.sha[:9]} at call {m.call}: {why}")

    def last(self, sort: str, number: int, call: int) -> Read | None:
        found = [r for r in self.adversary.reads if r.sort == sort and number in r.asked and r.call < call]
        return found[-1] if found else None

    def chain(self, head: str) -> list[str]:
        """The head, and those it grew from by nothing but clean merges of main, as git makes them."""
        found = [head]
        while len(parents := self.git.parents(found[-1])) == 2:
            if self.git.tree(found[-1]) != self.git.squash(*parents):
                break
            found.append(parents[0])
        return found

    def same_change(self, head: str) -> list[str]:
        """Of those heads the ones that change the same: a word about them is about this one."""
        found = [head]
        for older in self.chain(head)[1:]:
            if self.git.change(self._base(found[-1]), found[-1]) != self.git.change(self._base(older), older):
                break
            found.append(older)
        return found

    def _content(self, m: Landed, issue: int) -> None:
        """By git alone: the parent, the tree, and nothing in it but what the agent wrote."""
        if self.git.parents(m.sha) != [m.onto]:
            self.bad(m, "its parent is not the tip")
        if m.wrong:
            return
        if self.git.tree(m.sha) != self.git.squash(m.onto, m.head):
            self.bad(m, "its tree is not the squash of the head")
        for path in self.git("diff", "--no-renames", "--name-only", m.onto, m.sha).split("\n"):
            if path and self._text(m.sha, path) != WORK[issue].get(path, "").strip() and not self._of_main(m, path):
                self.bad(m, f"{path} is not what the agent wrote")

    def _text(self, commit: str, path: str) -> str:
        return self.git("show", f"{commit}:{path}")

    def _of_main(self, m: Landed, path: str) -> bool:
        """As it stood on a commit of main that the head holds: main was pushed back from it since, or this went to
        another branch."""
        return any(self._text(sha, path) == self._text(m.sha, path) for sha in self._of_main_in(m.head))

    def _of_main_in(self, head: str) -> list[str]:
        """Where main has ever stood, of what the head holds; oldest first."""
        pushed = self.world.hub.db.tuples("SELECT after FROM pushes WHERE ref='refs/heads/main' ORDER BY id")
        return [sha for (sha,) in pushed if self._holds(head, sha)]

    def _base(self, head: str) -> str:
        """What it was made on: the newest main in it, also where main was pushed back from there since."""
        return self._of_main_in(head)[-1]

    def _words(self, m: Landed, issue: int, pull: PullTruth, same: list[str], read: Read) -> None:
        """A trusted person's refusal stands against it; the third wants a trusted person's approval."""
        spans = [w for call, w in self.adversary.writers if read.call <= call <= m.call]
        always = frozenset.intersection(*spans) | {OWNER}
        once = frozenset.union(*spans) | {OWNER}
        for word in pull.words:
            if word.state == "CHANGES_REQUESTED" and word.by in always and word.commit in same:
                self.bad(m, f"{word.by}'s refusal stood")
        approved = {w.by for w in pull.words if w.state == "APPROVED" and w.commit in same}
        approved |= {by for by, head in self.adversary.scene.labelled.get(m.number, ()) if head in same}
        if not self._reviewed(same) and not approved & once:
            self.bad(m, "no reviewer approved this change")
        if issue in PERSONS and not approved & once:
            self.bad(m, f"it wanted a person's word: {pull.words} {self.adversary.scene.labelled}")

    def _reviewed(self, same: list[str]) -> bool:
        return any(
            line["data"]["opinion"] == "approve" and line["data"]["head"] in same for line in self.of("reviewed")
        )

    def _checks(self, m: Landed, pull: PullTruth) -> None:
        told = [c for c in pull.checks if c.name != STATUS]
        if not told:
            self.bad(m, "no check had said anything")
        for check in told:
            if check.state not in GOOD:
                self.bad(m, f"{check.name} by app {check.app} was {check.state}")
        if self.sort.protected and not any(c.name == "test" and c.app == ACTIONS_APP_ID for c in told):
            self.bad(m, f"the required check was not green by its own app: {told}")

    def world_text(self, issue: int) -> tuple[str, str]:
        return f"Task {issue}!", "Please."

    # --- the whole

    def alarms(self) -> None:
        """Each wrong tree told in the record, and to a person once."""
        events = Counter(str(line["data"].get("sha")) for line in self.of("merge_tree_differs"))
        alerts = Counter(str(line["data"].get("state")) for line in self.of("alert"))
        for m in self.adversary.landed:
            told, paged = events.pop(m.sha, 0), alerts[f"tree:{m.sha}"]
            if m.wrong or m.base != "main":
                self.found.planted += 1
                self.found.detected += told >= 1 and paged == 1
                if not (told >= 1 and paged == 1):
                    self.found.lost.append(f"#{m.number}: {m.sha[:9]} on {m.base} told {told} times, alerts {paged}")
            elif told:
                self.found.moved += 1
                if not (self.sort.train or self.adversary.scene.rewritten):
                    self.found.lost.append(f"#{m.number}: false alarm about {m.sha[:9]}")
        for sha in events:
            self.found.lost.append(f"alarm about {sha[:9]}, which is no merge of ours")

    def nothing_lost(self) -> None:
        """One task file for each issue, one comment for each occasion, no commit of a person's overwritten."""
        box = self.world.settings.runtime / "mailbox"
        files = Counter(p.stem for p in box.glob("*/app-*.md") if "." not in p.stem)
        expected = {f"app-{n}" for n in WORK}
        for id in expected:
            again = [i for i in files if i == id or i.startswith(f"{id}-g")]
            if not again or any(files[i] != 1 for i in again):
                self.found.lost.append(f"{id} stands in {files}")
        if (corrupt := list((box / "corrupt").glob("*"))) != []:
            self.found.lost.append(f"corrupt: {corrupt}")
        rows = self.world.hub.db.tuples("SELECT c.issue_id, c.body FROM comments c WHERE c.body LIKE '%agent-os:key=%'")
        marks = Counter((issue, str(body).rpartition("agent-os:key=")[2]) for issue, body in rows)
        self.found.lost += [f"comment {mark} on {issue} {n} times" for (issue, mark), n in marks.items() if n > 1]
        heads = self.world.admin.branches(REPO)
        for branch, sha in self.adversary.scene.moved.items():
            if sha and branch in heads and not self._holds(heads[branch], sha):
                self.found.lost.append(f"{branch}: a person's {sha[:9]} was overwritten by {heads[branch][:9]}")

    def _holds(self, tip: str, sha: str) -> bool:
        return self.git("merge-base", tip, sha) == sha


def _ledger(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
