"""An agent plants code in its workspace. Every verb of ours runs over it; nothing planted ever runs.

Each vector is proven alive first: an ordinary git command in that folder does run it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.git import Conflict, Pushed
from orchestrator.model.names import Sha
from tests.rooms.gitting import AT, ENV, World, make_world, public, sh

HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg"),
    *("commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update"),
    *("post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite"),
    *("fsmonitor-watchman", "post-index-change", "proc-receive", "sendemail-validate"),
)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One planted world: the workspace and the command that betrays an execution."""

    world: World
    ws: Path
    canary: Path

    @property
    def script(self) -> Path:
        path = self.canary.with_name("planted.sh")
        path.write_text(f'#!/bin/sh\necho "$0 $*" >> {shlex.quote(str(self.canary))}\nexec timeout 0.3 cat\n')
        path.chmod(0o755)
        return path

    def config(self, *pairs: tuple[str, str], folder: Path | None = None) -> None:
        for key, value in pairs:
            sh(folder or self.ws, "config", "--add", key, value)

    def attributes(self, line: str) -> None:
        (self.ws / ".gitattributes").write_text(line + "\n")


def hooks(plant: Plant) -> None:
    folder = plant.ws / ".git/hooks"
    folder.mkdir()
    for name in HOOKS:
        (folder / name).symlink_to(plant.script)


def hooks_path(plant: Plant) -> None:
    folder = plant.ws / "tools"
    folder.mkdir()
    for name in HOOKS:
        (folder / name).symlink_to(plant.script)
    plant.config(("core.hooksPath", str(folder)))


def fsmonitor(plant: Plant) -> None:
    plant.config(("core.fsmonitor", str(plant.script)))


def clean_filter(plant: Plant) -> None:
    plant.attributes("* filter=evil")
    plant.config(("filter.evil.clean", str(plant.script)), ("filter.evil.smudge", str(plant.script)))


def process_filter(plant: Plant) -> None:
    plant.attributes("* filter=evil")
    plant.config(("filter.evil.process", str(plant.script)), ("filter.evil.required", "false"))


def textconv(plant: Plant) -> None:
    plant.attributes("* diff=evil")
    plant.config(("diff.evil.textconv", str(plant.script)))


def external_diff(plant: Plant) -> None:
    plant.attributes("* diff=evil")
    plant.config(("diff.external", str(plant.script)), ("diff.evil.command", str(plant.script)))


def merge_driver(plant: Plant) -> None:
    plant.attributes("* merge=evil")
    plant.config(("merge.evil.driver", f"{plant.script} %O %A %B"), ("merge.default", "evil"))


def gpg(plant: Plant) -> None:
    plant.config(("gpg.program", str(plant.script)), ("commit.gpgSign", "true"), ("push.gpgSign", "if-asked"))


def transport(plant: Plant) -> None:
    plant.config(
        ("core.sshCommand", str(plant.script)),
        ("core.gitProxy", str(plant.script)),
        ("credential.helper", f"!{plant.script}"),
        ("core.askPass", str(plant.script)),
        ("remote.origin.url", str(plant.world.remote)),
        ("remote.origin.receivepack", str(plant.script)),
        ("remote.origin.uploadpack", str(plant.script)),
        ("protocol.ext.allow", "always"),
        (f"url.ext::{plant.script} %S.insteadOf", str(plant.world.remote)),
        ("branch.agent/web-1.remote", "origin"),
    )


def aliases(plant: Plant) -> None:
    for verb in ("st", "add", "commit-tree", "write-tree", "push", "fetch", "diff-tree"):
        plant.config((f"alias.{verb}", f"!{plant.script}"))


def include(plant: Plant) -> None:
    hidden = plant.ws / "settings.ini"
    hidden.write_text(f"[core]\n\tfsmonitor = {plant.script}\n\tpager = {plant.script}\n\teditor = {plant.script}\n")
    plant.config(("include.path", str(hidden)), ("includeIf.gitdir:/.path", str(hidden)))


