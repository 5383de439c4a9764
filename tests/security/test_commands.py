"""A repository's own command runs what an agent wrote: it gets the agent's box, and nothing of ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import sandbox, wiring
from orchestrator.git import Repository
from orchestrator.model.confinement import Level, Probe, Sandbox
from orchestrator.model.gate import CommandRun
from orchestrator.model.names import RepoName
from orchestrator.model.settings import GitHubSettings, RepoSettings, Settings
from orchestrator.pipeline import commands
from orchestrator.services import Services
from tests.rooms.gitting import sh


class Place:
    """A remote with one commit, and services that know it."""

    def __init__(self, root: Path, **repo: object) -> None:
        self.root = root
        (root / "work").mkdir()
        (root / "work/calc.py").write_text("x = 1\n")
        sh(root / "work", "init", "-q", "-b", "main")
        sh(root / "work", "add", "-A")
        sh(root / "work", "commit", "-q", "-m", "base")
        self.repo = RepoSettings(key="app", name=RepoName("ada/app"), project="main", clone_url=str(root / "work"))
        self.repo = replace(self.repo, readable=(sys.prefix, sys.base_prefix), **repo)  # type: ignore[arg-type]
        settings = Settings(
            root=root, runtime=root / "runtime", worktrees=root / "worktrees", config_file=root / "config.yaml",
            github=GitHubSettings(api_url="http://127.0.0.1:9"), repos=(self.repo,),
        )  # fmt: skip
        env = {"PATH": os.environ["PATH"], "HOME": str(root)}
        self.services: Services = wiring.build(settings, env, kind="test", id="story")
        self.repository: Repository = self.services.repository(self.repo)
        self.repository.fetch()

    def commit(self, path: str, text: str | None, *, link: str = "") -> None:
        """One file more, or less, on the base branch."""
        file = self.root / "work" / path
        if text is None:
            file.unlink()
            if path.count("/"):
                file.parent.rmdir()
        else:
            file.parent.mkdir(exist_ok=True)
            file.symlink_to(link) if link else file.write_text(text)
        sh(self.root / "work", "add", "-A")
        sh(self.root / "work", "commit", "-q", "-m", path)
        self.repository.fetch()

    def run(self, command: str) -> CommandRun:
        return self._how(commands.run, command)

    def kept(self, command: str) -> CommandRun:
        return self._how(commands.kept, command)

    def _how(self, how: object, command: str) -> CommandRun:
        head = self.repository.head("main")
        assert head is not None
        assert callable(how)
        found = how(self.services, self.repo, self.repository, head, command)
        assert isinstance(found, CommandRun)
        return found


def attempts(root: Path, port: int) -> str:
    """A command that tries every way, and says which went through."""
    reach = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    return (
        f"cat {root}/home/.ssh/id && echo READ; echo x > {root}/planted; "
        f'{sys.executable} -I -c "{reach}" && echo REACHED; cat {root}/runtime/ledger/key && echo LEDGER; '
        "test -e /proc/1/environ && tr '\\0' '\\n' < /proc/1/environ; exit 0"
    )


@pytest.mark.parametrize(("asked", "through"), [(Sandbox.REQUIRED, set()), (Sandbox.OFF, {"READ", "WROTE", "REACHED"})])
def test_a_command_in_the_box_reads_writes_and_reaches_nothing_of_ours(
    tmp_path: Path, bubblewrap: Level, asked: Sandbox, through: set[str]
) -> None:
    place = Place(tmp_path, sandbox=asked)
    (tmp_path / "home/.ssh").mkdir(parents=True)
    (tmp_path / "home/.ssh/id").write_text("a private key\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = place.run(attempts(tmp_path, listener.getsockname()[1]))
    wrote = {"WROTE"} if (tmp_path / "planted").exists() else set()  # /tmp is private in there: only we can tell
    assert {w for w in ("READ", "REACHED", "LEDGER") if w in done.tail.split()} | wrote == through
    assert done.exit == 0
    assert done.sandbox == (bubblewrap.value if asked is Sandbox.REQUIRED else "none")


def test_what_a_command_leaves_behind_is_gone_when_it_has_ended(tmp_path: Path, bubblewrap: Level) -> None:
    place = Place(tmp_path, sandbox=Sandbox.REQUIRED)
    mark = f"{time.time_ns()}"
    done = place.run(
        f"(setsid {sys.executable} -I -c 'import time; time.sleep(60) # {mark}' > /dev/null 2>&1 &); echo left"
    )
    assert (done.exit, done.tail.strip(), done.sandbox) == (0, "left", bubblewrap.value)
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert mark not in running
    assert not list(Path("/tmp").glob(f"agent-os-verify-*/{mark}"))


def test_a_command_has_no_git_directory_of_ours_but_a_throw_away_one(tmp_path: Path, bubblewrap: Level) -> None:
    place = Place(tmp_path, sandbox=Sandbox.REQUIRED)
    before = sorted(p.name for p in place.repository.path.iterdir())
    done = place.run(
        f"git log --oneline | wc -l; ls {place.repository.path}; git remote; git config user.name; rm -rf .git"
    )
    told = done.tail.split()
    assert (told[0], "HEAD" in told, "config" in told) == ("1", False, False)
    assert sorted(p.name for p in place.repository.path.iterdir()) == before


def test_where_a_box_is_required_and_none_holds_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path, sandbox=Sandbox.REQUIRED)
    none = tuple(Probe(level=level, holds=level is Level.NONE, why="taken away by a test") for level in Level)
    monkeypatch.setattr(sandbox, "probe", lambda kept=None: none)
    done = place.kept(f"touch {tmp_path}/ran")
    assert (done.exit, (tmp_path / "ran").exists(), done.sandbox) == (None, False, "")
    assert "taken away by a test" in done.tail


def test_a_command_ends_at_its_limit_and_its_output_is_bounded(tmp_path: Path) -> None:
    place = Place(tmp_path, sandbox=Sandbox.OFF, verify_minutes=0.02)
    began = time.monotonic()
    done = place.run("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert (done.exit, len(done.tail) <= commands.TAIL) == (None, True)
    assert time.monotonic() - began < 30


def test_a_run_that_ended_well_is_not_paid_twice_and_one_that_failed_is_run_again(tmp_path: Path) -> None:
    place = Place(tmp_path, sandbox=Sandbox.OFF)
    ran = tmp_path / "ran"
    for command in (f"echo good >> {ran}", f"echo bad >> {ran}; exit 1"):
        first, second = place.kept(command), place.kept(command)
        assert first.exit == second.exit
    assert ran.read_text().split() == ["good", "bad", "bad"]


def test_a_report_is_read_where_it_is_a_plain_file_of_the_checkout(tmp_path: Path) -> None:
    report = "<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>"
    (tmp_path / "forged.xml").write_text(report)
    gate = RepoSettings(key="a", name=RepoName("a/b"), project="", clone_url="").gate
    place = Place(tmp_path, sandbox=Sandbox.OFF, gate=replace(gate, test_report="out/report.xml"))
    plain = place.run(f'mkdir out; echo "{report}" > out/report.xml')
    assert plain.counts is not None
    assert (plain.counts.passed, plain.counts.skipped) == (1, 1)
    tricks = (
        f"mkdir out; ln -s {tmp_path}/forged.xml out/report.xml",
        f"ln -s {tmp_path} out; cp out/forged.xml out/report.xml",
        "mkdir -p out/report.xml",
        "mkdir out; mkfifo out/report.xml",
    )
    place.commit("out/report.xml", report)  # with the commit: no run of ours wrote it
    assert place.run("true").counts is None
    place.commit("out/report.xml", None)
    place.commit("out", "", link=str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside/report.xml").write_text(report)
    assert place.run("true").counts is None
    assert (tmp_path / "aside/report.xml").exists()
    place.commit("out", None)
    for trick in tricks:
        assert place.run(trick).counts is None, trick


ASK = """
import os, socket, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
for target in sys.argv[1:]:
    with socket.create_connection((proxy.hostname, proxy.port), 5) as way:
        way.sendall(f"CONNECT {target} HTTP/1.1\\r\\nHost: {target}\\r\\n\\r\\n".encode())
        print(target.split(":")[1], way.recv(100).split()[1].decode())
