"""The remote: fetched with care, pushed with a lease, never overwritten, never deleted on a guess."""

from __future__ import annotations

import base64
import http.server
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.git import Git, GitError, GitUnreachable, LeaseLost, Pushed, Refused, Repository
from orchestrator.git.run import EMAIL
from orchestrator.model.names import Sha
from tests.rooms.gitting import AT, ENV, World, make_world, no_token, public, sh


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def work(world: World, name: str = "new.py") -> Sha:
    ws = world.opened()
    (ws / name).write_text(name)
    return world.candidate()


def unreachable(world: World) -> Repository:
    """The same mirror, its remote behind a port where nobody listens."""
    git = replace(world.repo.git, url="http://127.0.0.1:9/web.git")
    return replace(world.repo, url="http://127.0.0.1:9/web.git", git=git)


# --- what we know of it -----------------------------------------------------------------------------------------


def test_the_default_branch_is_the_remotes_own_choice(world: World) -> None:
    assert world.repo.default_branch() == "trunk"
    assert world.repo.head("trunk") == world.on_remote("trunk")
    assert world.repo.head("absent") is None


def test_a_default_branch_that_moved_is_seen(world: World) -> None:
    world.push_by_person("next", "n", "1")
    sh(world.remote, "symbolic-ref", "HEAD", "refs/heads/next")
    world.repo.git.clock.advance(700)
    assert world.repo.default_branch() == "next"


def test_an_empty_repository_has_no_default_branch(tmp_path: Path) -> None:
    sh(tmp_path, "init", "-q", "--bare", "e.git")
    repo = Git(root=tmp_path / "r", worktrees=tmp_path / "w", clock=Clock(), credentials=no_token).of(
        "e", str(tmp_path / "e.git")
    )
    repo.fetch()
    with pytest.raises(GitError, match="empty"):
        repo.default_branch()


def test_a_fetch_sees_new_and_gone_branches_and_leaves_our_refs(world: World) -> None:
    sha = work(world)
    made = world.push_by_person("feature", "f", "1")
    world.repo.fetch()
    assert world.repo.head("feature") == made
    sh(world.remote, "update-ref", "-d", "refs/heads/feature")
    world.repo.fetch()
    assert world.repo.head("feature") is None
    assert world.repo.resolve("refs/agent-os/tasks/web-1") == sha


def test_one_branch_can_be_fetched_alone_also_when_it_is_gone(world: World) -> None:
    made = world.push_by_person("feature", "f", "1")
    world.push_by_person("other", "o", "1")
    world.repo.fetch("feature")
    assert world.repo.head("feature") == made
    assert world.repo.head("other") is None
    sh(world.remote, "update-ref", "-d", "refs/heads/feature")
    world.repo.fetch("feature", "other")
    assert world.repo.head("feature") is None
    assert world.repo.head("other") is not None


def test_a_recent_fetch_is_not_repeated(world: World) -> None:
    world.repo.fetch(max_age=20)
    made = world.push_by_person("feature", "f", "1")
    world.repo.fetch(max_age=20)
    assert world.repo.head("feature") is None
    world.repo.git.clock.advance(30)
    world.repo.fetch(max_age=20)
    assert world.repo.head("feature") == made


@pytest.mark.parametrize("spoil", ["HEAD", "refs/heads/trunk", "config"])
def test_a_broken_mirror_is_made_again_and_kept_beside(world: World, spoil: str) -> None:
    (world.repo.path / spoil).write_text("junk\n")
    world.push_by_person("trunk", "b.py", "2")
    world.repo.fetch()
    assert world.repo.head("trunk") == world.on_remote("trunk")
    assert len(list(world.repo.root.glob("web.broken-*/mirror.git"))) == 1


def test_many_workers_making_one_mirror_make_one(world: World, tmp_path: Path) -> None:
    git = Git(root=tmp_path / "fresh", worktrees=tmp_path / "w", clock=Clock(), credentials=no_token)
    failures: list[BaseException] = []

    def fetch() -> None:
        try:
            git.of("web", str(world.remote)).fetch()
        except GitError as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(p.name for p in (tmp_path / "fresh").iterdir()) == ["web.git", "web.lock"]


def test_reading_a_file_of_a_branch_or_commit(world: World) -> None:
    head = world.repo.head("trunk")
    assert head is not None
    assert world.repo.read("trunk", "src/a.py") == b"print(1)\n"
    assert world.repo.read(head, "README.md") == b"hello\n"
    assert world.repo.read(head, "absent") is None
    assert world.repo.read(head, "src") is None
    asked = ("absent", "README.md", "src", "src/a.py", "a b")
    assert world.repo.read_all(head, asked) == (None, b"hello\n", None, b"print(1)\n", None)
    world.repo.git.facts.forget()
    assert world.repo.read_all(head, asked) == (None, b"hello\n", None, b"print(1)\n", None)
    assert world.repo.read(head, "src/a.py") == b"print(1)\n"
    assert world.repo.read("absent", "README.md") is None


