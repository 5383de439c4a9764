"""A repository's own command, run by us on a clean checkout: in the box its agents have, with time and output limits.

What is checked out was written by an agent, so the command is as foreign as the agent is: it gets its own HOME, no
variable and no token of ours, the registries and the repository's hosts as its only way out, and whatever it started is
gone afterwards. It may write in its checkout, which is thrown away.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator import agents, disk, output, process, sandbox
from orchestrator.git import Repository
from orchestrator.model.confinement import Level
from orchestrator.model.gate import CommandRun
from orchestrator.model.names import Sha
from orchestrator.model.settings import RepoSettings
from orchestrator.policy import counts
from orchestrator.sandbox import egress
from orchestrator.services import Services

TAIL = 4_000
"""Characters of a command's output that are kept."""
OUTPUT = 200_000
"""Bytes of output that are looked at for counts; the middle of more is left out."""
REPORT = 8_000_000
"""Bytes of a test report that are read; a larger one is none."""
SHELL = "/bin/sh"
MOST_PROGRAMS = 20
GLANCE = 2.0
"""Seconds between two looks at what a command takes up."""


def run(services: Services, repo: RepoSettings, repository: Repository, sha: Sha, command: str) -> CommandRun:
    """The command over a checkout of a commit (a bare tree gets no `.git`). Raises GitError when it is not here.

    `exit` is None where it did not end by itself or could not start; `tail` then says why.
    """
    confine = agents.confinement(repo, services.settings.runtime, readable=(repository.path / "objects",))
    if isinstance(confine, str):
        return CommandRun(command=command, exit=None, seconds=0.0, tail=confine)
    with _scratch() as scratch:
        checkout, home = scratch / "checkout", scratch / "home"
        (home / "tmp").mkdir(parents=True)
        repository.export(sha, checkout)
        if repo.gate.test_report:
            _drop_inside(checkout, repo.gate.test_report)  # one that came with the commit tells of no run of ours
        try:
            done, said = _run(confine, scratch, command, repo.verify_minutes * 60)
        except process.CannotStart as error:
            done, said = CommandRun(command=command, exit=None, seconds=0.0), f"it cannot start: {error}"
        report = read_inside(checkout, repo.gate.test_report) if repo.gate.test_report else None
    found = counts.of(said, report)
    if found is not None:
        found = replace(found, failures=tuple(str(services.redact.head(name, 200)) for name in found.failures))
    return replace(done, tail=str(services.redact.tail(said, TAIL)), counts=found, sandbox=confine.level.value)


def kept(services: Services, repo: RepoSettings, repository: Repository, sha: Sha, command: str) -> CommandRun:
    """As `run`; but what ended well over the same files, in the same kind of box, is not run again."""
    tree = repository.tree_of(sha)
    confine = agents.confinement(repo, services.settings.runtime)
    if tree is None or isinstance(confine, str):
        return run(services, repo, repository, sha, command)
    how = f"{confine.level.value} {repo.gate.test_report}"
    found = services.verdicts.run(tree, command, how)
    if found is None:
        found = run(services, repo, repository, sha, command)
        services.verdicts.keep_run(tree, how, found)
    return found


def _run(confine: agents.Confinement, scratch: Path, command: str, limit: float) -> tuple[CommandRun, str]:
    """The run without its words, and what it printed."""
    checkout, home = scratch / "checkout", scratch / "home"
    kept = output.Kept(OUTPUT)
    with _way_out(confine, scratch / "http.jsonl") as way_out:
        proxy = way_out.proxy_url if way_out else ""
        wish = _wish(confine, command, checkout, home, proxy)
        box = sandbox.box(confine.level, wish, way_out.control if way_out else -1)
        with contextlib.closing(box):
            done = process.stream(
                box.wrap((SHELL, "-c", command)),
                cwd=checkout,
                env=_environment(home, proxy),
                on_line=lambda line: kept.add(line.encode("utf-8", "replace") + b"\n"),
                wall_seconds=limit,
                silence_seconds=limit,
                stop=_now_and_then(box.meter.over),
                pass_fds=box.pass_fds,
                started=box.meter.begin,
                interrupt=box.interrupt if confine.level is not Level.NONE else None,
            )
            starved = box.meter.end()
    why = done.why_killed or (starved if done.exit else "")
    said = kept.text().decode("utf-8", "replace")
    if why and why != "wall":
        said += f"[ended by us: over its limit of {why}]\n"
    exit = None if why else done.exit
    return CommandRun(command=command, exit=exit, seconds=round(done.seconds, 2)), said


