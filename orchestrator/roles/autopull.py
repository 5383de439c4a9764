"""This installation updates itself: tried beside, switched when idle, taken back when a tick fails (DECISIONS D15).

Wanted: the program that runs is always one that passed its own check here, and a version that breaks is gone within
minutes without a person. So a new version is set up and checked in a checkout of its own first; the switch is a
fast-forward while no worker and no other tick runs; the version before stays recorded as `good` until every role has
ticked well on the new one. A version that was taken back is not tried again. When the new version is too broken even to
run this role, bin/run_autopull.sh takes it back from the same record (`runtime/state/autopull.json`, a key per line).
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator import disk, process
from orchestrator.model.event import EventKind
from orchestrator.model.settings import Autopull
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import pool
from orchestrator.roles.base import Ticked
from orchestrator.services import Services
from orchestrator.state import locks

EVERY = "* * * * *"
REMOTE = "origin"
AGAIN = timedelta(hours=6)
"""A version that failed beside, perhaps for lack of network, is tried again after this."""
SETUP_SECONDS = 900.0
CHECK_SECONDS = 120.0
_NEVER = "9999-12-31T00:00:00Z"
_SHA = re.compile(r"[0-9a-f]{40,64}")

Run = Callable[..., process.Finished]


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """The checkout stands on a new version, watched from now on."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Nothing was changed."""

    why: str
    failed: str = ""
    """The version that did not pass beside; empty = there was nothing wrong."""


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """The version before stands again."""

    bad: str
    good: str
    why: str


class CorruptRecord(Exception):
    """runtime/state/autopull.json does not hold what we write. Look at it, then remove it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of versions; written before anything is switched."""

    good: str = ""
    """The version to go back to."""
    watched: str = ""
    """The new one, until every role has ticked well on it."""
    at: str = ""
    """When it was switched to."""
    failing: tuple[str, ...] = ()
    """Roles whose last tick failed already before the switch: their failures prove nothing."""
    refused: tuple[tuple[str, str], ...] = ()
    """(version, not before this time)."""


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """One look for a newer version. Off by default."""
    mode = services.settings.autopull
    if mode is Autopull.OFF or dry_run:
        return Ticked(settled=mode is Autopull.OFF)
    got = pull(
        services.settings.root,
        mode,
        workers_running=lambda: bool(pool.workers(services)),
        now=services.now(),
        config=services.settings.config_file,
    )
    if isinstance(got, Skipped) and not got.failed:
        return Ticked()
    services.record(EventKind.AUTOPULL, what=type(got).__name__, **asdict(got))
    return Ticked(did=(_words(got),))


def pull(
    root: Path,
    mode: Autopull,
    *,
    workers_running: Callable[[], bool],
    now: datetime,
    config: Path | None = None,
    run: Run = process.run,
) -> Pulled | Skipped | RolledBack:
    """One step for the checkout at `root`: take back, go on watching, or try and switch to a newer version.

    Raises CorruptRecord, process.CannotStart (no git).
    """
    if mode is Autopull.OFF:
        return Skipped(why="off")
    checkout = _Checkout(root=root, config=config or root / "config.yaml", run=run)
    record = _load(checkout.record)
    head = checkout.git("rev-parse", "HEAD")
    if record.watched and record.watched == head:
        return _watch(checkout, record)
    if record.watched:  # the script took it back, or we died before the switch
        record = _refuse(record, record.watched, _NEVER)
    record = replace(record, good=head, watched="", at="", failing=())
    if record != _load(checkout.record):
        _save(checkout.record, record)
    if checkout.git("status", "--porcelain", "--untracked-files=no"):
        return Skipped(why="tracked files were changed by hand")
    target = _newest(checkout, mode)
    if target in ("", head):
        return Skipped(why="no newer version")
    if any(sha == target and now < parse(until) for sha, until in record.refused):
        return Skipped(why=f"{target[:12]} failed here before")
    if not checkout.ok("merge-base", "--is-ancestor", head, target):
        return Skipped(why=f"{target[:12]} does not follow from {head[:12]}: fast-forward only")
    if workers_running():
        return Skipped(why="workers are running")
    if why := _try_beside(checkout, target):
        _save(checkout.record, _refuse(record, target, stamp(now + AGAIN)))
        return Skipped(why=f"{target[:12]} failed beside: {why}", failed=target)
    return _switch(checkout, record, target, workers_running, now)


