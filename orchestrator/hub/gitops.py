"""Reading and writing bare repositories through the git program: refs, commits, trees, files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.hub.process import ProgramError, git

ZERO = "0" * 40


@dataclass(frozen=True, kw_only=True)
class Person:
    """Author or committer; `date` is ISO 8601 UTC with seconds."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit as git stores it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a tree; `size` is None for a folder."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class Bare:
    """A bare repository at `path`."""

    path: Path

    def create(self, default_branch: str) -> None:
        """Make it, with what the hub needs of its configuration."""
        self.path.mkdir(parents=True)
        git(self.path, "init", "-q", "--bare", f"--initial-branch={default_branch}", ".")
        settings = {
            "http.receivepack": "true", "receive.denyDeletes": "false", "uploadpack.allowFilter": "true",
            "uploadpack.allowAnySHA1InWant": "true", "receive.hideRefs": "refs/pull", "gc.auto": "0",
            "receive.autogc": "false", "receive.advertisePushOptions": "false", "receive.denyCurrentBranch": "ignore",
            "receive.denyDeleteCurrent": "ignore",
        }  # fmt: skip
        lines = [f"[{key.split('.')[0]}]\n\t{key.split('.')[1]} = {value}\n" for key, value in settings.items()]
        with (self.path / "config").open("a", encoding="utf-8") as config:
            config.writelines(lines)

    def ref(self, name: str) -> str | None:
        """The commit a full ref name points to. Read from the files: no process for the commonest question."""
        try:
            text = (self.path / name).read_text(encoding="ascii").strip()
            if len(text) == 40:
                return text
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, UnicodeDecodeError):
            pass
        try:
            packed = (self.path / "packed-refs").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        found = [line[:40] for line in packed.splitlines() if line[41:] == name and line[0] not in "#^"]
        return found[0] if found else None

    def branch(self, name: str) -> str | None:
        """The tip of a branch."""
        return self.ref(f"refs/heads/{name}")

    def refs(self, prefix: str = "refs/heads/") -> dict[str, str]:
        """Ref name -> object, for the refs that begin with the prefix, sorted."""
        out = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)").text
        pairs = (line.rsplit(" ", 1) for line in out.splitlines())
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def resolve(self, revision: str) -> str | None:
        """The commit of a sha, branch or tag; None when there is none."""
        if revision.startswith("-"):
            return None
        done = git(self.path, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", check=False)
        return done.text.strip() if done.code == 0 else None

    def set_ref(self, name: str, new: str, old: str | None = None) -> bool:
        """Move or make a ref; with `old` (ZERO: must not exist) only if it is there now. False when it was not."""
        done = git(self.path, "update-ref", name, new, *([] if old is None else [old]), check=False)
        return done.code == 0

    def delete_ref(self, name: str) -> None:
        """Remove a ref."""
        git(self.path, "update-ref", "-d", name)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Is `old` contained in `new`?"""
        return git(self.path, "merge-base", "--is-ancestor", old, new, check=False).code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None for unrelated histories."""
        done = git(self.path, "merge-base", one, other, check=False)
        return done.text.strip() or None

    def ahead_behind(self, base: str, head: str) -> tuple[int, int]:
        """Commits of head that base lacks, and of base that head lacks."""
        counts = git(self.path, "rev-list", "--left-right", "--count", f"{base}...{head}").text.split()
        return int(counts[1]), int(counts[0])

    def commits(self, *revisions: str, limit: int | None = None, path: str | None = None) -> list[Commit]:
        """Commits reachable as `git log` says, newest first."""
        fields = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x1e"
        options = [f"--format={fields}", *([] if limit is None else [f"-n{limit}"])]
        tail = [] if path is None else [path]
        out = git(self.path, "log", *options, *revisions, "--", *tail).text
        return [_commit(record.lstrip("\n")) for record in out.split("\x1e") if record.strip()]

    def commit(self, revision: str) -> Commit | None:
        """One commit."""
        sha = self.resolve(revision)
        return None if sha is None else self.commits(sha, limit=1)[0]

    def tree(self, revision: str, *, recursive: bool = False, path: str = "") -> list[Entry]:
        """Entries of a tree; with `path`, of that folder (or the one file)."""
        options = ["-r"] if recursive else []
        tail = [path] if path else []
        done = git(self.path, "ls-tree", "-z", "-l", *options, revision, "--", *tail, check=False)
        found = []
        for record in done.text.split("\0"):
            facts, _, name = record.partition("\t")
            if name:
                mode, kind, sha, size = facts.split()
                found.append(Entry(mode=mode, kind=kind, sha=sha, size=None if size == "-" else int(size), path=name))
        return found

    def blob(self, sha: str) -> bytes:
        """The bytes of a blob. Raises ProgramError."""
        return git(self.path, "cat-file", "blob", sha).out

    def file(self, revision: str, path: str) -> bytes | None:
        """The bytes of a file at a commit, or None."""
        done = git(self.path, "cat-file", "blob", f"{revision}:{path}", check=False)
        return done.out if done.code == 0 else None

    def tree_with(self, base: str | None, files: Mapping[str, bytes | None]) -> str:
        """The tree of a commit with files set or (None) removed."""
        with tempfile.TemporaryDirectory(prefix="hub-index-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            modes: dict[str, str] = {}
            if base is not None:
                git(self.path, "read-tree", base, env=env)
                modes = {entry.path: entry.mode for entry in self.tree(base, recursive=True)}
            lines = []
            for path, data in files.items():
                if data is None:
                    lines.append(f"0 {ZERO}\t{path}\0")
                else:
                    sha = git(self.path, "hash-object", "-w", "--stdin", stdin=data).text.strip()
                    lines.append(f"{modes.get(path, '100644')} {sha}\t{path}\0")
            git(self.path, "update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)
            return git(self.path, "write-tree", env=env).text.strip()

    def commit_tree(self, tree: str, parents: tuple[str, ...], message: str, author: Person, committer: Person) -> str:
        """Write a commit object."""
        env = {
            "GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email, "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name, "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }  # fmt: skip
        options = [word for parent in parents for word in ("-p", parent)]
        return git(self.path, "commit-tree", tree, *options, stdin=message.encode(), env=env).text.strip()

    def merge_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a clean merge of two commits, or None when they conflict. Raises ProgramError."""
        done = git(self.path, "merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs, check=False)
        if done.code not in (0, 1):
            raise ProgramError(["git", "merge-tree"], done.code, done.err.decode("utf-8", "replace"))
        return done.text.split("\n", 1)[0].strip() if done.code == 0 else None

    def replay(self, onto: str, commit: Commit, committer: Person) -> str | None:
        """The commit applied on top of `onto` (one step of a rebase), or None when it conflicts.

        git 2.39's merge-tree takes no --merge-base: a helper commit with `onto`'s tree and the commit's own parent
        makes that parent the base of the three-way merge."""
        parent = commit.parents[0]
        tip = self.commits(onto, limit=1)[0]
        helper = self.commit_tree(tip.tree, (parent,), "helper", committer, committer)
        tree = self.merge_tree(helper, commit.sha)
        return None if tree is None else self.commit_tree(tree, (onto,), commit.message, commit.author, committer)


def _commit(record: str) -> Commit:
    sha, tree, parents, name, email, at, c_name, c_email, c_at, message = record.split("\0", 9)
    author = Person(name=name, email=email, date=_iso(at))
    committer = Person(name=c_name, email=c_email, date=_iso(c_at))
    return Commit(
        sha=sha, tree=tree, parents=tuple(parents.split()), author=author, committer=committer,
        message=message.rstrip("\n"),
    )  # fmt: skip


def _iso(epoch: str) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
