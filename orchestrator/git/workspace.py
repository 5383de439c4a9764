"""The agent's own checkout, and what we take from it.

A workspace is a plain folder with a `.git` of its own that borrows the mirror's objects; the agent may commit there,
break it or replace it. We write that `.git` once, as files, and never run git with it. What the agent did is read by
the mirror's git with an index of ours, the folder only as work tree:

- the index of the checkout is kept outside, so a snapshot hashes only files that changed since;
- every snapshot starts from a copy of that pristine index: gitlinks that an agent's nested repositories made in one
  snapshot are never looked into by the next (git would run `status` in them, and their filters with it). Gitlinks of
  the base itself are left out of `add` for the same reason and stay as the base has them;
- the result file is left out by path; the base's own version, if it has one, stays.

A marker outside the workspace says that it is whole. Without it the folder is a killed worker's half and is made anew.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator import disk
from orchestrator.git import names
from orchestrator.git.run import EMAIL, NAME, GitError, text
from orchestrator.git.trees import KEPT, RESULT_FILE, TASKS, Trees, missing
from orchestrator.model.names import Sha

_ADD = ("add", "-A", "--ignore-errors", "--no-warn-embedded-repo", "--pathspec-from-file=-", "--pathspec-file-nul")
_SUMMARIES = ("fatal: adding files failed", "fatal: updating files failed")
_PATHS = ("utf-8", "surrogateescape")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A workspace's files as a tree. `problems` are things that are there but cannot be in a tree."""

    tree: Sha
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What a whole workspace was opened for."""

    start: Sha
    branch: str


@dataclass(frozen=True, kw_only=True)
class Workspaces(Trees):
    def workspace(self, task_id: str) -> Path:
        return self.worktrees / self.key / names.key(task_id)

    def open_workspace(self, task_id: str, *, start: Sha, branch: str) -> Path:
        """A checkout of `start` on `branch`, reused when it stands for it already. Asks no network.

        One that stands for something else is reused when its files are exactly `start`'s (build caches stay), else it
        is kept and made anew. Raises GitError when `start` is not in the mirror.
        """
        path, notes = self.workspace(task_id), self._notes(task_id)
        names.own_branch(branch)
        marker = self._marker(task_id)
        if marker is not None and _is_folder(path):
            if marker.start == start or self.snapshot(task_id).tree == self.tree_of(start):
                self._mark(task_id, Marker(start=start, branch=branch))
                return path
            self._keep_workspace(task_id, marker)
        if not self.has(start):
            raise missing(start)
        self._mark(task_id, None)
        remove(path)
        path.mkdir(parents=True)
        notes.mkdir(parents=True, exist_ok=True)
        (notes / "index").unlink(missing_ok=True)
        self.check_out(start, path, notes / "index")
        (notes / "gitlinks").write_text(
            json.dumps(self.git.facts.ask(("gitlinks", start), lambda: self._gitlinks(notes / "index")))
        )
        _write_git(path, self.path, start, branch, notes / "index")
        self._mark(task_id, Marker(start=start, branch=branch))
        return path

    def snapshot(self, task_id: str) -> Snapshot:
        """The workspace's files as a tree, in the mirror. Raises GitError when it cannot be read at all."""
        path, notes = self.workspace(task_id), self._notes(task_id)
        if self._marker(task_id) is None or not _is_folder(path):
            raise GitError("snapshot", None, f"the workspace of {task_id} is gone or was replaced")
        index = notes / "snapshot"
        (notes / "snapshot.lock").unlink(missing_ok=True)
        shutil.copyfile(notes / "index", index)
        os.utime(index, ns=(stat_ns := (notes / "index").stat().st_mtime_ns, stat_ns))
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(path)}
        problems = self._add(path, env, [RESULT_FILE, *self._known_gitlinks(notes)])
        tree = Sha(text(self.git("write-tree", env=env)))
        return Snapshot(tree=tree, problems=problems)

    def still(self, task_id: str) -> bool:
        """Are the workspace's files those of the last snapshot? False is only a reason to snapshot again."""
        path, notes = self.workspace(task_id), self._notes(task_id)
        if self._marker(task_id) is None or not _is_folder(path) or not (notes / "snapshot").exists():
            return False
        if set(self._gitlinks(notes / "snapshot")) - set(self._known_gitlinks(notes)):
            return False  # a nested repository of the agent's: comparing would run git in it, and its filters with it
        env = {"GIT_INDEX_FILE": str(notes / "snapshot"), "GIT_WORK_TREE": str(path)}
        specs = "\0".join([".", *(f":(top,exclude,literal){p}" for p in [RESULT_FILE, *self._known_gitlinks(notes)])])
        words = [*_ADD[:1], "--dry-run", *_ADD[1:]]
        done = self.git(*words, stdin=specs.encode(*_PATHS), env=env, cwd=path, accept=(0, 1, 128), timeout=900)
        return done.exit == 0 and not done.out and not done.err

    def _known_gitlinks(self, notes: Path) -> list[str]:
        return [str(p) for p in json.loads((notes / "gitlinks").read_text())]

    def _add(self, path: Path, env: dict[str, str], left_out: list[str]) -> tuple[str, ...]:
        """Brings the folder into the index; answers what could not be. Raises GitError rather than lose other work.

        Some files end git's whole command (an encoding they do not have): they are left out by name, one by one.
        """
        found: list[str] = []
        for _ in range(50):
            specs = "\0".join([".", *(f":(top,exclude,literal){p}" for p in left_out)]).encode(*_PATHS)
            done = self.git(*_ADD, stdin=specs, env=env, cwd=path, accept=(0, 1, 128), timeout=900)
            words = done.err.decode(*_PATHS)
            found += _problems(words)
            fatal = [line for line in words.splitlines() if line.startswith("fatal:") and line not in _SUMMARIES]
            if done.exit == 0 or (not fatal and found):
                return tuple(dict.fromkeys(p.encode(*_PATHS).decode("utf-8", "replace") for p in found))[:50]
            culprits = [p for line in fatal for p in re.findall(r"'([^']+)'", line) if os.path.lexists(path / p)]
            if not set(culprits) - set(left_out):
                break
            left_out = [*left_out, *culprits]
        raise GitError("git add", done.exit, words)

    def close_workspace(self, task_id: str) -> None:
        """Removes the workspace; what is not on the remote is kept under refs/agent-os/kept/<task> first.

        Safe to repeat. Raises GitError, and removes nothing, when its files cannot be kept.
        """
        marker = self._marker(task_id)
        if marker is not None and _is_folder(self.workspace(task_id)):
            self._keep_workspace(task_id, marker)
        elif (candidate := self.resolve(f"{TASKS}/{names.key(task_id)}")) is not None:
            self._keep_unless_remote(task_id, candidate, marker.branch if marker else f"{names.PREFIX}{task_id}")
        self._mark(task_id, None)
        remove(self.workspace(task_id))
        shutil.rmtree(self._notes(task_id), ignore_errors=True)

    def export(self, sha: Sha, into: Path) -> Path:
        """A clean checkout for a verification. `into` is made, or must be empty.

        A commit gets a throw-away `.git` (a few files, no process), since builds ask it for versions and file lists;
        a bare tree gets none.
        """
        into.mkdir(parents=True, exist_ok=True)
        with self.index() as env:
            index = Path(env["GIT_INDEX_FILE"])
            self.check_out(sha, into, index)
            if self.tree_of(sha) != sha:
                _write_git(into, self.path, sha, "", index)
        return into

    def drop_export(self, into: Path) -> None:
        remove(into)

    def keep_commit(self, task_id: str, sha: Sha) -> None:
        """Adds a commit to what is kept of a task; what was kept before becomes its parent's sibling, never lost."""
        ref = f"{KEPT}/{names.key(task_id)}"
        old = self.resolve(ref)
        if old == sha or (old is not None and self.is_ancestor(sha, old)):
            return
        if old is not None and not self.is_ancestor(old, sha):
            tree = self.tree_of(sha)
            if tree is None:
                raise missing(sha)
            sha = self.commit_tree(tree, (sha, old), "Kept before a deletion", self.git.clock.now())
        self.keep(ref, sha)

    def _keep_workspace(self, task_id: str, marker: Marker) -> None:
        tree = self.snapshot(task_id).tree
        held = self.resolve(f"{TASKS}/{task_id}") or marker.start
        if self.tree_of(held) != tree:
            known = (self.resolve(f"{KEPT}/{task_id}"), self.head(marker.branch), marker.start)
            if any(sha is not None and self.tree_of(sha) == tree for sha in known):
                return
            held = self.commit_tree(tree, (held,), f"Workspace of {task_id}, uncommitted", self.git.clock.now())
        self._keep_unless_remote(task_id, held, marker.branch)

    def _keep_unless_remote(self, task_id: str, sha: Sha, branch: str) -> None:
        """Nothing is kept that the remote has: on the task's branch, or on any other."""
        if not self.has(sha):
            return
        heads = self.git("for-each-ref", "--count=1", f"--contains={sha}", "--format=%(refname)", "refs/heads")
        if not text(heads):
            self.keep_commit(task_id, sha)

    def _gitlinks(self, index: Path) -> list[str]:
        listed = self.git("ls-files", "-s", "-z", env={"GIT_INDEX_FILE": str(index)}).out
        rows = listed.decode("utf-8", "surrogateescape").split("\0")
        return [row.split("\t", 1)[1] for row in rows if row.startswith("160000 ")]

    def _notes(self, task_id: str) -> Path:
        return self.root / f"{self.key}.tasks" / names.key(task_id)

    def _marker(self, task_id: str) -> Marker | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = json.loads((self._notes(task_id) / "open.json").read_text())
            return Marker(start=Sha(names.sha(data["start"])), branch=names.own_branch(data["branch"]))
        return None

    def _mark(self, task_id: str, marker: Marker | None) -> None:
        path = self._notes(task_id) / "open.json"
        if marker is None:
            path.unlink(missing_ok=True)
            return
        self._write(path, json.dumps({"start": marker.start, "branch": marker.branch}) + "\n")