def test_one_file_is_written_on_top_of_the_base_and_pushed_forward(world: World) -> None:
    tip = world.repo.head("trunk")
    assert tip is not None
    first = world.repo.write_file_commit(tip, "docs/CODEBASE.md", b"known\n", public("remember"), AT)
    assert first == world.repo.write_file_commit(tip, "docs/CODEBASE.md", b"known\n", public("remember"), AT)
    assert [c.path for c in world.repo.changes(tip, first)] == ["docs/CODEBASE.md"]
    assert world.repo.push_base("trunk", first, expect=tip) == Pushed(sha=first)
    assert world.on_remote("trunk") == first
    with pytest.raises(ValueError, match="forward"):
        world.repo.push_base("trunk", tip, expect=first)


# --- commits ----------------------------------------------------------------------------------------------------


def test_the_same_work_is_the_same_commit_and_is_ours(world: World) -> None:
    sha = work(world)
    assert world.candidate() == sha
    assert (
        sh(world.repo.path, "log", "-1", "--format=%an <%ae> %at", sha) == f"Agent OS <{EMAIL}> {int(AT.timestamp())}"
    )


def test_commits_by_others_are_named(world: World) -> None:
    ours = work(world)
    world.repo.push("agent/web-1", ours, expect=None)
    theirs = world.push_by_person("agent/web-1", "fix.py", "1", start="origin/agent/web-1")
    world.repo.fetch()
    base = world.repo.head("trunk")
    assert base is not None
    assert [(a.sha, a.name, a.email) for a in world.repo.log_authors(base, theirs)] == [
        (theirs, "Pat", "pat@example.org")
    ]
    assert world.repo.log_authors(base, ours) == ()


def test_the_patch_shows_what_changed(world: World) -> None:
    sha = work(world)
    base = world.repo.head("trunk")
    assert base is not None
    assert "+++ b/new.py" in world.repo.patch(base, sha)


# --- push -------------------------------------------------------------------------------------------------------


def test_a_first_push_and_its_repetition_are_one(world: World) -> None:
    sha = work(world)
    assert world.repo.push("agent/web-1", sha, expect=None) == Pushed(sha=sha)
    assert world.repo.push("agent/web-1", sha, expect=None) == Pushed(sha=sha)
    assert world.on_remote("agent/web-1") == sha
    assert world.repo.head("agent/web-1") == sha
    assert world.repo.remote_head("agent/web-1") == sha


def test_our_own_branch_may_be_rewritten_with_its_lease(world: World) -> None:
    first = work(world)
    world.repo.push("agent/web-1", first, expect=None)
    second = work(world, "other.py")
    assert world.repo.push("agent/web-1", second, expect=first) == Pushed(sha=second)


@pytest.mark.parametrize("background_fetch", [False, True])
def test_a_persons_push_is_never_overwritten(world: World, background_fetch: bool) -> None:
    first = work(world)
    world.repo.push("agent/web-1", first, expect=None)
    theirs = world.push_by_person("agent/web-1", "fix.py", "by hand", start="origin/agent/web-1")
    if background_fetch:
        world.repo.fetch()
    second = work(world, "other.py")
    assert world.repo.push("agent/web-1", second, expect=first) == LeaseLost(actual=theirs)
    assert world.repo.push("agent/web-1", second, expect=None) == LeaseLost(actual=theirs)
    assert world.on_remote("agent/web-1") == theirs


def test_a_branch_a_person_deleted_is_not_brought_back(world: World) -> None:
    first = work(world)
    world.repo.push("agent/web-1", first, expect=None)
    sh(world.remote, "update-ref", "-d", "refs/heads/agent/web-1")
    second = work(world, "other.py")
    assert world.repo.push("agent/web-1", second, expect=first) == LeaseLost(actual=None)
    assert world.on_remote("agent/web-1") == ""


def test_a_host_that_refuses_is_believed(world: World) -> None:
    hook = world.remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GH013: rule violations' >&2\nexit 1\n")
    hook.chmod(0o755)
    answer = world.repo.push("agent/web-1", work(world), expect=None)
    assert isinstance(answer, Refused)
    assert "GH013" in answer.why
    assert world.on_remote("agent/web-1") == ""