def _switch(
    checkout: _Checkout, record: Record, target: str, workers_running: Callable[[], bool], now: datetime
) -> Pulled | Skipped | RolledBack:
    with _alone(checkout.runtime) as alone:
        if not alone or workers_running():
            return Skipped(why="a tick or a worker is running")
        failing = tuple(role for role, (status, _) in _ticks(checkout.runtime).items() if status)
        record = replace(record, watched=target, at=stamp(now), failing=failing)
        _save(checkout.record, record)
        if not checkout.ok("merge", "-q", "--ff-only", target):
            _save(checkout.record, replace(record, watched="", at="", failing=()))
            return Skipped(why=f"git would not fast-forward to {target[:12]}")
        if why := checkout.program(["bin/setup"], checkout.root, SETUP_SECONDS):
            return _take_back(checkout, record, why)
    return Pulled(old=record.good, new=target)


def _watch(checkout: _Checkout, record: Record) -> Skipped | RolledBack:
    """Judges the watched version by how the roles ticked since the switch."""
    switched = parse(record.at)
    fresh = {role: status for role, (status, at) in _ticks(checkout.runtime).items() if at > switched}
    bad = sorted(role for role, status in fresh.items() if status and role not in record.failing)
    if bad:
        return _take_back(checkout, record, f"the tick of {', '.join(bad)} failed")
    waiting = sorted(set(_ticks(checkout.runtime)) - set(fresh) - {"autopull"})
    if waiting or not fresh:
        return Skipped(why=f"watching {record.watched[:12]} until {', '.join(waiting) or 'a role'} has ticked")
    _save(checkout.record, replace(record, good=record.watched, watched="", at="", failing=()))
    return Skipped(why=f"{record.watched[:12]} is good")


def _take_back(checkout: _Checkout, record: Record, why: str) -> RolledBack:
    """Also while workers run: they survive it, a program whose ticks fail does not help them."""
    checkout.git("reset", "-q", "--keep", record.good)
    checkout.program(["bin/setup"], checkout.root, SETUP_SECONDS)
    _save(checkout.record, _refuse(replace(record, watched="", at="", failing=()), record.watched, _NEVER))
    return RolledBack(bad=record.watched, good=record.good, why=why)


def _newest(checkout: _Checkout, mode: Autopull) -> str:
    """The commit of the remote's main, or of its highest version tag; empty = none, or the remote cannot be reached."""
    if not checkout.ok("fetch", "-q", "--tags", REMOTE):
        return ""
    if mode is Autopull.MAIN:
        return checkout.git("rev-parse", "--verify", "-q", f"refs/remotes/{REMOTE}/main^{{commit}}")
    tags = checkout.git("tag", "--list", "v[0-9]*", "--sort=-v:refname").split()
    stable = [t for t in tags if re.fullmatch(r"v\d+(\.\d+)*", t)]
    return checkout.git("rev-parse", "--verify", "-q", f"refs/tags/{stable[0]}^{{commit}}") if stable else ""


def _try_beside(checkout: _Checkout, target: str) -> str:
    """Sets the version up in a checkout of its own and lets it check itself on our configuration. Empty = it passed."""
    staging = checkout.runtime / "staging"
    _drop(checkout, staging)
    if not checkout.ok("worktree", "add", "-q", "--force", "--detach", str(staging), target):
        return "git could not make the staging checkout"
    try:
        python = str(staging / ".venv" / "bin" / "python")
        steps = (
            (["bin/setup"], SETUP_SECONDS),
            ([python, "-m", "orchestrator", "check-config", "--no-objectives"], CHECK_SECONDS),
            ([python, "-m", "orchestrator", "doctor", "--quick"], CHECK_SECONDS),
            ([python, "-m", "orchestrator", "status", "--json"], CHECK_SECONDS),
        )
        return next((why for argv, limit in steps if (why := checkout.program(argv, staging, limit))), "")
    finally:
        _drop(checkout, staging)