def _evil_repository(plant: Plant, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    sh(folder, "init", "-q")
    (folder / "f").write_text("x")
    (folder / ".gitattributes").write_text("* filter=evil\n")
    sh(folder, "add", "-A")
    sh(folder, "commit", "-q", "-m", "nested")
    plant.config(("core.fsmonitor", str(plant.script)), ("filter.evil.clean", str(plant.script)), folder=folder)
    (folder / ".git/hooks").mkdir(exist_ok=True)
    for name in HOOKS:
        (folder / ".git/hooks" / name).unlink(missing_ok=True)
        (folder / ".git/hooks" / name).symlink_to(plant.script)
    (folder / "f").write_text("y")


def nested(plant: Plant) -> None:
    _evil_repository(plant, plant.ws / "vendor")


def submodule_of_the_base(plant: Plant) -> None:
    _evil_repository(plant, plant.ws / "sub")


def git_is_a_file(plant: Plant) -> None:
    _evil_repository(plant, plant.world.root / "evil")
    os.system(f"rm -rf '{plant.ws}/.git'")
    (plant.ws / ".git").write_text(f"gitdir: {plant.world.root}/evil/.git\n")


def git_is_a_link(plant: Plant) -> None:
    _evil_repository(plant, plant.world.root / "evil")
    os.system(f"rm -rf '{plant.ws}/.git'")
    (plant.ws / ".git").symlink_to(plant.world.root / "evil/.git")


VECTORS: tuple[Callable[[Plant], None], ...] = (
    hooks,
    hooks_path,
    fsmonitor,
    clean_filter,
    process_filter,
    textconv,
    external_diff,
    merge_driver,
    gpg,
    transport,
    aliases,
    include,
    nested,
    submodule_of_the_base,
    git_is_a_file,
    git_is_a_link,
)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    world = make_world(tmp_path)
    head = sh(world.person, "rev-parse", "HEAD")
    sh(world.person, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    (world.person / ".gitmodules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n')
    sh(world.person, "add", ".gitmodules")
    sh(world.person, "commit", "-q", "-m", "a submodule")
    sh(world.person, "push", "-q", "origin", "trunk")
    world.repo.fetch()
    ws = world.opened()
    (ws / "README.md").write_text("changed by the agent\n")
    return Plant(world=world, ws=ws, canary=tmp_path / "canary")


NAIVE = """git status; git add -A; git diff HEAD; git diff --cached; git commit -qm x; git log -p -1; git st; git fetch;
git push; git checkout -q -b other HEAD~1; echo o > README.md; git commit -qam o; git merge -q --no-edit -; git status
for d in vendor sub; do [ -d $d ] && (cd $d; git status; git add -A); done; true"""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.__name__)
def test_the_planted_code_is_alive(plant: Plant, vector: Callable[[Plant], None]) -> None:
    vector(plant)
    args, env = ["timeout", "-k", "1", "10", "sh", "-c", NAIVE], {**ENV, "GIT_TERMINAL_PROMPT": "0"}
    subprocess.run(args, cwd=plant.ws, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=15)
    assert plant.canary.exists()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.__name__)
def test_nothing_an_agent_planted_runs_in_any_verb_of_ours(plant: Plant, vector: Callable[[Plant], None]) -> None:
    vector(plant)
    plant.canary.unlink(missing_ok=True)  # what planting itself ran
    world, repo = plant.world, plant.world.repo
    base = repo.head("trunk")
    assert base is not None
    repo.open_workspace("web-1", start=base, branch="agent/web-1")
    snapshot = repo.snapshot("web-1")
    repo.still("web-1")
    again = repo.snapshot("web-1")
    changes = repo.changes(base, snapshot.tree)
    repo.neighbours(snapshot.tree, changes)
    repo.patch(base, snapshot.tree)
    sha = repo.commit("web-1", snapshot.tree, (base,), public("work"), AT)
    assert repo.push("agent/web-1", sha, expect=None) == Pushed(sha=sha)
    theirs = world.push_by_person("trunk", "README.md", "a person's line\n")
    repo.fetch()
    repo.merge_tree(theirs, sha)
    repo.conflicted(theirs, sha, "web-1")
    repo.log_authors(base, theirs)
    repo.export(sha, world.root / "out")
    repo.write_file_commit(theirs, "CODEBASE.md", b"known\n", public("remember"), AT)
    repo.open_workspace("web-1", start=theirs, branch="agent/web-1")
    repo.close_workspace("web-1")
    repo.delete_branch("agent/web-1", sha)
    assert not plant.canary.exists(), plant.canary.read_text()
    assert again == snapshot
    assert "README.md" in {c.path for c in changes}
    assert world.on_remote("trunk") == theirs


def test_a_submodule_of_the_base_stays_as_the_base_has_it(plant: Plant) -> None:
    _evil_repository(plant, plant.ws / "sub")
    base = plant.world.repo.head("trunk")
    assert base is not None
    changes = plant.world.repo.changes(base, plant.world.repo.snapshot("web-1").tree)
    assert [c.path for c in changes] == ["README.md"]


def test_a_push_goes_where_we_say_and_not_where_the_workspace_says(plant: Plant) -> None:
    sh(plant.world.root, "init", "-q", "--bare", "thief.git")
    plant.config((f"url.{plant.world.root}/thief.git.insteadOf", str(plant.world.remote)))
    sha = plant.world.candidate()
    plant.world.repo.push("agent/web-1", sha, expect=None)
    assert plant.world.on_remote("agent/web-1") == sha
    assert sh(plant.world.root / "thief.git", "for-each-ref") == ""


def test_two_hundred_hostile_names_become_no_path_and_no_option(plant: Plant) -> None:
    repo = plant.world.repo
    parts = (
        "..",
        "/",
        "-x",
        "--upload-pack=touch",
        ".git",
        "\0",
        "\n",
        "a b",
        "~",
        "^",
        ":",
        "*",
        "@{",
        "\\",
        "é",
        "$(id)",
        ".lock",
    )
    hostile = [a + b for a in parts for b in ("", "x", *parts[:12])][:220]
    assert len(hostile) >= 200
    for name in hostile:
        with pytest.raises(ValueError):
            repo.commit(name, Sha("a" * 40), (), public("x"), AT)
        with pytest.raises(ValueError):
            repo.push(f"agent/{name}", Sha("a" * 40), expect=None)
        with pytest.raises(ValueError):
            repo.tree_of(name)
        assert not repo.has(name)


def test_what_a_base_says_of_its_files_hides_no_change_from_a_reader(tmp_path: Path) -> None:
    """Bites with git 2.43 and later only: there a bare repository may read attributes from its HEAD."""
    world = make_world(tmp_path, {"a.js": "old\n", ".gitattributes": "*.js -diff merge=union\n"})
    base = world.repo.head(world.repo.default_branch())
    assert base is not None
    ours = world.push_by_person("ours", "a.js", "mine\n", start=base)
    theirs = world.push_by_person("theirs", "a.js", "yours\n", start=base)
    world.repo.fetch()
    assert "+mine" in world.repo.patch(base, ours)
    assert isinstance(world.repo.merge_tree(ours, theirs), Conflict)