def test_a_push_that_cannot_be_looked_at_is_uncertain_and_its_repetition_finds_it(world: World) -> None:
    sha = work(world)
    with pytest.raises(GitUnreachable) as told:
        unreachable(world).push("agent/web-1", sha, expect=None)
    assert told.value.uncertain
    sh(world.person, "fetch", "-q", str(world.repo.path), "refs/agent-os/tasks/web-1")
    sh(world.person, "push", "-q", "origin", f"{sha}:refs/heads/agent/web-1")
    assert world.repo.push("agent/web-1", sha, expect=None) == Pushed(sha=sha)


@pytest.mark.parametrize(
    "branch", ["trunk", "main", "agent/../x", "agent/", "agent/A", "-f", "agent/x --mirror", "agent/x/y"]
)
def test_only_branches_of_ours_are_pushed_or_deleted(world: World, branch: str) -> None:
    sha = work(world)
    with pytest.raises(ValueError):
        world.repo.push(branch, sha, expect=None)
    with pytest.raises(ValueError):
        world.repo.delete_branch(branch, sha)


# --- delete -----------------------------------------------------------------------------------------------------


def test_a_deleted_branch_is_kept_and_deleting_twice_is_once(world: World) -> None:
    sha = work(world)
    world.repo.push("agent/web-1", sha, expect=None)
    assert world.repo.delete_branch("agent/web-1", sha) == Pushed(sha=None)
    assert world.repo.delete_branch("agent/web-1", sha) == Pushed(sha=None)
    assert world.on_remote("agent/web-1") == ""
    assert world.repo.kept("web-1") == sha
    assert world.repo.head("agent/web-1") is None


def test_a_branch_a_person_pushed_to_is_not_deleted(world: World) -> None:
    sha = work(world)
    world.repo.push("agent/web-1", sha, expect=None)
    theirs = world.push_by_person("agent/web-1", "fix.py", "1", start="origin/agent/web-1")
    assert world.repo.delete_branch("agent/web-1", sha) == LeaseLost(actual=theirs)
    assert world.repo.delete_branch("agent/web-1", None) == LeaseLost(actual=theirs)
    assert world.on_remote("agent/web-1") == theirs


def test_a_branch_whose_commits_we_do_not_have_is_fetched_before_it_goes(world: World) -> None:
    theirs = world.push_by_person("agent/web-9", "x", "1")
    assert not world.repo.has(theirs)
    assert world.repo.delete_branch("agent/web-9", theirs) == Pushed(sha=None)
    assert world.repo.kept("web-9") == theirs
    assert world.repo.has(theirs)


def test_an_error_is_never_taken_for_a_branch_that_may_go(world: World) -> None:
    """ORIGIN D27: the original deleted a branch when the question about it failed."""
    sha = work(world)
    world.repo.push("agent/web-1", sha, expect=None)
    broken = unreachable(world)
    for expect in (sha, Sha("e" * 40), None):
        with pytest.raises(GitUnreachable):
            broken.delete_branch("agent/web-1", expect)
    assert world.on_remote("agent/web-1") == sha


# --- merge ------------------------------------------------------------------------------------------------------


def test_a_clean_merge_is_the_tree_a_squash_will_have(world: World) -> None:
    sha = work(world)
    base = world.push_by_person("trunk", "b.py", "2")
    world.repo.fetch()
    merged = world.repo.expected_squash(base, sha)
    sh(world.person, "fetch", "-q", str(world.repo.path), "refs/agent-os/tasks/web-1")
    sh(world.person, "merge", "-q", "--squash", sha)
    assert merged.tree == sh(world.person, "write-tree")
    assert type(merged).__name__ == "Merged"
    assert type(world.repo.merge_tree(sha, base)).__name__ == "Merged"


def test_a_conflict_names_its_paths_and_can_be_started_from(world: World) -> None:
    ws = world.opened()
    (ws / "README.md").write_text("ours\n")
    (ws / "new.py").write_text("x")
    sha = world.candidate()
    base = world.push_by_person("trunk", "README.md", "theirs\n")
    world.repo.fetch()
    conflict = world.repo.expected_squash(base, sha)
    assert type(conflict).__name__ == "Conflict"
    start, conflicts = world.repo.conflicted(base, sha, "web-1")
    assert conflicts == ("README.md",)
    assert world.repo.conflicted(base, sha, "web-1") == (start, conflicts)
    ws = world.opened(start=start)
    text = (ws / "README.md").read_text()
    assert "<<<<<<<" in text
    assert "ours" in text
    assert "theirs" in text
    assert world.repo.is_ancestor(base, start)
    assert world.repo.is_ancestor(sha, start)
    assert not world.repo.is_ancestor(start, sha)


