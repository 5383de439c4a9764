"""The client on the hub: REST, faults on the way, tokens, pages, conditional reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestrator.clock import Clock
from orchestrator.github import checks, issues, pulls, repos
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub
from orchestrator.github.errors import (
    Forbidden,
    HeadMoved,
    Invalid,
    Malformed,
    NotFound,
    NotMergeable,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from orchestrator.github.words import object_of
from orchestrator.hub import Hub
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.pull import Pull, Required
from orchestrator.model.settings import GitHubSettings
from tests.rooms.github_world import World, running, said


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("hub")) as world:
        yield world


@pytest.fixture(scope="module")
def client(shared: World) -> GitHub:
    return shared.client()


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    shared.hub.faults.clear()
    shared.hub.requests.reset()
    shared.waits.clear()
    shared.etags.clear()
    yield shared
    shared.hub.faults.clear()


@pytest.fixture
def gh(world: World, client: GitHub) -> GitHub:
    return client


def sent(world: World, method: str = "") -> list[str]:
    return [r.path for r in world.hub.requests.all() if not method or r.method == method]


# Issues


def test_an_issue_is_filed_labelled_told_closed_and_reopened(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = issues.create(gh, repo, said("A title"), said("A body"), ["new", "Ready"])
    assert (made.title, made.body, made.author, made.open) == ("A title", "A body", "agent", True)
    assert made.labels == {"new", "Ready"}
    issues.add_labels(gh, repo, made.number, {"in-progress", "new"})
    issues.remove_label(gh, repo, made.number, "Ready")
    issues.remove_label(gh, repo, made.number, "never was")
    told = issues.comment(gh, repo, made.number, said("Started <!-- mark -->"))
    assert issues.edit_comment(gh, repo, told.id, said("Done <!-- mark -->")).id == told.id
    issues.close(gh, repo, made.number, "not_planned")
    assert world.hub.admin.find_issue(repo, made.number).state_reason == "not_planned"
    issues.reopen(gh, repo, made.number)
    picture = world.hub.admin.find_issue(repo, made.number)
    assert picture.state == "open"
    assert [c.body for c in issues.comments(gh, repo, made.number)] == ["Done <!-- mark -->"]


def test_what_happened_to_an_issue_is_told_oldest_first(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t", author="ada")
    world.hub.admin.label(repo, number, "a", actor="eve")
    issues.close(gh, repo, number)
    world.hub.admin.reopen(repo, number, actor="ada")
    told = [(e.kind, e.act.by, e.label) for e in issues.history(gh, repo, number)]
    assert told == [("labeled", "eve", "a"), ("closed", "agent", ""), ("reopened", "ada", "")]
    ada = world.hub.admin.account("ada")
    assert [e.act.id for e in issues.history(gh, repo, number)][-1] == ada.id


def test_when_anything_of_a_repository_last_changed_is_one_small_answer(world: World, gh: GitHub) -> None:
    repo = world.repo()
    assert issues.newest(gh, repo) == ""
    number = world.hub.admin.issue(repo, "t", author="ada")
    world.hub.admin.issue(repo, "u", author="ada")
    world.hub.admin.close(repo, number, actor="ada")
    world.hub.requests.reset()
    assert issues.newest(gh, repo) == world.hub.admin.find_issue(repo, number).updated_at
    assert len(sent(world)) == 1
    before = gh.stats.not_modified
    issues.newest(gh, repo)
    assert gh.stats.not_modified == before + 1


def test_labels_are_made_once_and_compared_without_case(world: World, gh: GitHub) -> None:
    repo = world.repo()
    issues.ensure_labels(gh, repo, ["prio:high", "Blocked"])
    world.hub.requests.reset()
    issues.ensure_labels(gh, repo, ["PRIO:HIGH", "blocked", "new one"])
    assert len(sent(world, "POST")) == 1


def test_a_comment_is_found_by_its_marker_only_when_it_is_ours(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t", author="ada")
    world.hub.admin.comment(repo, number, "> <!-- mark --> quoted", actor="eve")
    assert issues.find_marked(gh, repo, number, "<!-- mark -->") is None
    ours = issues.comment(gh, repo, number, said("Ours <!-- mark -->"))
    found = issues.find_marked(gh, repo, number, "<!-- mark -->")
    assert found is not None
    assert (found.id, found.author) == (ours.id, "agent")


def test_lists_are_read_to_the_last_page(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t")
    for n in range(230):
        world.hub.admin.comment(repo, number, f"comment {n}", actor="ada")
    ours = issues.comment(gh, repo, number, said("the last <!-- mark -->"))
    bodies = [c.body for c in issues.comments(gh, repo, number)]
    assert bodies[:230] == [f"comment {n}" for n in range(230)]
    assert len(bodies) == 231
    found = issues.find_marked(gh, repo, number, "<!-- mark -->")
    assert found is not None
    assert found.id == ours.id


def test_a_second_look_costs_nothing_of_the_limit(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t")
    for n in range(101):
        world.hub.admin.comment(repo, number, f"{n}")
    gh.login()

    def remaining() -> int:
        told = object_of(gh.rest("GET", "/rate_limit").data, "limits")
        return told.one("resources").one("core").number("remaining")

    first = issues.comments(gh, repo, number)
    before, unchanged = remaining(), gh.stats.not_modified
    assert issues.comments(gh, repo, number) == first
    assert gh.stats.not_modified - unchanged == 2
    assert remaining() == before
    issues.comment(gh, repo, number, said("new"))
    assert len(issues.comments(gh, repo, number)) == 102


# Faults around writes

WRITES = ["issue", "comment", "pull"]


def _write(gh: GitHub, kind: str, repo: RepoName, number: int) -> object:
    match kind:
        case "issue":
            return issues.create(gh, repo, said("once"), said(""))
        case "comment":
            return issues.comment(gh, repo, number, said("once"))
        case _:
            return pulls.open(gh, repo, "work", "main", said("once"), said(""))


def _count(world: World, kind: str, repo: RepoName, number: int) -> int:
    picture = str(world.hub.admin.snapshot())
    assert repo in picture
    gh = world.client()
    match kind:
        case "issue":
            return sum(1 for i in gh.pages(f"{repos.path(repo)}/issues", {"state": "all"}) if i.text("title") == "once")
        case "comment":
            return len(issues.comments(gh, repo, number))
        case _:
            return len(pulls.find(gh, repo, "work", state="all"))


@pytest.mark.parametrize(
    "fault", [{"status": 502, "when": "after"}, {"drop": "after"}, {"status": 502}, {"drop": "before"}]
)
@pytest.mark.parametrize("kind", WRITES)
def test_a_write_that_got_no_answer_was_applied_at_most_once_and_says_it_is_uncertain(
    world: World, gh: GitHub, kind: str, fault: dict[str, object]
) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t")
    world.hub.admin.push(repo, "work", {"a.txt": "a\n"}, author="agent")
    world.hub.faults.add({"method": "POST", "path": f"^/repos/{repo}/"}, fault)
    with pytest.raises(Unavailable) as told:
        _write(gh, kind, repo, number)
    assert told.value.uncertain
    world.hub.faults.clear()
    assert _count(world, kind, repo, number) == (1 if "after" in fault.values() else 0)


def test_reads_are_repeated_over_faults(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.faults.add({"method": "GET", "times": 1}, {"status": 502})
    world.hub.faults.add({"method": "GET", "times": 1}, {"drop": "before"})
    assert repos.default_branch(gh, repo) == "main"


def test_a_cut_answer_is_repeated_by_the_next_tick_not_believed(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.faults.add({"method": "GET", "path": repo}, {"truncate": True})
    with pytest.raises(Unavailable) as told:
        repos.default_branch(gh, repo)
    assert not told.value.uncertain


def test_a_secondary_limit_is_told_with_its_wait_and_nothing_is_written(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t")
    world.hub.faults.add(
        {"method": "POST", "path": repo}, {"status": 403, "retry_after": 7, "message": "secondary rate limit"}
    )
    with pytest.raises(RateLimited) as told:
        issues.comment(gh, repo, number, said("x"))
    assert not told.value.uncertain
    assert world.waits == [pytest.approx(7, abs=0.5)]
    world.hub.faults.clear()
    assert issues.comments(gh, repo, number) == ()


def test_every_write_is_paced_and_no_read(world: World) -> None:
    repo = world.repo()
    paced: list[int] = []
    gh = world.client(before_write=lambda: paced.append(1))
    made = issues.create(gh, repo, said("t"), said(""))
    issues.comments(gh, repo, made.number)
    issues.add_labels(gh, repo, made.number, ["a"])
    assert len(paced) == gh.stats.writes == 2


# Pull requests


def opened(world: World, gh: GitHub, repo: RepoName, branch: str = "agent/x-1") -> Pull:
    world.hub.admin.push(repo, branch, {"a.txt": f"{branch}\n"}, author="agent", message="work")
    return pulls.open(gh, repo, branch, "main", said("Title"), said("Body"))


def test_a_pull_request_is_opened_once_and_found_by_its_branch(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = opened(world, gh, repo)
    assert pulls.open(gh, repo, "agent/x-1", "main", said("Again"), said("")).number == made.number
    assert [p.number for p in pulls.find(gh, repo, "agent/x-1")] == [made.number]
    assert pulls.find(gh, repo, "agent/x") == ()
    pulls.edit(gh, repo, made.number, title=said("Better"))
    pulls.close(gh, repo, made.number)
    assert pulls.find(gh, repo, "agent/x-1") == ()
    (closed,) = pulls.find(gh, repo, "agent/x-1", state="all")
    assert (closed.title, closed.open, closed.merged) == ("Better", False, False)


def test_nothing_to_show_is_refused(world: World, gh: GitHub) -> None:
    repo = world.repo()
    with pytest.raises(Invalid):
        pulls.open(gh, repo, "nowhere", "main", said("t"), said(""))


def test_merging_by_sha_squashes_what_was_judged_and_nothing_else(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = opened(world, gh, repo)
    moved = world.hub.admin.push(repo, "agent/x-1", {"b.txt": "b\n"}, author="ada", message="more")
    with pytest.raises(HeadMoved) as told:
        pulls.merge(gh, made, made.head_sha, said("t"), said("m"))
    assert not told.value.uncertain
    sha = pulls.merge(gh, made, Sha(moved), said("Title (#1)"), said("Body\n\nTask: x-1"))
    newest = world.hub.admin.log(repo, "main")[0]
    assert newest.sha == sha
    assert newest.message.startswith("Title (#1)\n\nBody")
    with pytest.raises(NotMergeable):
        pulls.merge(gh, made, Sha(moved), said("t"), said("m"))
    pulls.delete_ref(gh, repo, "agent/x-1")
    pulls.delete_ref(gh, repo, "agent/x-1")
    assert set(world.hub.admin.branches(repo)) == {"main"}


def test_a_conflict_is_not_mergeable(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = opened(world, gh, repo)
    world.hub.admin.push(repo, "main", {"a.txt": "other\n"}, author="ada", message="other")
    with pytest.raises(NotMergeable):
        pulls.merge(gh, made, made.head_sha, said("t"), said("m"))


def test_a_lost_answer_of_a_merge_is_uncertain_and_it_is_merged(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = opened(world, gh, repo)
    world.hub.faults.add({"method": "PUT", "path": "merge$"}, {"status": 502, "when": "after"})
    with pytest.raises(Unavailable) as told:
        pulls.merge(gh, made, made.head_sha, said("t"), said("m"))
    assert told.value.uncertain
    (now,) = pulls.find(gh, repo, "agent/x-1", state="all")
    assert now.merged
    assert now.merge_sha == world.hub.admin.log(repo, "main")[0].sha


def test_behind_is_asked_of_the_comparison(world: World, gh: GitHub) -> None:
    repo = world.repo()
    made = opened(world, gh, repo)
    assert not pulls.behind(gh, made)
    world.hub.admin.push(repo, "main", {"c.txt": "c\n"}, author="ada", message="moved on")
    assert pulls.behind(gh, made)
    with pytest.raises(HeadMoved):
        pulls.update_branch(gh, made, Sha("0" * 40))
    pulls.update_branch(gh, made, made.head_sha)
    (now,) = pulls.find(gh, repo, "agent/x-1")
    assert now.head_sha != made.head_sha
    assert not pulls.behind(gh, now)


# Checks


def test_a_failed_check_comes_with_its_log(world: World, gh: GitHub) -> None:
    repo = world.repo(ci={"test": "echo needle in the log; exit 3", "lint": "true"})
    made = opened(world, gh, repo)
    world.hub.ci_idle(30)
    checks.set_status(gh, repo, made.head_sha, "agent-os/review", "failure", said("x" * 300), "http://127.0.0.1/")
    checks.set_status(gh, repo, made.head_sha, "other", "success", said("fine"))
    failed = {c.name: c for c in checks.failed(gh, repo, made.head_sha)}
    assert set(failed) == {"test", "agent-os/review"}
    assert failed["test"].conclusion == "failure"
    assert "needle in the log" in failed["test"].summary
    assert failed["agent-os/review"].summary == "x" * 140
    assert failed["test"].head_sha == made.head_sha


def test_required_checks_are_read_with_their_app(world: World, gh: GitHub) -> None:
    repo = world.repo()
    assert checks.required(gh, repo, "main") == ()
    world.hub.admin.protect(repo, "main", checks=[{"context": "test", "app_id": 15368}, "lint"])
    assert checks.required(gh, repo, "main") == (
        Required(context="test", app=15368), Required(context="lint"),
    )  # fmt: skip


# Who we are, and what we may


def test_permission_words(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.admin.collaborator(repo, "eve", "read")
    words = {who: repos.permission(gh, repo, who) for who in ("ada", "agent", "eve", "nobody-at-all")}
    assert words["ada"] == "admin"
    assert words["eve"] == "read"
    assert words["nobody-at-all"] == "none"


def test_an_unknown_token_a_missing_permission_and_a_private_thing(world: World) -> None:
    repo = world.repo(private=True)
    with pytest.raises(Unauthorized):
        repos.default_branch(world.client(token="ghp_unknown"), repo)
    with pytest.raises(NotFound):
        repos.default_branch(world.client("eve"), repo)
    reader = world.client(token=world.hub.admin.token("agent", permissions={"metadata": "read", "issues": "read"}))
    number = world.hub.admin.issue(repo, "t")
    with pytest.raises(Forbidden) as told:
        issues.comment(reader, repo, number, said("x"))
    assert not told.value.uncertain


def _keys(folder: Path) -> tuple[Path, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "app.pem").write_bytes(private)
    return folder / "app.pem", public.decode()


def test_an_app_writes_as_its_bot_and_renews_its_token_before_it_ends(tmp_path: Path) -> None:
    file, public = _keys(tmp_path)
    with running(tmp_path) as world:
        app = world.hub.admin.app("agent-os", public, installations=["ada"], owner="ada")
        settings = world.settings(app_id=str(app.id), app_private_key_file=str(file))
        source = TokenSource(settings, world.clock, environ={})
        gh = world.of(source)
        repo = world.repo()
        made = issues.create(gh, repo, said("t"), said(""))
        assert made.author == "agent-os[bot]"
        ours = issues.comment(gh, repo, made.number, said("x <!-- mark -->"))
        assert issues.find_marked(gh, repo, made.number, "<!-- mark -->") == ours
        assert issues.read(gh, repo, made.number).author == "agent-os[bot]"
        assert len([p for p in sent(world, "POST") if "access_tokens" in p]) == 1
        first = source.token()
        world.clock.advance(54 * 60)
        assert source.token() == first
        world.clock.advance(2 * 60)
        assert source.token() != first
        issues.comment(gh, repo, made.number, said("y"))
        assert {first, source.token()} <= set(source.known_secrets())


def test_an_app_without_its_key_says_so(tmp_path: Path) -> None:
    settings = GitHubSettings(app_id="1", app_private_key_file=str(tmp_path / "none.pem"))
    with pytest.raises(Unauthorized, match=re.escape("none.pem")):
        TokenSource(settings, Clock(), environ={}).token()
    (tmp_path / "none.pem").write_text("no key")
    with pytest.raises(Malformed, match="private_key_file"):
        TokenSource(settings, Clock(), environ={}).token()


def test_the_token_is_looked_for_in_order(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    asked: list[str] = []

    def gh(host: str) -> str:
        asked.append(host)
        return "from-gh"

    def source(environ: dict[str, str], token_file: str = "", url: str = "https://github.com") -> TokenSource:
        settings = GitHubSettings(token_env="TOK", token_file=token_file, web_url=url)
        return TokenSource(settings, Clock(), environ=environ, gh=gh)

    assert source({"TOK": "from-env"}, str(file)).token() == "from-env"
    assert source({}, str(file)).token() == "from-file"
    assert asked == []
    assert source({}, url="https://ghe.example").token() == "from-gh"
    assert asked == ["ghe.example"]
    with pytest.raises(Unauthorized, match="missing or empty"):
        source({}, str(tmp_path / "absent")).token()


def test_no_token_names_every_place() -> None:
    source = TokenSource(GitHubSettings(token_env="TOK"), Clock(), environ={}, gh=lambda host: "")
    with pytest.raises(Unauthorized, match=r"TOK.*token_file.*github\.app.*gh auth login"):
        source.token()


def test_the_real_gh_command_is_no_trouble_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unauthorized):
        TokenSource(GitHubSettings(token_env="TOK"), Clock(), environ={}).token()
    (tmp_path / "gh").write_text('#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo from-gh\n')
    (tmp_path / "gh").chmod(0o755)
    assert TokenSource(GitHubSettings(token_env="TOK"), Clock(), environ={}).token() == "from-gh"


def test_the_limit_of_the_hour_is_told_with_its_end(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        repo = world.repo()
        gh = world.client()
        reset = int(gh.rest("GET", repos.path(repo)).headers["x-ratelimit-reset"])
        left = int(gh.rest("GET", repos.path(repo)).headers.get("x-ratelimit-remaining", "0"))
        world.hub.faults.add({"path": repo}, {"status": 429, "retry_after": 60})
        with pytest.raises(RateLimited) as told:
            repos.default_branch(gh, repo)
        assert left > 0
        assert told.value.until - world.clock.now() <= timedelta(seconds=60)
        assert datetime.fromtimestamp(reset, UTC) > world.clock.now()


def test_base_addresses_of_an_enterprise_server_work(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub:
        hub.admin.user("ada")
        hub.admin.repo("ada/app", files={"a": "a"})
        settings = GitHubSettings(api_url=f"{hub.url}/api/v3", graphql_url=f"{hub.url}/api/graphql", web_url=hub.url)
        gh = GitHub(settings, Clock(), TokenSource(settings, Clock(), environ={"GITHUB_TOKEN": hub.admin.token("ada")}))
        for _ in range(101):
            hub.admin.issue("ada/app", "t")
        assert repos.default_branch(gh, RepoName("ada/app")) == "main"
        assert len(list(gh.pages("/repos/ada/app/issues"))) == 101
        gh.close()
