"""The bare mirror of one remote: what we know of it, fetched with as few questions as possible.

`refs/heads/*` of the mirror are the remote's, pruned; everything of ours stands under `refs/agent-os/`, which no fetch
touches. Objects are never collected by git itself (`gc.auto=0`): workspaces borrow them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orchestrator.git import names
from orchestrator.git.run import GitError, GitUnreachable, Runner, text
from orchestrator.model.names import Sha
from orchestrator.model.times import parse, stamp

FETCH_TIMEOUT = 900.0
HEAD_SECONDS = 600.0
"""How long the remote's choice of default branch is taken as known."""
_HEADS = "+refs/heads/*:refs/heads/*"


@dataclass(frozen=True, kw_only=True)
class Mirror:
    key: str
    url: str
    root: Path
    worktrees: Path
    git: Runner

    @property
    def path(self) -> Path:
        return self.git.mirror

    def fetch(self, *branches: str, max_age: float = 0.0) -> None:
        """Brings the mirror up to date: the named branches, or all heads. Makes it on first use.

        With `max_age` (seconds), a fetch of all heads that recent is as good. A branch the remote no longer has is
        dropped. Raises GitError, GitUnreachable.
        """
        if not (self.path / "HEAD").exists():
            self._make()
            return
        if not branches and max_age and self._age("agent-os-fetched") < max_age:
            return
        try:
            self._fetch(branches)
        except GitUnreachable:
            raise
        except GitError:
            if self._sound():
                raise
            self._make(replace=True)

    def _fetch(self, branches: tuple[str, ...]) -> None:
        specs = [f"+refs/heads/{names.branch(b)}:refs/heads/{b}" for b in branches] or ["--prune", _HEADS]
        options = [s for s in specs if s.startswith("--")]
        heads = [s for s in specs if not s.startswith("--")]
        command = [
            "fetch",
            "-q",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-gc",
            *options,
            "--",
            self.url,
            *heads,
        ]
        for left in (2, 1, 0):
            try:
                self.git(*command, network=True, timeout=FETCH_TIMEOUT)
                break
            except GitError as error:
                gone = [b for b in branches if f"couldn't find remote ref refs/heads/{b}" in error.stderr]
                if gone:
                    self._forget(gone[0])
                    if rest := tuple(b for b in branches if b not in gone):
                        self._fetch(rest)
                    return
                # another worker fetches the same refs: its result is ours too, but ours must be seen to succeed
                if not left or ("cannot lock ref" not in error.stderr and "Unable to create" not in error.stderr):
                    raise
                time.sleep(0.1)
        if not branches:
            self._note("agent-os-fetched")

    def default_branch(self, *, ask: bool = False) -> str:
        """The remote's own choice (its HEAD), as last told, or asked now. Raises GitError for an empty repository,
        GitUnreachable."""
        if not (self.path / "HEAD").exists():
            self._make()
        named = (self.path / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")
        if not ask and self._age("agent-os-head") < HEAD_SECONDS:
            return named
        return self._ask_head()

    def _ask_head(self) -> str:
        said = text(self.git("ls-remote", "--symref", "--", self.url, "HEAD", network=True, timeout=120))
        found = [line.split("\t")[0] for line in said.splitlines() if line.startswith("ref: refs/heads/")]
        if not found:
            raise GitError("default branch", None, "the remote has no default branch: it is empty")
        (self.path / "HEAD").write_text(found[0] + "\n")
        self._note("agent-os-head")
        return names.branch(found[0].removeprefix("ref: refs/heads/"))

    def head(self, branch: str) -> Sha | None:
        """The branch as last fetched or pushed. Asks no network."""
        return self.resolve(f"refs/heads/{names.branch(branch)}")

    def resolve(self, ref: str) -> Sha | None:
        """The object a full ref name of ours points at."""
        if not (self.path / "HEAD").exists():
            return None
        done = self.git("rev-parse", "-q", "--verify", "--end-of-options", ref, accept=(0, 1, 128))
        return Sha(text(done)) if done.exit == 0 else None

    def remote_head(self, branch: str) -> Sha | None:
        """The branch as it stands on the remote now. Raises GitError, GitUnreachable; an error is never 'gone'."""
        return self.remote_ref(f"refs/heads/{names.branch(branch)}")

    def remote_ref(self, ref: str) -> Sha | None:
        """As `remote_head`, of a full ref name."""
        if not (self.path / "HEAD").exists():
            self._make()
        lines = text(self.git("ls-remote", "--", self.url, ref, network=True, timeout=120)).splitlines()
        return next((Sha(line.split("\t")[0]) for line in lines if line.endswith("\t" + ref)), None)

    def fetch_refs(self, under: str, into: str) -> dict[str, Sha]:
        """Refs of ours on the remote below `under`, by the rest of their name; fetched to below `into`, where nothing
        else stands afterwards. Raises GitError, GitUnreachable."""
        names.own_ref(f"{under}/x"), names.own_ref(f"{into}/x")
        if not (self.path / "HEAD").exists():
            self._make()
        spec = f"+{under}/*:{into}/*"
        command = ("fetch", "-q", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--", self.url, spec)
        self.git(*command, network=True, timeout=FETCH_TIMEOUT)
        form = "--format=%(objectname) %(refname)"
        rows = [row.split(" ", 1) for row in text(self.git("for-each-ref", form, f"{into}/")).splitlines()]
        return {name.removeprefix(f"{into}/"): Sha(sha) for sha, name in rows}

    def has(self, sha: str) -> bool:
        """Is the object here? False also for what is no object name."""
        try:
            name = names.sha(sha)
        except ValueError:
            return False
        ask = self.git.facts.ask
        return bool(ask(("has", name), lambda: self.git("cat-file", "-e", name, accept=(0, 1, 128)).exit == 0 or None))

    def maintain(self) -> bool:
        """Packs the mirror and drops what nothing points at and is two weeks old; False when there is no mirror.

        Safe beside workers: what a workspace borrows hangs on a ref of ours or is younger. Raises GitError.
        """
        if not (self.path / "HEAD").exists():
            return False
        with self._lock():
            self.git("gc", "--quiet", "--prune=2.weeks.ago", timeout=3600)
        return True

    def keep(self, ref: str, sha: Sha) -> None:
        """Points a ref of the mirror at an object, without asking git: one small file, replaced at once."""
        self._write(self.path / ref, f"{names.sha(sha)}\n")

    def _forget(self, branch: str) -> None:
        self.git("update-ref", "-d", f"refs/heads/{branch}")

    def _make(self, *, replace: bool = False) -> None:
        """A whole mirror or none: made aside, then renamed. What was broken is kept beside it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock():
            self.git.facts.forget()
            if replace and self.path.exists():
                self.path.rename(Path(tempfile.mkdtemp(prefix=f"{self.key}.broken-", dir=self.root)) / "mirror.git")
            if (self.path / "HEAD").exists():
                return
            shutil.rmtree(self.path, ignore_errors=True)
            aside = Path(tempfile.mkdtemp(prefix=f"{self.key}.new-", dir=self.root))
            try:
                fresh = Mirror(
                    key=self.key,
                    url=self.url,
                    root=self.root,
                    worktrees=self.worktrees,
                    git=Runner(mirror=aside, url=self.url, clock=self.git.clock, credentials=self.git.credentials),
                )
                fresh.git("init", "-q", "--bare", "--template=", str(aside), env={"GIT_DIR": str(aside)})
                fresh._fetch(())
                if any((aside / "refs" / "heads").iterdir()) or (aside / "packed-refs").exists():
                    fresh._ask_head()
                aside.rename(self.path)
            finally:
                shutil.rmtree(aside, ignore_errors=True)

    def _sound(self) -> bool:
        try:
            bare = text(self.git("rev-parse", "--is-bare-repository")) == "true"
            return bare and self.git("fsck", "--connectivity-only", "--no-dangling", timeout=900).exit == 0
        except GitError:
            return False

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Held only while a mirror is made. Never unlinked: a lock file that goes away has two holders."""
        with (self.root / f"{self.key}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _age(self, note: str) -> float:
        """Seconds by our clock since `_note`; endless when never, or when the clock went back."""
        try:
            at = parse((self.path / note).read_text().strip())
        except (OSError, ValueError):
            return float("inf")
        age = (self.git.clock.now() - at) / timedelta(seconds=1)
        return age if age >= 0 else float("inf")

    def _note(self, note: str) -> None:
        self._write(self.path / note, stamp(self.git.clock.now()) + "\n")

    def _write(self, path: Path, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.write_text(content)
        aside.rename(path)
