"""Can a pull request be merged? Unknown at first, computed in the background, then kept for that pair of commits."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from orchestrator.hub.gitops import Person
from orchestrator.hub.rules import protection
from orchestrator.hub.store import checks, issues, pulls
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.world import Verdict, World

WAIT_SECONDS = 10.0
__all__ = ["GITHUB", "Mergeability", "Verdict"]

GITHUB = ("GitHub", "noreply@github.com")


class Mergeability:
    """Computes in the hub's background thread; the first reader is told unknown, the next one waits for the end."""

    def __init__(self, hub: World) -> None:
        self.hub = hub
        self._running: dict[tuple[int, str], Future[None]] = {}
        self._lock = threading.Lock()

    def read(self, repo: Repo, pull: Pull) -> Verdict:
        """What GitHub tells about a pull request now."""
        issue = issues.get(self.hub.db, pull.issue_id)
        if issue.state == "closed":
            return Verdict(mergeable=pull.mergeable, state="unknown")
        tip = self.hub.bare(repo).branch(pull.base_ref)
        if tip is None:
            return Verdict(mergeable=None, state="unknown")
        key = f"{pull.head_sha}:{tip}"
        if pull.mergeable_key != key:
            if not self._ready(repo, pull, key, tip):
                return Verdict(mergeable=None, state="unknown")
            pull = pulls.get(self.hub.db, pull.id)
        return Verdict(mergeable=pull.mergeable, state=self._state(repo, pull, tip))

    def _ready(self, repo: Repo, pull: Pull, key: str, tip: str) -> bool:
        """False after only starting the computation; True when an earlier reader started it and it is done."""
        with self._lock:
            started = self._running.get((pull.id, key))
            if started is None:
                self._running[pull.id, key] = self.hub.background.submit(self.compute, repo, pull, tip)
                return False
        started.result(WAIT_SECONDS)
        return True

    def compute(self, repo: Repo, pull: Pull, tip: str) -> None:
        """Try the merge and keep the answer, with refs/pull/N/merge as GitHub does."""
        bare = self.hub.bare(repo)
        tree = bare.merge_tree(tip, pull.head_sha)
        ref, sha = f"refs/pull/{pull.number}/merge", None
        if tree is not None:
            person = Person(name=GITHUB[0], email=GITHUB[1], date=self.hub.db.now())
            sha = bare.commit_tree(tree, (tip, pull.head_sha), f"Merge {pull.head_sha} into {tip}", person, person)
            bare.set_ref(ref, sha)
        elif bare.ref(ref):
            bare.delete_ref(ref)
        key = f"{pull.head_sha}:{tip}"
        pulls.update(self.hub.db, pull.id, mergeable=int(tree is not None), mergeable_key=key, test_merge_sha=sha)
        with self._lock:
            self._running.pop((pull.id, key), None)

    def settled(self, repo: Repo, pull: Pull) -> Verdict:
        """The answer without the unknown phase: what a merge itself asks."""
        tip = self.hub.bare(repo).branch(pull.base_ref)
        if tip is not None and pull.mergeable_key != f"{pull.head_sha}:{tip}":
            self.compute(repo, pull, tip)
        return self.read(repo, pulls.get(self.hub.db, pull.id))

    def _state(self, repo: Repo, pull: Pull, tip: str) -> str:
        db = self.hub.db
        if not pull.mergeable:
            return "dirty"
        if pull.draft:
            return "draft"
        rules = protection.load(db, repo, pull.base_ref)
        if protection.unmet(db, repo, pull, rules):
            return "blocked"
        if rules is not None and rules.strict and not self.hub.bare(repo).is_ancestor(tip, pull.head_sha):
            return "behind"
        runs = checks.runs(db, repo.id, [pull.head_sha])[pull.head_sha]
        statuses = checks.statuses(db, repo.id, [pull.head_sha])[pull.head_sha]
        good = {"success", "neutral", "skipped"}
        unstable = any(run.conclusion not in good for run in runs) or any(s.state != "success" for s in statuses)
        return "unstable" if unstable else "clean"