def test_names_that_would_collide_elsewhere_are_found(world: World) -> None:
    ws = world.opened()
    (ws / "readme.md").write_text("x")
    (ws / "SRC").mkdir()
    (ws / "SRC/b.py").write_text("x")
    base = world.repo.head("trunk")
    assert base is not None
    tree = world.repo.snapshot("web-1").tree
    changes = world.repo.changes(base, tree)
    assert set(world.repo.neighbours(tree, changes)) == {"README.md", "src/a.py"}
    assert world.repo.neighbours(tree, ()) == ()


# --- tokens and failures ----------------------------------------------------------------------------------------


class Host(http.server.BaseHTTPRequestHandler):
    status = 500
    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def host() -> Iterator[tuple[str, type[Host]]]:
    handler = type("Fresh", (Host,), {"seen": [], "status": 500})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/o/web.git", handler
    server.shutdown()
    thread.join()
    server.server_close()


def at(url: str, tmp_path: Path) -> Repository:
    git = Git(root=tmp_path / "r", worktrees=tmp_path / "w", clock=Clock(), credentials=lambda u: "s3cret-token")
    return git.of("web", url)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, GitUnreachable), (429, GitUnreachable), (403, GitError), (404, GitError)]
)
def test_a_failing_host_is_told_apart_from_a_refusing_one(
    host: tuple[str, type[Host]], tmp_path: Path, status: int, kind: type[GitError]
) -> None:
    url, handler = host
    handler.status = status
    with pytest.raises(GitError) as told:
        at(url, tmp_path).fetch()
    assert type(told.value) is kind
    assert told.value.uncertain == (kind is GitUnreachable)
    assert "s3cret" not in str(told.value)


def test_the_token_travels_as_a_header_and_rests_nowhere(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    repo = at(url, tmp_path)
    with pytest.raises(GitError):
        repo.fetch()
    basic = base64.b64encode(b"x-access-token:s3cret-token").decode()
    assert set(handler.seen) == {f"Basic {basic}"}
    assert "s3cret" not in repr(repo)
    env = repo.git.environment({}, network=False)
    assert basic not in "".join(env.values())
    held = [
        p
        for p in tmp_path.rglob("*")
        if p.is_file() and (b"s3cret" in p.read_bytes() or basic.encode() in p.read_bytes())
    ]
    assert held == []


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "-u",
        "--upload-pack=x",
        "ftp://h/x",
        "http://u:p@h/x",
        "https://token@h/x",
        "fd::1",
        "",
        "http://h/a b",
    ],
)
def test_an_address_is_an_address_and_carries_no_secret(tmp_path: Path, url: str) -> None:
    git = Git(root=tmp_path, worktrees=tmp_path, clock=Clock(), credentials=no_token)
    with pytest.raises(ValueError):
        git.of("web", url)


def test_what_git_refuses_is_said_in_its_own_words(world: World) -> None:
    gone = replace(world.repo.git, url="/nowhere/x.git")
    with pytest.raises(GitError, match="does not appear to be a git repository") as told:
        replace(world.repo, url="/nowhere/x.git", git=gone).fetch()
    assert not told.value.uncertain


def test_the_hardened_environment_holds_nothing_of_ours(world: World) -> None:
    env = world.repo.git.environment({}, network=True)
    assert env["GIT_CONFIG_GLOBAL"] == "/dev/null"
    listed = subprocess.run(["git", "config", "--list"], env=env, capture_output=True, text=True, check=True).stdout
    assert "core.hookspath=/dev/null" in listed
    assert {k for k in env if not k.startswith(("GIT_", "SSH_"))} == {"PATH", "HOME", "LANG", "TZ", "LC_ALL"}
    assert ENV["HOME"] != env["HOME"]


def test_a_packed_mirror_serves_as_before_and_keeps_what_our_refs_hold(world: World) -> None:
    candidate = work(world)
    tree = world.repo.snapshot("web-1").tree
    assert world.repo.maintain() is True
    assert sh(world.repo.path, "count-objects", "-v").splitlines()[0] == "count: 0"
    world.repo.git.facts.forget()
    assert (world.repo.has(candidate), world.repo.snapshot("web-1").tree) == (True, tree)


def test_where_there_is_no_mirror_there_is_nothing_to_pack(tmp_path: Path) -> None:
    git = Git(root=tmp_path / "repos", worktrees=tmp_path / "work", clock=Clock(), credentials=no_token)
    assert git.of("web", "https://example.invalid/web.git").maintain() is False
