"""Trees and commits, made and read in the mirror with an index of ours. Nothing here knows a workspace's own `.git`."""

from __future__ import annotations

import itertools
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from orchestrator.git import blobs, names
from orchestrator.git.mirror import Mirror
from orchestrator.git.run import EMAIL, GitError, text
from orchestrator.model.gate import FileChange
from orchestrator.model.names import Public, Sha

RESULT_FILE = ".agent_result.md"
KEPT = "refs/agent-os/kept"
TASKS = "refs/agent-os/tasks"


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who made a commit that is not ours."""

    sha: Sha
    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A commit with its message. Whoever made it chose all of these words."""

    sha: Sha
    author: str
    email: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Trees(Mirror):
    def tree_of(self, sha: str) -> Sha | None:
        """The tree of a commit (or the tree itself); None when it is not here."""
        name = names.sha(sha)
        return self.git.facts.ask(("tree", name), lambda: self.resolve(f"{name}^{{tree}}"))

    def parent(self, sha: str) -> Sha | None:
        """The first parent of a commit; None when it has none, or is not here."""
        name = names.sha(sha)
        return self.git.facts.ask(("parent", name), lambda: self.resolve(f"{name}^1"))

    def is_ancestor(self, older: Sha, newer: Sha) -> bool:
        """Raises GitError when one of them is not here."""
        done = self.git("merge-base", "--is-ancestor", names.sha(older), names.sha(newer), accept=(0, 1))
        return done.exit == 0

    def changes(self, base: Sha, tree: Sha) -> tuple[FileChange, ...]:
        """Every path that differs, without rename detection; links with the place they point at."""
        args = ("diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv")
        done = self.git(*args, "--full-index", "--no-abbrev", names.sha(base), names.sha(tree))
        found, named = _parse_changes(done.out.decode("utf-8", "surrogateescape"))
        links = [c.path for c in found if c.new_mode == "120000"]
        if not links:
            return found
        read = blobs.contents(self.git, [named[path] for path in links])
        targets = {path: data.decode("utf-8", "surrogateescape") for path, data in zip(links, read)}
        return tuple(replace(c, link_target=targets[c.path]) if c.path in targets else c for c in found)

    def sides(self, base: Sha, tree: Sha) -> tuple[blobs.Sides, ...]:
        """Both sides of every path that differs, as far as they are small enough to be read."""
        return blobs.sides(self.git, base, tree)

    def neighbours(self, tree: Sha, changes: tuple[FileChange, ...]) -> tuple[str, ...]:
        """Unchanged paths of `tree` that some file systems cannot tell from an added one."""
        added = [c.path for c in changes if c.status == "A"]
        if not added:
            return ()
        listed = self._listed(names.sha(tree))
        changed = {c.path for c in changes}
        spelt: dict[str, set[str]] = {}
        for prefix in itertools.chain.from_iterable(map(_prefixes, added)):
            spelt.setdefault(_fold(prefix), set()).add(prefix)
        return tuple(p for p in listed.split("\0") if p and p not in changed and _resembles(p, spelt))

    def _listed(self, sha: str) -> str:
        def find() -> str:
            return self.git("ls-tree", "-r", "-z", "--name-only", sha).out.decode("utf-8", "surrogateescape")

        return self.git.facts.ask(("listed", sha), find) or ""

    def patch(self, base: Sha, head: Sha) -> str:
        """The diff as text, for a prompt."""
        args = ("diff-tree", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        return self.git(*args, names.sha(base), names.sha(head)).out.decode("utf-8", "replace")

    def commit(self, task_id: str, tree: Sha, parents: tuple[Sha, ...], message: Public, at: datetime) -> Sha:
        """Our commit; the same inputs give the same sha. Kept alive under refs/agent-os/tasks/<task>."""
        ref = f"{TASKS}/{names.key(task_id)}"
        sha = self.commit_tree(tree, parents, message, at)
        self.keep(ref, sha)
        return sha

    def commit_tree(self, tree: Sha, parents: tuple[Sha, ...], message: str, at: datetime) -> Sha:
        """A commit no ref points at yet."""
        date = f"@{int(at.timestamp())} +0000"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        args = [word for parent in dict.fromkeys(parents) for word in ("-p", names.sha(parent))]
        words = message.replace("\0", "\ufffd").strip().encode("utf-8", "replace") + b"\n"
        return Sha(text(self.git("commit-tree", names.sha(tree), *args, "-F", "-", stdin=words, env=dates)))

    def log_authors(self, base: Sha, head: Sha) -> tuple[Author, ...]:
        """Who made the commits of `head` that are neither in `base` nor ours; newest first."""
        form = "--format=%H%x1f%an%x1f%ae%x1f%ce"
        done = self.git("log", "-z", form, f"{names.sha(base)}..{names.sha(head)}")
        rows = [row.split("\x1f") for row in done.out.decode("utf-8", "replace").split("\0") if row]
        return tuple(
            Author(sha=Sha(row[0]), name=row[1], email=row[2]) for row in rows if EMAIL not in (row[2], row[3])
        )

    def read(self, ref: str, path: str) -> bytes | None:
        """A file's content in a commit, tree or branch; None when there is no such file or no such ref."""
        if len(ref) in (40, 64) and ref.isalnum():
            # An absent file is known too, as an empty tuple: most repositories lack most of what is asked for.
            found = self.git.facts.ask(
                ("read", ref, path), lambda: (b,) if (b := self._read(ref, path)) is not None else ()
            )
            return found[0] if found else None
        return self._read(f"refs/heads/{names.branch(ref)}", path)

    def read_all(self, commit: Sha, paths: Sequence[str]) -> tuple[bytes | None, ...]:
        """As `read`, of several files of one commit by one process."""
        new = [p for p in paths if ("read", commit, p) not in self.git.facts.known]
        asked = "".join(f"{commit}:{names.inside(p)}\n" for p in new)
        rest = self.git("cat-file", "--batch", stdin=asked.encode()).out if new else b""
        for path in new:
            data, rest = _blob(rest)
            known = () if data is None else (data,)
            self.git.facts.ask(("read", commit, path), partial(tuple, known))
        return tuple(self.read(commit, path) for path in paths)

    def _read(self, place: str, path: str) -> bytes | None:
        return _blob(self.git("cat-file", "--batch", stdin=f"{place}:{names.inside(path)}\n".encode()).out)[0]

    def write_file_commit(self, base: Sha, path: str, content: bytes, message: Public, at: datetime) -> Sha:
        """A commit on `base` that sets one file. Deterministic; nothing is pushed."""
        blob = text(self.git("hash-object", "-w", "--stdin", stdin=content))
        with self.index() as index:
            self.git("read-tree", names.sha(base), env=index)
            entry = f"100644 {blob}\t{names.inside(path)}\0".encode()
            self.git("update-index", "-z", "--add", "--index-info", stdin=entry, env=index)
            tree = Sha(text(self.git("write-tree", env=index)))
        return self.commit_tree(tree, (base,), message, at)

    def one_file_commit(
        self, parents: tuple[Sha, ...], path: str, content: bytes, message: Public, at: datetime
    ) -> Sha:
        """A commit whose tree holds this file and nothing else. Deterministic; no ref points at it yet."""
        blob = text(self.git("hash-object", "-w", "--stdin", stdin=content))
        entry = f"100644 blob {blob}\t{names.inside(path)}\0".encode()
        tree = Sha(text(self.git("mktree", "-z", stdin=entry)))
        return self.commit_tree(tree, parents, message, at)

    def log(self, *revisions: str, grep: str = "", most: int = 20_000) -> tuple[Logged, ...]:
        """Commits of full ref names or shas, newest first; with `grep`, those with such a line in their message.

        `revisions` are ours, never foreign words: git's own options (`--exclude=`, `--glob=`) may stand among them.
        """
        form = "--format=%H%x1f%an%x1f%ae%x1f%B"
        done = self.git("log", "-z", f"-n{most}", form, *([f"--grep={grep}"] if grep else []), *revisions, "--")
        rows = [row.split("\x1f", 3) for row in done.out.decode("utf-8", "replace").split("\0") if row]
        return tuple(Logged(sha=Sha(r[0].strip()), author=r[1], email=r[2], message=r[3]) for r in rows if len(r) == 4)

    def paths(self, sha: Sha) -> tuple[str, ...]:
        """Every file of a commit or tree. Raises GitError."""
        return tuple(p for p in self._listed(names.sha(sha)).split("\0") if p)

    def several(
        self, sha: Sha, wanted: Callable[[str], bool], *, most: int, largest: int, total: int
    ) -> tuple[bytes, ...]:
        """Contents of the files whose path is wanted, in order, within bounds; larger ones are left out."""
        rows = self.git("ls-tree", "-r", "-z", "-l", names.sha(sha)).out.decode("utf-8", "surrogateescape").split("\0")
        found = []
        for head, _, path in (row.partition("\t") for row in rows if row):
            _, kind, blob, size = head.split()
            if kind == "blob" and int(size) <= min(largest, total) and wanted(path):
                total -= int(size)
                found.append(Sha(blob))
        return tuple(blobs.contents(self.git, found[:most]))

    def composed(
        self, tree: Sha, base: Sha, *, restore: Iterable[str], remove: Iterable[str], write: Mapping[str, str]
    ) -> Sha:
        """`tree` with some paths as they stand in `base`, some taken out, and some with a text of ours. Raises GitError
        where that is no tree (a file in a folder's place that something else stands in)."""
        theirs = {row.path: row for row in blobs.raw(self.git, tree, base)}
        gone = [*remove, *write]
        lines = []
        for path in restore:
            there = theirs[path]
            gone += [path, *list(_prefixes(path))[:-1]]  # a file may stand where its folder was
            lines += [] if there.status.startswith("D") else [f"{there.new_mode} {there.new}\t{path}\0"]
        for path, content in write.items():
            blob = text(self.git("hash-object", "-w", "--stdin", stdin=content.encode("utf-8", "surrogateescape")))
            lines.append(f"100644 {blob}\t{names.inside(path)}\0")
        entries = "".join([*(f"0 {'0' * len(tree)}\t{path}\0" for path in dict.fromkeys(gone)), *lines])
        with self.index() as index:
            self.git("read-tree", names.sha(tree), env=index)
            self.git(
                "update-index", "-z", "--add", "--index-info",
                stdin=entries.encode("utf-8", "surrogateescape"), env=index,
            )  # fmt: skip
            return Sha(text(self.git("write-tree", env=index)))

    @contextmanager
    def index(self) -> Iterator[dict[str, str]]:
        """The environment that names an index of our own, for a moment."""
        with tempfile.TemporaryDirectory(prefix=f"{self.key}.index-", dir=self.root) as folder:
            yield {"GIT_INDEX_FILE": str(Path(folder) / "index")}

    def check_out(self, sha: Sha, into: Path, index: Path) -> None:
        """Fills an empty folder with a tree, with an index of ours. No filter, hook or attribute driver can run."""
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(into)}
        self.git("read-tree", "-m", "-u", names.sha(sha), env=env, cwd=into, timeout=900)