def _drop(checkout: _Checkout, staging: Path) -> None:
    if staging.exists():
        shutil.rmtree(staging)
    checkout.ok("worktree", "prune")


@contextlib.contextmanager
def _alone(runtime: Path) -> Iterator[bool]:
    """Holds off the ticks of the other roles (the locks of bin/_role.sh) so that none starts on half a version."""
    with contextlib.ExitStack() as held:
        mine = True
        for path in sorted((runtime / "state" / "locks").glob("cron-*.lock")):
            if path.name != "cron-autopull.lock":
                mine = mine and held.enter_context(locks.hold(path))
        yield mine


def _ticks(runtime: Path) -> dict[str, tuple[int, datetime]]:
    """Exit status and end of each role's last tick, as bin/_role.sh wrote them; half-written ones are left out."""
    found = {}
    for path in sorted((runtime / "state" / "ticks").glob("*")):
        with contextlib.suppress(ValueError):
            status, at = path.read_text().split()
            found[path.name] = (int(status), parse(at))
    return found


@dataclass(frozen=True, kw_only=True)
class _Checkout:
    root: Path
    config: Path
    run: Run

    @property
    def runtime(self) -> Path:
        return self.root / "runtime"

    @property
    def record(self) -> Path:
        return self.runtime / "state" / "autopull.json"

    def git(self, *args: str) -> str:
        """What it prints; empty when it fails."""
        done = self._git(args)
        return done.out.decode("utf-8", "replace").strip() if done.exit == 0 else ""

    def ok(self, *args: str) -> bool:
        return self._git(args).exit == 0

    def _git(self, args: tuple[str, ...]) -> process.Finished:
        env = process.clean_env({"GIT_TERMINAL_PROMPT": "0"}, keep=("SSH_AUTH_SOCK", "XDG_CONFIG_HOME"))
        return self.run(["git", *args], cwd=self.root, env=env, timeout=CHECK_SECONDS)

    def program(self, argv: list[str], where: Path, limit: float) -> str:
        """Why it failed, with the end of what it said; empty = exit 0."""
        extra = {"ORCH_ROOT": str(self.root), "AGENT_OS_CONFIG": str(self.config)}
        env = process.clean_env(extra, keep=("GITHUB_TOKEN", "GH_TOKEN", "AGENT_OS_PYTHON", "AGENT_OS_CLOCK"))
        try:
            argv = [str(where / argv[0]), *argv[1:]] if not argv[0].startswith("/") else argv
            done = self.run(argv, cwd=where, env=env, timeout=limit)
        except process.CannotStart as error:
            return f"{Path(argv[0]).name} cannot start ({error})"
        if done.exit == 0:
            return ""
        said = (done.err or done.out).decode("utf-8", "replace").strip()[-400:]
        ended = "took too long" if done.timed_out else f"exit {done.exit}"
        return " ".join([Path(argv[0]).name, *argv[1:], f"({ended}):", said]).strip()


def _refuse(record: Record, sha: str, until: str) -> Record:
    others = tuple(r for r in record.refused if r[0] != sha)
    return replace(record, refused=(*others, (sha, until))[-20:])


def _load(path: Path) -> Record:
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return Record()
    except ValueError as error:
        raise CorruptRecord(f"{path.name}: {error}") from None
    try:
        refused = tuple((str(sha), stamp(parse(until))) for sha, until in data["refused"])
        at = stamp(parse(data["at"])) if data["at"] else ""
        good, watched = (str(data[k]) for k in ("good", "watched"))
        if any(sha and not _SHA.fullmatch(sha) for sha in (good, watched)) or bool(watched) != bool(at):
            raise ValueError("good and watched must be commits")
        return Record(good=good, watched=watched, at=at, failing=tuple(map(str, data["failing"])), refused=refused)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptRecord(f"{path.name}: {error}") from None


def _save(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, (json.dumps(asdict(record), indent=1) + "\n").encode())


def _words(got: Pulled | Skipped | RolledBack) -> str:
    match got:
        case Pulled(old=old, new=new):
            return f"updated from {old[:12]} to {new[:12]}"
        case RolledBack(bad=bad, good=good, why=why):
            return f"took back {good[:12]} from {bad[:12]}: {why}"
        case Skipped(why=why):
            return why