def _now_and_then(ask: Callable[[], str]) -> Callable[[], str]:
    """A look costs something, and a program that prints much would be looked at with every line."""
    asked = time.monotonic()

    def stop() -> str:
        nonlocal asked
        if time.monotonic() - asked < GLANCE:
            return ""
        asked = time.monotonic()
        return ask()

    return stop


@contextlib.contextmanager
def _way_out(confine: agents.Confinement, record: Path) -> Iterator[egress.Egress | None]:
    """Registries and the repository's hosts, as its agents have them; no provider, no key."""
    if not confine.egress:
        yield None
        return
    rules = egress.Rules(record=record, hosts=confine.hosts)
    with egress.serve(rules, inside=confine.level is Level.BUBBLEWRAP) as way_out:
        yield way_out


def _wish(confine: agents.Confinement, command: str, checkout: Path, home: Path, proxy: str) -> sandbox.Wish:
    port = urlsplit(proxy).port if proxy else None
    return sandbox.Wish(
        workspace=checkout,
        home=home,
        program=SHELL,
        scripts=programs(command),
        readable=confine.readable,
        ports=(port,) if port else (),
    )


def programs(command: str) -> tuple[str, ...]:
    """Programs that the configured command names: what each is installed with is readable in its box. Scripts of the
    repository that name others are not asked: those words are an agent's."""
    words = dict.fromkeys(re.findall(r"[\w./+-]+", command))
    return tuple(path for word in words if (path := shutil.which(word)) and os.path.isabs(path))[:MOST_PROGRAMS]


def _environment(home: Path, proxy: str) -> dict[str, str]:
    own = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "CI": "true", "GIT_CONFIG_NOSYSTEM": "1"}
    return process.clean_env({**own, **(egress.variables(proxy) if proxy else {})})


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for one run, gone afterwards whatever the command made of it."""
    folder = Path(tempfile.mkdtemp(prefix="agent-os-verify-"))
    try:
        yield folder.resolve()
    finally:
        disk.remove_tree(folder)


def read_inside(folder: Path, name: str) -> bytes | None:
    """A file that the command may have written; None for anything but a plain, small one that stands inside."""
    with contextlib.suppress(OSError, ValueError), _way_down(folder, name) as (at, last):
        number = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        try:
            told = os.fstat(number)
            if not stat.S_ISREG(told.st_mode) or told.st_size > REPORT:
                return None
            with open(number, "rb", closefd=False) as file:
                return file.read(REPORT)
        finally:
            os.close(number)
    return None


def _drop_inside(folder: Path, name: str) -> None:
    with contextlib.suppress(OSError, ValueError), _way_down(folder, name) as (at, last):
        os.unlink(last, dir_fd=at)


@contextlib.contextmanager
def _way_down(folder: Path, name: str) -> Iterator[tuple[int, str]]:
    """A descriptor of the file's folder, and its last name. No link is followed on the way: it would lead to files of
    ours. Raises OSError, and ValueError for no name."""
    *parents, last = (part for part in name.split("/") if part not in ("", "."))
    with contextlib.ExitStack() as held:
        at = -1
        for part in (str(folder), *parents):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            at = os.open(part, flags) if at < 0 else os.open(part, flags, dir_fd=at)
            held.callback(os.close, at)
        yield at, last
