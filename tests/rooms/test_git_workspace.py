"""Workspaces and snapshots: what an agent left becomes a tree, whatever it did to the folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrator.git import GitError
from orchestrator.model.names import Sha
from tests.rooms.gitting import AT, World, make_world, public, sh


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def paths(world: World, tree: str) -> set[str]:
    return set(sh(world.repo.path, "ls-tree", "-r", "--name-only", tree).splitlines())


def changed(world: World, task: str = "web-1") -> dict[str, str]:
    base = world.repo.head("trunk")
    assert base is not None
    return {c.path: c.status for c in world.repo.changes(base, world.repo.snapshot(task).tree)}


def test_a_workspace_is_a_checkout_an_agent_can_commit_in(world: World) -> None:
    ws = world.opened()
    assert (ws / "src/a.py").read_text() == "print(1)\n"
    assert sh(ws, "status", "--porcelain") == ""
    assert sh(ws, "branch", "--show-current") == "agent/web-1"
    assert sh(ws, "log", "--format=%s") == "first"
    (ws / "new.py").write_text("x = 1\n")
    (ws / ".agent_result.md").write_text("STATUS: complete\n")
    sh(ws, "add", "-A")
    sh(ws, "commit", "-q", "-m", "by the agent")
    assert sh(ws, "show", "--name-only", "--format=") == "new.py"
    assert changed(world) == {"new.py": "A"}
    assert sh(ws, "remote") == ""


def test_an_untouched_workspace_is_the_tree_it_was_opened_at(world: World) -> None:
    world.opened()
    start = world.repo.head("trunk")
    assert start is not None
    snapshot = world.repo.snapshot("web-1")
    assert (snapshot.tree, snapshot.problems) == (world.repo.tree_of(start), ())


def test_every_kind_of_change_is_seen(world: World) -> None:
    ws = world.opened()
    (ws / "src/a.py").write_text("print(2)\nprint(3)\n")
    (ws / "README.md").unlink()
    (ws / "tool.sh").write_text("#!/bin/sh\n")
    (ws / "tool.sh").chmod(0o755)
    (ws / "link").symlink_to("src/a.py")
    (ws / "blob").write_bytes(bytes(range(256)))
    (ws / "ün\tï\n.txt").write_text("odd name\n")
    base = world.repo.head("trunk")
    assert base is not None
    found = {c.path: c for c in world.repo.changes(base, world.repo.snapshot("web-1").tree)}
    assert {p: c.status for p, c in found.items()} == {
        "src/a.py": "M",
        "README.md": "D",
        "tool.sh": "A",
        "link": "A",
        "blob": "A",
        "ün\tï\n.txt": "A",
    }
    assert (found["src/a.py"].added, found["src/a.py"].deleted) == (2, 1)
    assert (found["tool.sh"].old_mode, found["tool.sh"].new_mode) == ("000000", "100755")
    assert (found["link"].new_mode, found["link"].link_target) == ("120000", "src/a.py")
    assert found["README.md"].new_mode == "000000"
    assert (found["blob"].added, found["blob"].link_target) == (0, None)


def test_ignored_files_are_no_work(world: World) -> None:
    ws = world.opened()
    (ws / "x.log").write_text("noise")
    (ws / "build").mkdir()
    (ws / "build/out").write_text("noise")
    assert changed(world) == {}


def test_a_change_of_same_size_and_same_time_is_seen(world: World) -> None:
    ws = world.opened()
    before = (ws / "src/a.py").stat()
    (ws / "src/a.py").write_text("print(9)\n")
    os.utime(ws / "src/a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed(world) == {"src/a.py": "M"}


def test_the_result_file_is_in_no_tree_however_hard_an_agent_tries(world: World) -> None:
    ws = world.opened()
    (ws / ".agent_result.md").write_text("STATUS: complete\n")
    sh(ws, "add", "-f", ".agent_result.md")
    sh(ws, "commit", "-q", "-m", "forced")
    assert changed(world) == {}


def test_a_result_file_the_base_already_has_stays_as_the_base_has_it(tmp_path: Path) -> None:
    world = make_world(tmp_path, {".agent_result.md": "from an earlier life\n", "a": "1"})
    ws = world.opened()
    (ws / ".agent_result.md").write_text("STATUS: complete\n")
    assert changed(world) == {}
    (ws / ".agent_result.md").unlink()
    assert changed(world) == {}


def test_the_agents_own_git_folder_does_not_matter(world: World) -> None:
    ws = world.opened()
    (ws / "new").write_text("x")
    for spoil in (
        "rm -rf .git",
        "echo junk > .git",
        "rm .git; ln -s /etc .git",
        "rm .git; mkfifo .git",
        "rm .git; git init -q",
    ):
        os.system(f"cd '{ws}' && {spoil}")
        assert changed(world) == {"new": "A"}


def test_nested_repositories_are_shown_as_what_they_are_and_hide_no_other_work(world: World) -> None:
    ws = world.opened()
    (ws / "full").mkdir()
    sh(ws / "full", "init", "-q")
    (ws / "full/f").write_text("x")
    sh(ws / "full", "add", "-A")
    sh(ws / "full", "commit", "-q", "-m", "nested")
    (ws / "empty").mkdir()
    sh(ws / "empty", "init", "-q")
    (ws / "empty/f").write_text("x")
    (ws / "real.py").write_text("x")
    snapshot = world.repo.snapshot("web-1")
    base = world.repo.head("trunk")
    assert base is not None
    found = {c.path: c.new_mode for c in world.repo.changes(base, snapshot.tree)}
    assert found["real.py"] == "100644"
    assert found["full"] == "160000"
    assert any("empty" in p for p in snapshot.problems)
    assert world.repo.snapshot("web-1") == snapshot


def test_things_that_are_no_files_are_told_and_break_nothing(world: World) -> None:
    ws = world.opened()
    (ws / "README.md").unlink()
    os.mkfifo(ws / "README.md")
    os.mkfifo(ws / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(ws)
        sock.bind("sock")
        os.chdir(here)
        (ws / "real.py").write_text("x")
        snapshot = world.repo.snapshot("web-1")
    assert "real.py" in paths(world, snapshot.tree)
    assert not {"pipe", "sock"} & paths(world, snapshot.tree)


def test_a_file_that_ends_gits_whole_command_is_a_problem_and_hides_no_other_work(world: World) -> None:
    ws = world.opened()
    (ws / "real.py").write_text("x")
    (ws / "bad").write_text("x")
    (ws / "worse").write_text("x")
    (ws / ".gitattributes").write_text("bad working-tree-encoding=UTF-16\nworse working-tree-encoding=UTF-32\n")
    snapshot = world.repo.snapshot("web-1")
    assert {"real.py", ".gitattributes"} <= paths(world, snapshot.tree)
    assert {"'bad'" in p or "'worse'" in p for p in snapshot.problems} == {True}
    assert len(snapshot.problems) == 2


def test_a_workspace_that_became_a_link_is_refused(world: World) -> None:
    ws = world.opened()
    ws.rename(world.root / "elsewhere")
    ws.symlink_to("/etc")
    with pytest.raises(GitError, match="gone or was replaced"):
        world.repo.snapshot("web-1")


def test_a_whole_workspace_is_reused_as_it_stands(world: World) -> None:
    ws = world.opened()
    (ws / "half-done.py").write_text("x")
    assert world.opened() == ws
    assert (ws / "half-done.py").exists()


def test_a_half_made_workspace_is_made_again(world: World) -> None:
    ws = world.repo.workspace("web-1")
    ws.mkdir(parents=True)
    (ws / "half").write_text("x")
    world.opened()
    assert not (ws / "half").exists()
    assert (ws / "README.md").exists()


def test_a_workspace_for_another_start_is_kept_and_made_anew(world: World) -> None:
    ws = world.opened()
    (ws / "draft.py").write_text("x")
    newer = world.push_by_person("trunk", "b.py", "2\n")
    world.repo.fetch()
    assert world.opened(start=newer) == ws
    assert (ws / "b.py").exists()
    assert not (ws / "draft.py").exists()
    kept = world.repo.kept("web-1")
    assert kept is not None
    assert "draft.py" in paths(world, kept)


def test_a_workspace_that_already_holds_the_new_start_keeps_its_caches(world: World) -> None:
    ws = world.opened()
    (ws / "new.py").write_text("x")
    (ws / "build").mkdir()
    (ws / "build/cache").write_text("dear")
    candidate = world.candidate()
    world.opened(start=candidate)
    assert (ws / "build/cache").exists()
    assert world.repo.kept("web-1") is None


def test_a_start_that_is_not_here_is_an_error_and_destroys_nothing(world: World) -> None:
    ws = world.opened()
    (ws / "draft").write_text("x")
    with pytest.raises(GitError):
        world.opened(start=Sha("d" * 40))
    kept = world.repo.kept("web-1")
    assert (ws / "draft").exists()
    assert kept is not None


def test_closing_keeps_uncommitted_work_and_is_safe_twice(world: World) -> None:
    ws = world.opened()
    (ws / "draft.py").write_text("x")
    world.repo.close_workspace("web-1")
    world.repo.close_workspace("web-1")
    kept = world.repo.kept("web-1")
    assert not ws.exists()
    assert kept is not None
    assert "draft.py" in paths(world, kept)


def test_closing_keeps_nothing_that_the_remote_has(world: World) -> None:
    ws = world.opened()
    (ws / "new.py").write_text("x")
    sha = world.candidate()
    world.repo.push("agent/web-1", sha, expect=None)
    world.repo.close_workspace("web-1")
    assert not ws.exists()
    assert world.repo.kept("web-1") is None


def test_closing_keeps_a_candidate_that_was_never_pushed(world: World) -> None:
    ws = world.opened()
    (ws / "new.py").write_text("x")
    sha = world.candidate()
    world.repo.close_workspace("web-1")
    assert not ws.exists()
    assert world.repo.kept("web-1") == sha


def test_what_was_kept_before_stays_kept(world: World) -> None:
    kept: list[Sha] = []
    for name in ("one", "two"):
        ws = world.opened()
        (ws / name).write_text(name)
        world.repo.close_workspace("web-1")
        held = world.repo.kept("web-1")
        assert held is not None
        kept.append(held)
    assert world.repo.is_ancestor(kept[0], kept[1])
    assert "two" in paths(world, kept[1])


def test_a_workspace_full_of_closed_folders_can_be_removed(world: World) -> None:
    ws = world.opened()
    deep = ws / "a/b/c"
    deep.mkdir(parents=True)
    (deep / "f").write_text("x")
    for folder in (deep, deep.parent, deep.parent.parent):
        folder.chmod(0)
    world.repo.close_workspace("web-1")
    assert not ws.exists()


def test_a_follow_up_starts_from_the_branch_its_parent_pushed(world: World) -> None:
    """ORIGIN D3: the original reset the branch to the base and dropped what the parent had pushed."""
    ws = world.opened()
    (ws / "first.py").write_text("1")
    parent = world.candidate()
    world.repo.push("agent/web-1", parent, expect=None)
    world.repo.close_workspace("web-1")
    world.repo.fetch()
    start = world.repo.head("agent/web-1")
    assert start == parent
    ws = world.opened(start=start)
    assert (ws / "first.py").exists()
    (ws / "second.py").write_text("2")
    tree = world.repo.snapshot("web-1").tree
    follow = world.repo.commit("web-1", tree, (parent,), public("follow up"), AT)
    world.repo.push("agent/web-1", follow, expect=parent)
    assert sh(world.remote, "log", "--format=%s", "agent/web-1").splitlines() == ["follow up", "work", "first"]


def test_an_export_is_clean_and_a_commit_knows_its_version(world: World) -> None:
    ws = world.opened()
    (ws / "new.py").write_text("x")
    (ws / "x.log").write_text("noise")
    sha = world.candidate()
    whole = world.repo.export(sha, world.root / "out")
    assert sorted(p.name for p in whole.iterdir()) == [".git", ".gitignore", "README.md", "new.py", "src"]
    assert sh(whole, "rev-parse", "HEAD") == sha
    assert sh(whole, "status", "--porcelain") == ""
    tree = world.repo.tree_of(sha)
    assert tree is not None
    assert not (world.repo.export(tree, world.root / "bare") / ".git").exists()
    world.repo.drop_export(whole)
    assert not whole.exists()


@pytest.mark.parametrize("bad", ["", "../x", "a/b", "-x", "A", "x" * 81, "a.b", "a\n"])
def test_no_foreign_name_becomes_a_path(world: World, bad: str) -> None:
    start = world.repo.head("trunk")
    assert start is not None
    with pytest.raises(ValueError):
        world.repo.open_workspace(bad, start=start, branch="agent/x")
    with pytest.raises(ValueError):
        world.repo.open_workspace("x", start=start, branch=f"agent/{bad}")
    with pytest.raises(ValueError):
        world.repo.close_workspace(bad)


def test_an_emptied_workspace_is_the_empty_tree(tmp_path: Path) -> None:
    world = make_world(tmp_path, {"only": "1"})
    ws = world.opened()
    (ws / "only").unlink()
    tree = world.repo.snapshot("web-1").tree
    assert paths(world, tree) == set()
    start = world.candidate()
    ws = world.opened("web-2", start=start)
    assert world.repo.snapshot("web-2").tree == tree
    (ws / "again").write_text("x")
    assert paths(world, world.repo.snapshot("web-2").tree) == {"again"}
