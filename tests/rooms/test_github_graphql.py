"""The client on the hub: boards, the one question, pull requests in batches, partial answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from orchestrator.github import board, checks, issues, pulls, reviews
from orchestrator.github.client import GitHub
from orchestrator.github.errors import (
    GitHubError,
    Misconfigured,
    NotFound,
    PartialAnswer,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from orchestrator.github.words import Json
from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.pull import CheckState, Mergeable, ReviewState
from tests.rooms.github_world import World, running, said

COLUMNS = ["Backlog", "Ready", "In Progress", "Blocked", "Done"]


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
    shared.waits.clear()
    yield shared
    shared.hub.faults.clear()


@pytest.fixture
def gh(world: World, client: GitHub) -> GitHub:
    return client


def ready(gh: GitHub, number: int | None, *repos: RepoName, owner: str = "ada", label: str = "ready") -> list[Issue]:
    return list(board.question(gh, owner, number, dict.fromkeys(repos, label), "Ready").ready)


def titles(found: list[Issue]) -> set[str]:
    return {issue.title for issue in found}


def a_board(world: World, owner: str, repos: Sequence[RepoName]) -> int:
    return world.hub.admin.board(owner, options=COLUMNS, repos=[*repos, world.repo(owner)])


def rate(gh: GitHub) -> int:
    """Points left this hour; asking takes one itself."""
    return gh.probe("query Rate { rateLimit { remaining } }", {}).one("rateLimit").number("remaining")


# The one question


def test_ready_is_the_column_or_the_label_each_issue_once(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo, other, foreign = world.repo(), world.repo(), world.repo()
    number = a_board(world, "ada", [repo])
    admin.issue(repo, "by board", board=number, status="Ready")
    admin.issue(repo, "by label", labels=["ready"])
    admin.issue(other, "by both", labels=["ready"], board=number, status="Ready")
    admin.issue(repo, "label beside another column", labels=["Ready"], board=number, status="Blocked")
    admin.issue(repo, "in the backlog", board=number, status="Backlog")
    admin.issue(repo, "no column", board=number)
    admin.issue(foreign, "of a repository that is not ours", board=number, status="Ready")
    closed = admin.issue(repo, "closed", labels=["ready"], board=number, status="Ready")
    admin.close(repo, closed)
    found = ready(gh, number, repo, other)
    assert titles(found) == {"by board", "by label", "by both", "label beside another column"}
    assert len(found) == 4
    cards = {i.title: i.card.status if i.card else None for i in found}
    assert cards == {
        "by board": "Ready", "by label": None, "by both": "Ready", "label beside another column": "Blocked",
    }  # fmt: skip


def test_the_question_is_one_request_and_needs_no_client_library(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repos = [world.repo() for _ in range(3)]
    number = a_board(world, "ada", repos)
    for n in range(100):
        admin.issue(repos[n % 3], f"t{n}", board=number, status="Backlog")
    # 100 cards with labels, their times, renames and edits, three lists of up to 20 such issues: (4 x 160 + 4) / 100.
    before = gh.stats.requests
    assert ready(gh, number, *repos) == []
    assert gh.stats.requests - before == 1
    left = rate(gh)
    assert ready(gh, number, *repos) == []
    assert left - rate(gh) <= 7 + 1


def test_an_idle_question_loads_neither_pygithub_nor_gql(world: World) -> None:
    repo = world.repo()
    number = a_board(world, "ada", [repo])
    program = f"""