def _is_folder(path: Path) -> bool:
    """A real folder, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _problems(words: str) -> list[str]:
    """What `git add` said about single files. Warnings about line ends are no problem."""
    lines = [line for line in words.splitlines() if line.startswith(("error:", "fatal:")) and line not in _SUMMARIES]
    return [line.split(":", 1)[1].strip() for line in lines]


def _write_git(folder: Path, mirror: Path, start: Sha, branch: str, index: Path) -> None:
    """A `.git` as files: one branch (or a detached head), the mirror's objects, our identity for nobody, no remote."""
    git = folder / ".git"
    for part in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git / part).mkdir(parents=True)
    (git / "objects/info/alternates").write_text(f"{mirror.resolve()}/objects\n")
    (git / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
        f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n[gc]\n\tauto = 0\n"
    )
    (git / "info/exclude").write_text(f"/{RESULT_FILE}\n")
    shutil.copy2(index, git / "index")
    if not branch:
        (git / "HEAD").write_text(f"{start}\n")
        return
    ref = git / "refs/heads" / branch
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(f"{start}\n")
    (git / "HEAD").write_text(f"ref: refs/heads/{branch}\n")


def remove(path: Path) -> None:
    """Removes a folder, link or file, following no link, whatever an agent made of it. Raises OSError when a part of
    it stays."""
    if not os.path.lexists(path):
        return
    if not _is_folder(path):
        path.unlink()
    elif not disk.remove_tree(path):
        raise OSError(errno.ENOTEMPTY, "cannot be removed", str(path))