def _parse_changes(out: str) -> tuple[tuple[FileChange, ...], dict[str, Sha]]:
    """`:old new osha nsha S NUL path NUL`, then `added TAB deleted TAB path NUL` (git-diff-tree(1))."""
    rows = iter(out.split("\0"))
    found: dict[str, FileChange] = {}
    blobs: dict[str, Sha] = {}
    for row in rows:
        if row.startswith(":"):
            old, new, _, blob, status = row[1:].split(" ")
            path = next(rows)
            blobs[path] = Sha(blob)
            found[path] = FileChange(path=path, status=status[0], old_mode=old, new_mode=new)
        elif row:
            added, deleted, path = row.split("\t", 2)
            counts = [int(n) if n.isdigit() else 0 for n in (added, deleted)]
            found[path] = replace(found[path], added=counts[0], deleted=counts[1])
    return tuple(found.values()), blobs


def _blob(out: bytes) -> tuple[bytes | None, bytes]:
    """What `cat-file --batch` says first, None for anything but a file; and what it says after that."""
    head, _, rest = out.partition(b"\n")
    fields = head.rsplit(b" ", 2)
    if len(fields) != 3 or not fields[2].isdigit():
        return None, rest
    size = int(fields[2])
    return (rest[:size] if fields[1] == b"blob" else None), rest[size + 1 :]


def _prefixes(path: str) -> Iterator[str]:
    return itertools.accumulate(path.split("/"), lambda a, b: f"{a}/{b}")


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _resembles(path: str, spelt: dict[str, set[str]]) -> bool:
    return any(names_ - {p} for p in _prefixes(path) if (names_ := spelt.get(_fold(p))))


def missing(sha: str) -> GitError:
    return GitError("git object", None, f"{sha} is not in the mirror; fetch first")