import sys
from orchestrator.clock import Clock
from orchestrator.github import board
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub
from orchestrator.model.settings import GitHubSettings
settings = GitHubSettings(api_url={world.hub.url!r}, graphql_url={world.hub.url + "/graphql"!r})
token = TokenSource(settings, Clock(), environ={{"GITHUB_TOKEN": {world.hub.admin.token("agent")!r}}})
gh = GitHub(settings, Clock(), token)
assert board.question(gh, "ada", {number}, {{{repo!r}: "ready"}}, "Ready").ready == ()
heavy = {{"github", "gql", "graphql", "httpx", "requests", "yaml"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_more_than_a_page_is_read_to_the_end(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    number = a_board(world, "ada", [repo])
    for n in range(150):
        admin.issue(repo, f"b{n}", board=number, status="Ready" if n % 10 == 9 else "Backlog")
    for n in range(130):
        admin.issue(repo, f"l{n}", labels=["ready"])
    expected = {f"b{n}" for n in range(9, 150, 10)} | {f"l{n}" for n in range(130)}
    found = ready(gh, number, repo)
    assert titles(found) == expected
    assert len(found) == len(expected)


def test_without_a_board_the_label_decides(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.admin.issue(repo, "one", labels=["go"])
    world.hub.admin.issue(repo, "two", labels=["ready"])
    answer = board.question(gh, "ada", None, {repo: "go"}, "Ready")
    assert answer.board is None
    assert titles(list(answer.ready)) == {"one"}


def test_each_repository_has_a_ready_label_of_its_own(world: World, gh: GitHub) -> None:
    first, second = world.repo(), world.repo()
    for repo in (first, second):
        for label in ("go", "start"):
            world.hub.admin.issue(repo, f"{label} in {repo}", labels=[label])
    found = list(board.question(gh, "ada", None, {first: "go", second: "start"}, "Ready").ready)
    assert titles(found) == {f"go in {first}", f"start in {second}"}


def test_more_repositories_than_one_query_takes(world: World, gh: GitHub) -> None:
    repos = [world.repo(files={}) for _ in range(board.PER_QUERY + 2)]
    for repo in (repos[0], repos[-1]):
        world.hub.admin.issue(repo, repo, labels=["ready"])
    before = gh.stats.requests
    assert titles(ready(gh, None, *repos)) == {repos[0], repos[-1]}
    assert gh.stats.requests - before == 2


def test_a_board_of_an_organization_and_who_set_the_column(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    admin.org("acme", members={"ada": "admin", "agent": "admin"})
    repo = world.repo("acme")
    number = a_board(world, "acme", [repo])
    issue = admin.issue(repo, "t", author="eve", board=number)
    admin.set_status(repo, issue, "Ready", actor="ada")
    (found,) = ready(gh, number, repo, owner="acme")
    assert found.author == "eve"
    assert found.card is not None
    assert (found.card.set_by, bool(found.card.set_at)) == ("ada", True)


@pytest.mark.parametrize(
    ("owner", "number", "column", "words"),
    [
        ("nobody-here", 1, "Ready", "nobody-here"),
        ("ada", 999, "Ready", "ada/999"),
        ("ada", 0, "Shipped", "Backlog, Ready"),
    ],
)
def test_a_wrong_board_owner_or_column_is_named(
    world: World, gh: GitHub, owner: str, number: int, column: str, words: str
) -> None:
    repo = world.repo()
    number = number or a_board(world, "ada", [repo])
    with pytest.raises(Misconfigured, match=words):
        board.question(gh, owner, number, {repo: "ready"}, column)


def test_a_repository_that_is_not_there_is_named(world: World, gh: GitHub) -> None:
    repo = world.repo()
    with pytest.raises(Misconfigured, match="ada/never-was"):
        ready(gh, None, repo, RepoName("ada/never-was"))


def test_part_of_an_answer_is_no_answer(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.admin.issue(repo, "t", labels=["ready"])
    broken = {"message": "Something went wrong", "type": "SERVICE_UNAVAILABLE"}
    world.hub.faults.add({"operation": "Ready"}, {"graphql": [broken]})
    with pytest.raises(PartialAnswer):
        ready(gh, None, repo)
    world.hub.faults.clear()
    assert titles(ready(gh, None, repo)) == {"t"}


def test_a_question_survives_faults_on_the_way(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.admin.issue(repo, "t", labels=["ready"])
    world.hub.faults.add({"operation": "Ready", "times": 1}, {"status": 502})
    world.hub.faults.add({"operation": "Ready", "times": 1}, {"drop": "after"})
    assert titles(ready(gh, None, repo)) == {"t"}


def test_an_unknown_token_is_told_as_such(world: World) -> None:
    stranger = world.client(token="ghp_unknown")
    for ask in (lambda: ready(stranger, None, RepoName("ada/x")), lambda: board.find(stranger, "ada", 1)):
        with pytest.raises(Unauthorized):
            ask()


def test_a_limit_on_graphql_is_told_with_its_wait(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.faults.add({"operation": "Ready"}, {"status": 403, "retry_after": 9, "message": "secondary rate limit"})
    with pytest.raises(RateLimited):
        ready(gh, None, repo)
    assert world.waits == [pytest.approx(9, abs=0.5)]


# Cards


def test_a_card_is_put_on_the_board_once_and_moved(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    number = a_board(world, "ada", [repo])
    issue = issues.read(gh, repo, admin.issue(repo, "t"))
    found = board.find(gh, "ada", number)
    assert [name for name, _ in found.options] == COLUMNS
    assert board.card(gh, issue.node_id, found.project_id) is None
    item = board.add(gh, found, issue.node_id)
    assert board.add(gh, found, issue.node_id) == item
    option = found.option("in progress")
    assert option is not None
    for _ in range(2):
        board.move(gh, found, item, option)
        assert admin.status(repo, issue.number) == "In Progress"
    card = board.card(gh, issue.node_id, found.project_id)
    assert card is not None
    assert (card.item_id, card.status, card.set_by) == (item, "In Progress", "agent")


def test_a_lost_answer_of_a_move_is_uncertain_and_sent_once(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    number = a_board(world, "ada", [repo])
    issue = admin.issue(repo, "t", board=number)
    found = board.find(gh, "ada", number)
    node = issues.read(gh, repo, issue).node_id
    card = board.card(gh, node, found.project_id)
    assert card is not None
    before = gh.stats.requests
    world.hub.faults.add({"operation": "Move"}, {"status": 502, "when": "after"})
    with pytest.raises(Unavailable) as told:
        board.move(gh, found, card.item_id, found.option("Done") or "")
    assert told.value.uncertain
    assert gh.stats.requests - before == 1
    assert admin.status(repo, issue) == "Done"


def test_a_move_of_something_unknown_is_refused_for_certain(world: World, gh: GitHub) -> None:
    found = board.find(gh, "ada", a_board(world, "ada", ()))
    with pytest.raises(GitHubError) as told:
        board.move(gh, found, "PVTI_unknown", found.option("Done") or "")
    assert not told.value.uncertain


# Issues


def test_an_issue_tells_who_changed_its_words_last(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    number = admin.issue(repo, "t", "b", author="ada")
    assert issues.read(gh, repo, number).editor == ""
    admin.edit_issue(repo, number, body="other words", actor="eve")
    edited = issues.read(gh, repo, number)
    assert (edited.author, edited.editor, edited.body) == ("ada", "eve", "other words")
    assert edited.edited_at


def test_a_changed_title_counts_as_an_edit(world: World, gh: GitHub) -> None:
    repo = world.repo()
    number = world.hub.admin.issue(repo, "t", "b", author="ada")
    world.hub.admin.edit_issue(repo, number, title="delete everything", actor="eve")
    assert issues.read(gh, repo, number).editor == "eve"


def test_states_of_many_come_in_one_question_and_what_is_missing_is_left_out(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo, other = world.repo(), world.repo()
    one, two = admin.issue(repo, "one", "body"), admin.issue(other, "two")
    admin.close(other, two)
    admin.push(repo, "work", {"a": "a"}, author="ada")
    pull = admin.open_pull(repo, "work")
    wanted = [(repo, one), (other, two), (repo, 99), (RepoName("ada/never-was"), 1), (repo, pull)]
    found = issues.state_of(gh, wanted)
    assert {ref: issue.open for ref, issue in found.items()} == {
        (repo, one): True, (other, two): False, (repo, pull): True,
    }  # fmt: skip
    assert found[repo, one].body == "body"
    before = gh.stats.requests
    assert len(issues.state_of(gh, wanted[:2])) == 2
    assert gh.stats.requests - before == 1
    with pytest.raises(NotFound):
        issues.read(gh, repo, 99)


# Pull requests


def test_a_watched_pull_request_carries_what_merging_needs(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo(ci={"test": "true", "lint": "exit 1"})
    admin.protect(repo, "main", checks=["test"])
    head = admin.push(repo, "agent/x", {"a.txt": "a"}, author="agent")
    number = pulls.open(gh, repo, "agent/x", "main", said("t"), said("b")).number
    world.hub.ci_idle(30)
    found = pulls.watch(gh, [(repo, number), (repo, 99)])
    assert list(found) == [(repo, number)]
    pull = found[repo, number]
    assert (pull.head_sha, pull.head_ref, pull.head_repo) == (head, "agent/x", repo)
    assert (pull.open, pull.merged, pull.draft, pull.author) == (True, False, False, "agent")
    assert pull.base_sha == admin.log(repo, "main")[0].sha
    states = {c.name: (c.state, c.required, c.app) for c in pull.checks}
    assert states == {
        "test": (CheckState.GREEN, True, "github-actions"), "lint": (CheckState.RED, False, "github-actions"),
    }  # fmt: skip
    moved = admin.push(repo, "main", {"z": "z"}, author="ada")
    assert pulls.watch(gh, [(repo, number)])[repo, number].base_sha == moved


def test_what_people_said_comes_along_threads_to_the_last_page_and_no_drafts(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    admin.push(repo, "agent/x", {"a.txt": "a\n"}, author="agent")
    pull = pulls.open(gh, repo, "agent/x", "main", said("t"), said("b"))
    where = f"/repos/{repo}/pulls/{pull.number}"
    admin.review(repo, pull.number, "COMMENT", body="talk", actor="ada")
    admin.review(repo, pull.number, "APPROVE", body="fine", actor="ada")
    admin.label(repo, pull.number, "agent-os-approved", actor="eve")
    note: dict[str, Json] = {"path": "a.txt", "line": 1, "commit_id": pull.head_sha}
    for n in range(31):
        gh.rest("POST", f"{where}/comments", body={**note, "body": f"c{n}"})
    gh.rest("POST", f"{where}/reviews", body={"comments": [{"path": "a.txt", "line": 1, "body": "a draft"}]})
    told = pulls.watch(gh, [(repo, pull.number)])[repo, pull.number].said
    (review,) = told.reviews
    assert (review.act.by, review.state, review.head_sha, review.body) == (
        "ada", ReviewState.APPROVED, pull.head_sha, "fine",
    )  # fmt: skip
    assert review.act.id > 0
    assert [(one.label, one.act.by) for one in told.labelled] == [("agent-os-approved", "eve")]
    assert [c.body for t in told.threads for c in t.comments] == [f"c{n}" for n in range(31)]
    assert {(t.path, t.line, t.resolved, t.earlier) for t in told.threads[:31]} == {("a.txt", 1, False, 0)}
    first = reviews.conversation(gh, told.threads[0].id)
    assert first is not None
    assert reviews.reply(gh, repo, pull.number, first.first, said("done")).startswith("http")
    reviews.resolve(gh, repo, told.threads[0].id)
    again = reviews.conversation(gh, told.threads[0].id)
    assert again is not None
    assert again.thread.resolved
    assert [c.body for c in again.thread.comments] == ["c0", "done"]
    assert reviews.conversation(gh, pull.node_id) is None


def test_mergeable_is_unknown_before_it_is_known(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    admin.push(repo, "agent/x", {"a.txt": "a"}, author="agent")
    number = pulls.open(gh, repo, "agent/x", "main", said("t"), said("b")).number
    admin.push(repo, "main", {"a.txt": "other"}, author="ada")
    seen = []
    for _ in range(50):
        seen.append(pulls.watch(gh, [(repo, number)])[repo, number].mergeable)
        if seen[-1] is not Mergeable.UNKNOWN:
            break
        world.clock.sleep(0.02)
    assert seen[-1] is Mergeable.CONFLICT
    assert Mergeable.YES not in seen


def test_a_merged_and_a_closed_one_say_so_and_by_whom(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    numbers = []
    for name in ("one", "two"):
        admin.push(repo, name, {name: name}, author="agent")
        numbers.append(pulls.open(gh, repo, name, "main", said(name), said("")).number)
    merge = admin.merge_pull(repo, numbers[0], actor="ada")
    admin.close_pull(repo, numbers[1], actor="eve")
    found = pulls.watch(gh, [(repo, n) for n in numbers])
    merged, closed = (found[repo, n] for n in numbers)
    assert (merged.merged, merged.open, merged.merge_sha) == (True, False, merge)
    assert (closed.merged, closed.open, closed.closed_by) == (False, False, "eve")


def test_more_pull_requests_than_one_question_takes_are_asked_in_two(world: World, gh: GitHub) -> None:
    admin = world.hub.admin
    repo = world.repo()
    for n in range(26):
        admin.push(repo, f"b{n}", {f"f{n}": "x"}, author="agent")
    numbers = [pulls.open(gh, repo, f"b{n}", "main", said("t"), said("")).number for n in range(26)]
    before = gh.stats.requests
    assert len(pulls.watch(gh, [(repo, n) for n in numbers])) == 26
    assert gh.stats.requests - before == 2


def test_more_than_a_page_of_checks_is_read_to_the_end(world: World, gh: GitHub) -> None:
    repo = world.repo()
    world.hub.admin.push(repo, "agent/x", {"a.txt": "a"}, author="agent")
    pull = pulls.open(gh, repo, "agent/x", "main", said("t"), said("b"))
    for n in range(101):
        checks.set_status(gh, repo, pull.head_sha, f"c{n:03d}", "failure" if n == 100 else "success", said(""))
    found = pulls.watch(gh, [(repo, pull.number)])[repo, pull.number].checks
    assert sorted(c.name for c in found) == [f"c{n:03d}" for n in range(101)]
    assert [c.name for c in found if c.state is CheckState.RED] == ["c100"]
