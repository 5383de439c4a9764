"""Merges computed in the mirror, without a checkout: what a squash would hold, and where two sides conflict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.git import names
from orchestrator.git.run import GitError
from orchestrator.git.trees import TASKS, Trees
from orchestrator.model.names import Sha


@dataclass(frozen=True, kw_only=True)
class Merged:
    """Both sides join cleanly in this tree."""

    tree: Sha


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A person or an agent must decide in these paths. `tree` holds them with conflict markers."""

    paths: tuple[str, ...]
    tree: Sha


@dataclass(frozen=True, kw_only=True)
class Merging(Trees):
    def merge_tree(self, a: Sha, b: Sha) -> Merged | Conflict:
        """The merge of two commits. Raises GitError; git older than 2.38 cannot do it and is named as the reason."""
        args = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
        try:
            done = self.git(*args, names.sha(a), names.sha(b), accept=(0, 1))
        except GitError as error:
            if error.exit == 129:
                raise GitError("git merge-tree", 129, "git 2.38 or newer is needed to compute merges") from error
            raise
        tree, *paths = done.out.decode("utf-8", "surrogateescape").split("\0")
        if done.exit == 0:
            return Merged(tree=Sha(tree))
        return Conflict(paths=tuple(p for p in paths if p), tree=Sha(tree))

    def expected_squash(self, base: Sha, head: Sha) -> Merged | Conflict:
        """The tree the base branch must hold once `head` is squashed onto `base`."""
        return self.merge_tree(base, head)

    def bare_patch(self, base: Sha, head: Sha) -> str:
        """The diff without context and with full object names: what `policy.merge_diff` compares."""
        args = (
            "diff-tree",
            "-p",
            "-U0",
            "--full-index",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
        )
        return self.git(*args, names.sha(base), names.sha(head)).out.decode("utf-8", "surrogateescape")

    def conflicted(self, base: Sha, head: Sha, task_id: str) -> tuple[Sha, tuple[str, ...]]:
        """A commit to start from that joins both sides, conflict markers included, and the paths that have them.

        Deterministic. Kept alive under refs/agent-os/tasks/<task>.
        """
        merged = self.merge_tree(head, base)
        paths = merged.paths if isinstance(merged, Conflict) else ()
        start = self.commit_tree(merged.tree, (head, base), "Both sides, to be joined", datetime.fromtimestamp(0, UTC))
        self.keep(f"{TASKS}/{names.key(task_id)}", start)
        return start, paths