"""


def test_the_hosts_of_the_repository_are_reached_through_the_proxy_and_no_other(
    tmp_path: Path, bubblewrap: Level
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listed, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [each.getsockname()[1] for each in (listed, other)]
        place = Place(tmp_path, sandbox=Sandbox.REQUIRED, hosts=(f"127.0.0.1:{ports[0]}",))
        place.commit("ask.py", ASK)
        done = place.run(f"{sys.executable} -I ask.py 127.0.0.1:{ports[0]} 127.0.0.1:{ports[1]}")
    assert done.tail.split() == [str(ports[0]), "200", str(ports[1]), "403"]
    assert done.sandbox == bubblewrap.value


def test_the_programs_that_the_command_names_are_there_wherever_they_are_installed(
    tmp_path: Path, bubblewrap: Level
) -> None:
    tools = tmp_path / "tools" / "bin"
    tools.mkdir(parents=True)
    (tools / "lint").write_text("#!/bin/sh\necho linted\n")
    (tools / "lint").chmod(0o755)
    (tmp_path / "tools" / "secret").write_text("not a part of it")
    place = Place(tmp_path, sandbox=Sandbox.REQUIRED)
    place.repo = replace(place.repo, readable=())
    done = place.run(
        f"{tools}/lint && {sys.executable} -c 'import pytest; print(pytest.__name__)'; cat {tmp_path}/tools/secret"
    )
    assert [line.split(":")[0] for line in done.tail.splitlines()] == ["linted", "pytest", "cat"]
    assert done.sandbox == bubblewrap.value
