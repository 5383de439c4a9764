"""Writes to the remote: each with an explicit lease, so that nobody's push is ever overwritten.

A lease without a sha trusts whatever the last fetch saw, and a fetch in the background then lets a person's commit be
overwritten. Ours names the sha we ourselves put there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator import process
from orchestrator.git import names
from orchestrator.git.mirror import Mirror
from orchestrator.git.run import GitError, GitUnreachable, unreachable
from orchestrator.git.trees import KEPT
from orchestrator.git.workspace import Workspaces
from orchestrator.model import cutting
from orchestrator.model.names import Sha

_LEASE = re.compile(r"stale info|cannot lock ref|fetch first|non-fast-forward|remote ref does not exist")


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """The branch stands where we wanted it."""

    sha: Sha | None


@dataclass(frozen=True, kw_only=True)
class LeaseLost:
    """Somebody else moved the branch; nothing was changed."""

    actual: Sha | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The host said no (protection, missing permission); trying again changes nothing."""

    why: str


Answer = Pushed | LeaseLost | Refused


@dataclass(frozen=True, kw_only=True)
class Publishing(Workspaces):
    def push(self, branch: str, sha: Sha, *, expect: Sha | None) -> Answer:
        """Sets a branch of ours, `agent/<id>`; `expect` is what we last put there, None = it must not exist.

        Safe to repeat. Raises Stopped, as all of these do, where nothing is to be pushed; raises GitUnreachable
        when even a look at the remote cannot tell whether it happened.
        """
        return _send(self, _ref(names.own_branch(branch)), names.sha(sha), expect)

    def push_ref(self, ref: str, sha: Sha, *, expect: Sha | None) -> Answer:
        """Points a ref of ours that is no branch (`refs/agent-os/...`) at `sha`. Safe to repeat, as `push` is."""
        return _send(self, names.own_ref(ref), names.sha(sha), expect)

    def push_base(self, branch: str, sha: Sha, *, expect: Sha) -> Answer:
        """Moves the base branch forward by our own commit on top of `expect` (the memory file), never otherwise."""
        if not self.is_ancestor(expect, sha):
            raise ValueError(f"{sha} does not stand on {expect}: a base branch is only moved forward")
        return _send(self, _ref(names.branch(branch)), names.sha(sha), expect)

    def delete_branch(self, branch: str, expect: Sha | None) -> Answer:
        """Removes a branch of ours if it still stands at `expect`; what it held is kept first. Safe to repeat.

        Any error is raised, never taken for 'gone': a branch is only deleted when we know what it holds.
        """
        names.own_branch(branch)
        if expect is None:
            return LeaseLost(actual=self.remote_head(branch))
        if not self.has(expect):
            actual = self.remote_head(branch)
            if actual != expect:
                return Pushed(sha=None) if actual is None else LeaseLost(actual=actual)
            self.fetch(branch)
        self.keep_commit(branch.removeprefix(names.PREFIX), expect)
        answer = _send(self, _ref(branch), None, expect)
        return Pushed(sha=None) if isinstance(answer, LeaseLost) and answer.actual is None else answer

    def kept(self, task_id: str) -> Sha | None:
        """What was kept of a task before something of it was deleted."""
        return self.resolve(f"{KEPT}/{names.key(task_id)}")


def _ref(branch: str) -> str:
    return f"refs/heads/{branch}"


def _send(mirror: Mirror, ref: str, sha: str | None, expect: Sha | None) -> Answer:
    mirror.git.may_push(mirror.url)
    lease = f"--force-with-lease={ref}:{names.sha(expect) if expect else ''}"
    command = ("push", "-q", "--porcelain", "--no-verify", lease, "--", mirror.url, f"{sha or ''}:{ref}")
    try:
        done = mirror.git(*command, accept=(0, 1), network=True, timeout=600)
    except GitUnreachable:
        if mirror.remote_ref(ref) != sha:
            raise
        return _settled(mirror, ref, sha)
    if done.exit == 0:
        return _settled(mirror, ref, sha)
    return _refusal(mirror, ref, sha, done)


def _refusal(mirror: Mirror, ref: str, sha: str | None, done: process.Finished) -> Answer:
    said = done.out.decode("utf-8", "replace")
    words = done.err.decode("utf-8", "replace")
    rejected = [line for line in said.splitlines() if line.startswith("!")]
    reason = rejected[0].split("\t")[-1] if rejected else ""
    if reason.startswith("[rejected]") or _LEASE.search(reason):
        actual = mirror.remote_ref(ref)
        return _settled(mirror, ref, sha) if actual == sha else LeaseLost(actual=actual)
    if reason.startswith("[remote rejected]"):
        return Refused(why=cutting.head(f"{reason}\n{words}".strip(), 2000))
    if mirror.remote_ref(ref) == sha:
        return _settled(mirror, ref, sha)
    raise (GitUnreachable if unreachable(done, words) else GitError)("git push", done.exit, words or said)


def _settled(mirror: Mirror, ref: str, sha: str | None) -> Pushed:
    """The mirror learns what we just did, so that no fetch is needed for it."""
    if sha is None:
        mirror._forget(ref.removeprefix("refs/heads/"))
        return Pushed(sha=None)
    mirror.keep(ref, Sha(sha))
    return Pushed(sha=Sha(sha))
