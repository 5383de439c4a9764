"""The client before answers that are wrong, cut, refused or missing: nothing of them is ever taken for a fact."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.clock import Clock
from orchestrator.github import board, checks, documents, issues, pulls, repos, wire
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub, Hooks
from orchestrator.github.errors import (
    Forbidden,
    GitHubError,
    HeadMoved,
    Incomplete,
    Invalid,
    Malformed,
    Misconfigured,
    NotFound,
    NotMergeable,
    PartialAnswer,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from orchestrator.github.words import Words
from orchestrator.model.issue import Board
from orchestrator.model.names import Public, RepoName, Sha
from orchestrator.model.pull import CheckState, Pull
from orchestrator.model.settings import GitHubSettings
from tests.stubs.scripted_http import Play, Script, running

REPO = RepoName("ada/app")
NOW = "2026-11-21T08:00:00Z"
BODY = Public("text")


@pytest.fixture(scope="module")
def server() -> Iterator[Script]:
    with running() as script:
        yield script


class World:
    """A client on a server that says what it is told, with hooks that remember."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.waits: list[float] = []
        self.paced = 0
        self.blocked = 0.0
        settings = GitHubSettings(api_url=script.url, graphql_url=f"{script.url}/graphql", web_url=script.url)
        hooks = Hooks(before_write=self.pace, retry_after=self.waits.append, blocked_for=lambda: self.blocked)
        token = TokenSource(settings, Clock(), environ={"GITHUB_TOKEN": "t0ken"})
        self.gh = GitHub(settings, Clock(), token, hooks, timeout=5)

    def pace(self) -> None:
        self.paced += 1

    def play(self, *plays: Play) -> None:
        self.script.play(*plays)

    @property
    def asked(self) -> int:
        return len(self.script.asked)


@pytest.fixture
def world(server: Script) -> Iterator[World]:
    made = World(server)
    yield made
    made.gh.close()


# Good answers, as GitHub's schema shapes them.

PAGE = {"hasNextPage": False, "endCursor": None}
ADA = {"__typename": "User", "login": "ada"}
TICKET: dict[str, Any] = {
    "id": "I_1", "number": 1, "title": "t", "body": "b", "url": "u", "state": "OPEN", "stateReason": None,
    "createdAt": NOW, "updatedAt": NOW, "lastEditedAt": None, "author": ADA, "editor": None,
    "labels": {"nodes": [{"name": "ready"}]}, "repository": {"nameWithOwner": "ada/app"},
    "renamed": {"pageInfo": {"hasPreviousPage": False}, "nodes": []}, "labelled": {"nodes": []},
    "userContentEdits": None,
}  # fmt: skip
VALUE: dict[str, Any] = {
    "name": "Ready",
    "createdAt": NOW,
    "updatedAt": NOW,
    "creator": {"__typename": "User", "login": "eve"},
}
ITEM = {"id": "PVTI_1", "isArchived": False, "fieldValueByName": VALUE, "content": {"__typename": "Issue", **TICKET}}
FIELD = {"id": "F", "options": [{"id": "o1", "name": "Ready"}, {"id": "o2", "name": "Done"}]}
PROJECT = {"id": "P", "updatedAt": NOW, "field": FIELD, "items": {"pageInfo": PAGE, "nodes": [ITEM]}}
READY = {
    "repositoryOwner": {"login": "ada", "projectV2": PROJECT},
    "r0": {"nameWithOwner": "ada/app", "issues": {"pageInfo": PAGE, "nodes": [TICKET]}},
}
BOARD = {"repositoryOwner": {"login": "ada", "projectV2": {"id": "P", "updatedAt": NOW, "field": FIELD}}}
RUN = {
    "__typename": "CheckRun", "databaseId": 5, "name": "test", "status": "COMPLETED", "conclusion": "SUCCESS",
    "summary": None, "detailsUrl": None, "isRequired": True, "checkSuite": {"app": {"slug": "github-actions"}},
}  # fmt: skip
WATCHED: dict[str, Any] = {
    "id": "PR_1", "number": 7, "url": "u", "title": "t", "state": "OPEN", "merged": False, "isDraft": False,
    "mergeable": "MERGEABLE", "headRefName": "agent/x", "headRefOid": "h" * 40, "baseRefName": "main",
    "baseRefOid": "a" * 40, "author": ADA, "headRepository": {"nameWithOwner": "ada/app"},
    "baseRef": {"target": {"oid": "b" * 40}}, "mergeCommit": None, "labels": {"nodes": []},
    "timelineItems": {"nodes": []}, "labelled": {"nodes": []},
    "reviews": {"pageInfo": {"hasPreviousPage": False}, "nodes": []},
    "reviewThreads": {"pageInfo": PAGE, "nodes": []},
    "commits": {"nodes": [{"commit": {
        "oid": "h" * 40, "statusCheckRollup": {"contexts": {"pageInfo": PAGE, "nodes": [RUN]}},
    }}]},
}  # fmt: skip
CARD = {"id": "PVTI_1", "isArchived": False, "project": {"id": "P"}, "fieldValueByName": VALUE}

Ask = Callable[[GitHub], object]
QUESTIONS: dict[str, tuple[dict[str, Any], Ask]] = {
    "ready": (READY, lambda gh: board.question(gh, "ada", 1, {REPO: "ready"}, "Ready")),
    "board": (BOARD, lambda gh: board.find(gh, "ada", 1)),
    "card": (
        {"node": {"projectItems": {"pageInfo": PAGE, "nodes": [CARD]}}},
        lambda gh: board.card(gh, "I_1", "P"),
    ),
    "issue": ({"r0": {"issue": TICKET}}, lambda gh: issues.read(gh, REPO, 1)),
    "pulls": (
        {"r0": {"nameWithOwner": "ada/app", "pullRequest": WATCHED}},
        lambda gh: pulls.watch(gh, [(REPO, 7)]),
    ),
    "viewer": ({"viewer": {"login": "ada"}}, lambda gh: gh.login()),
}


def graphql(data: object, **more: object) -> Play:
    return Play(body={"data": data, **more})


def first_list(data: Any) -> Any:
    """The first connection in an answer; the answer itself when there is none."""
    if isinstance(data, dict):
        if "nodes" in data and "pageInfo" in data:
            return data
        return next((f for v in data.values() if (f := first_list(v))), None)
    return None


def nodes_null(data: dict[str, Any]) -> Play:
    spoilt = copy.deepcopy(data)
    target = first_list(spoilt)
    if target is None:
        return graphql(dict.fromkeys(data))
    target["nodes"] = None
    return graphql(spoilt)


def node_null(data: dict[str, Any]) -> Play:
    spoilt = copy.deepcopy(data)
    target = first_list(spoilt)
    if target is None:
        return graphql({k: [] for k in data})
    target["nodes"] = [None]
    return graphql(spoilt)


ERROR = {"message": "Something went wrong while executing your query."}
MUTANTS: dict[str, Callable[[dict[str, Any]], Play]] = {
    "errors beside whole data": lambda data: graphql(data, errors=[ERROR]),
    "errors beside null data": lambda data: graphql(None, errors=[ERROR]),
    "an empty list of errors": lambda data: graphql(data, errors=[]),
    "data null": lambda data: graphql(None),
    "data the word null": lambda data: graphql("null"),
    "no data": lambda data: Play(body={}),
    "data empty": lambda data: graphql({}),
    "every part null": lambda data: graphql(dict.fromkeys(data)),
    "a list": lambda data: Play(body=[data]),
    "cut JSON": lambda data: Play(body=json.dumps({"data": data})[:-9]),
    "a cut connection": lambda data: Play(body=json.dumps({"data": data}), lost="cut"),
    "a dropped connection": lambda data: Play(lost="drop"),
    "a page of HTML": lambda data: Play(body="<html>Unicorn!</html>"),
    "502 with HTML": lambda data: Play(status=502, body="<html>Unicorn!</html>"),
    "null for a list": nodes_null,
    "null in a list": node_null,
    "limited": lambda data: graphql(None, errors=[{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]),
}


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_wrong_answer_to_a_question_becomes_a_value(world: World, question: str, mutant: str) -> None:
    data, ask = QUESTIONS[question]
    world.play(MUTANTS[mutant](data))
    with pytest.raises(GitHubError) as told:
        ask(world.gh)
    assert not told.value.uncertain


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_whole_answer_becomes_a_value(world: World, question: str) -> None:
    data, ask = QUESTIONS[question]
    world.play(graphql(data))
    assert ask(world.gh)


def test_each_kind_of_wrong_answer_has_its_name(world: World) -> None:
    expected = {
        "errors beside whole data": PartialAnswer,
        "data null": Malformed,
        "cut JSON": Unavailable,
        "a dropped connection": Unavailable,
        "502 with HTML": Unavailable,
        "limited": RateLimited,
    }
    for mutant, kind in expected.items():
        world.play(MUTANTS[mutant](READY))
        with pytest.raises(kind):
            board.find(world.gh, "ada", 1)


def test_a_question_is_asked_again_after_a_lost_answer(world: World) -> None:
    for ask in (world.gh.probe, world.gh.graphql):
        world.play(Play(lost="drop"), Play(status=502, body="<html>"), graphql({"viewer": {"login": "ada"}}))
        assert ask(documents.load("viewer"), {}).one("viewer").text("login") == "ada"
        assert world.asked == 3


def test_a_mutation_is_sent_once_and_its_lost_answer_is_uncertain(world: World) -> None:
    here = Board(project_id="P", status_field_id="F", options=())
    for play in (Play(lost="drop"), Play(status=502, body="<html>"), Play(body="{"), graphql(None, errors=[ERROR])):
        world.play(play)
        with pytest.raises(GitHubError) as told:
            board.move(world.gh, here, "i", "o")
        assert told.value.uncertain
        assert world.asked == 1
    assert world.paced == 4


def test_a_refused_mutation_is_certain(world: World) -> None:
    here = Board(project_id="P", status_field_id="F", options=())
    for type, kind in (("NOT_FOUND", NotFound), ("FORBIDDEN", Forbidden), ("UNPROCESSABLE", Invalid)):
        world.play(graphql(None, errors=[{"type": type, "path": ["addProjectV2ItemById"], "message": "no"}]))
        with pytest.raises(kind) as told:
            board.add(world.gh, here, "I_1")
        assert not told.value.uncertain


def test_a_write_whose_good_answer_cannot_be_read_is_uncertain(world: World) -> None:
    world.play(Play(status=201, body={"id": "not a number"}))
    with pytest.raises(Malformed) as told:
        issues.comment(world.gh, REPO, 1, BODY)
    assert told.value.uncertain


PULL = Pull(
    repo=REPO, number=7, node_id="PR", url="", title="", author="", head_ref="agent/x", head_sha=Sha("h"),
    head_repo="ada/app", base_ref="main", base_sha=Sha("b"), open=True, merged=False,
)  # fmt: skip


WRITES: dict[str, Ask] = {
    "POST": lambda gh: issues.comment(gh, REPO, 1, BODY),
    "PUT": lambda gh: pulls.merge(gh, PULL, Sha("h"), BODY, BODY),
    "PATCH": lambda gh: issues.close(gh, REPO, 1, "completed"),
    "DELETE": lambda gh: pulls.delete_ref(gh, REPO, "agent/x"),
}


@pytest.mark.parametrize("lost", [Play(lost="drop"), Play(status=502, body="<html>"), Play(status=503, body="{}")])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_sent_once_whatever_comes_back(world: World, write: str, lost: Play) -> None:
    world.play(lost)
    with pytest.raises(Unavailable) as told:
        WRITES[write](world.gh)
    assert told.value.uncertain
    assert [a.method for a in world.script.asked] == [write]
    assert world.paced == 1


def test_a_read_is_repeated_and_its_failure_is_certain(world: World) -> None:
    world.play(Play(lost="drop"), Play(status=500), Play(body={"default_branch": "trunk"}))
    assert repos.default_branch(world.gh, REPO) == "trunk"
    world.play(Play(status=503, body="<html>"))
    with pytest.raises(Unavailable) as told:
        repos.default_branch(world.gh, REPO)
    assert not told.value.uncertain
    assert world.asked == 4


def test_nobody_there_is_certain_even_for_a_write(world: World) -> None:
    settings = GitHubSettings(api_url="http://127.0.0.1:9", graphql_url="http://127.0.0.1:9/graphql")
    gh = GitHub(settings, Clock(), TokenSource(settings, Clock(), environ={"GITHUB_TOKEN": "t"}), timeout=1)
    here = Board(project_id="P", status_field_id="F", options=())
    for ask in (WRITES["POST"], lambda gh: board.move(gh, here, "i", "o"), lambda gh: gh.login()):
        with pytest.raises(Unavailable) as told:
            ask(gh)
        assert not told.value.uncertain


WANTED = {"x-accepted-github-permissions": "issues=write"}
FAULT = {"resource": "Issue", "field": "title", "code": "missing"}


@pytest.mark.parametrize(
    ("play", "kind", "words"),
    [
        (Play(status=401, body={"message": "Bad credentials"}), Unauthorized, "Bad credentials.*put a new one"),
        (Play(status=403, body={"message": "no"}, headers=WANTED), Forbidden, "issues=write"),
        (Play(status=404, body={"message": "Not Found"}), NotFound, "404"),
        (Play(status=410, body={"message": "gone"}), NotFound, "410"),
        (Play(status=422, body={"message": "Validation Failed", "errors": [FAULT]}), Invalid, "Issue title missing"),
        (Play(status=400, body="<html>"), GitHubError, "400"),
    ],
)
def test_a_refusal_has_its_name_and_is_certain(world: World, play: Play, kind: type[GitHubError], words: str) -> None:
    world.play(play)
    with pytest.raises(kind, match=words) as told:
        issues.comment(world.gh, REPO, 1, BODY)
    assert not told.value.uncertain


def test_a_merge_refused_says_what_to_do(world: World) -> None:
    for status, kind in ((409, HeadMoved), (405, NotMergeable)):
        world.play(Play(status=status, body={"message": "no"}))
        with pytest.raises(kind):
            WRITES["PUT"](world.gh)


def test_a_merge_that_merged_nothing_is_no_success(world: World) -> None:
    world.play(Play(body={"sha": "x", "merged": False, "message": "?"}))
    with pytest.raises(Malformed):
        WRITES["PUT"](world.gh)


LIMITS: list[tuple[Play, float]] = [
    (Play(status=403, body={"message": "You have exceeded a secondary rate limit"}, headers={"retry-after": "7"}), 7),
    (Play(status=429, body={"message": "Too many"}, headers={"retry-after": "3"}), 3),
    (Play(status=429, body={"message": "Too many"}), 60),
    (Play(status=403, body={"message": "You have exceeded a secondary rate limit."}), 60),
]


@pytest.mark.parametrize(("play", "seconds"), LIMITS)
def test_a_limit_is_told_to_all_and_not_sat_out(world: World, play: Play, seconds: float) -> None:
    for ask in (WRITES["POST"], lambda gh: repos.default_branch(gh, REPO), QUESTIONS["issue"][1]):
        world.waits.clear()
        world.play(play)
        with pytest.raises(RateLimited) as told:
            ask(world.gh)
        assert world.asked == 1
        assert world.waits == [pytest.approx(seconds, abs=1)]
        assert abs(told.value.until - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=1)


def test_the_primary_limit_ends_at_its_reset(world: World) -> None:
    reset = int((datetime.now(UTC) + timedelta(seconds=90)).timestamp())
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    world.play(Play(status=403, body={"message": "API rate limit exceeded"}, headers=headers))
    with pytest.raises(RateLimited):
        repos.default_branch(world.gh, REPO)
    world.play(Play(body={"default_branch": "main"}, headers=headers))
    assert repos.default_branch(world.gh, REPO) == "main", "the last allowed answer is still an answer"
    assert world.waits == [pytest.approx(91, abs=2), pytest.approx(91, abs=2)]


def test_while_we_are_to_wait_nothing_is_sent(world: World) -> None:
    world.play(graphql({"viewer": {"login": "ada"}}))
    world.blocked = 5
    for ask in (lambda gh: gh.login(), WRITES["POST"], QUESTIONS["issue"][1]):
        with pytest.raises(RateLimited):
            ask(world.gh)
    assert world.asked == 0


def test_a_list_is_read_to_its_end_or_not_at_all(world: World) -> None:
    more = {"Link": f'<{world.script.url}/repositories/9/labels?per_page=100&page=2>; rel="next"'}
    world.play(Play(body=[{"name": "a"}], headers=more), Play(body=[{"name": "b"}]))
    assert [label.text("name") for label in world.gh.pages("/repos/ada/app/labels")] == ["a", "b"]
    assert "page=2" in world.script.asked[1].path
    world.play(Play(body=[{"name": "a"}], headers=more))
    with pytest.raises(Incomplete):
        list(world.gh.pages("/repos/ada/app/labels", limit=3))


def test_a_second_page_that_is_lost_loses_the_list(world: World) -> None:
    items = {"pageInfo": {"hasNextPage": True, "endCursor": "c"}, "nodes": [ITEM]}
    first = copy.deepcopy(READY)
    first["repositoryOwner"]["projectV2"]["items"] = items  # type: ignore[index]
    world.play(graphql(first), graphql(None, errors=[ERROR]))
    with pytest.raises(PartialAnswer):
        QUESTIONS["ready"][1](world.gh)


def spoil(path: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(READY)
    at: Any = data
    *steps, last = path.split(".")
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    return data


PROJECT_AT = "repositoryOwner.projectV2"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (spoil("repositoryOwner", None), "no user or organization 'ada'"),
        (spoil(PROJECT_AT, None), "no project 1"),
        (spoil(f"{PROJECT_AT}.field", None), "Status"),
        (spoil(f"{PROJECT_AT}.field", {}), "Status"),
        (spoil(f"{PROJECT_AT}.field.options", [{"id": "x", "name": "Todo"}]), "'Ready'; its columns: Todo"),
        (spoil("r0", None), "repository ada/app"),
        (spoil("r0.nameWithOwner", "ada/new"), "now called ada/new"),
    ],
)
def test_a_board_that_is_not_as_configured_is_named(world: World, data: dict[str, Any], words: str) -> None:
    world.play(graphql(data))
    with pytest.raises(Misconfigured, match=words):
        QUESTIONS["ready"][1](world.gh)


def test_missing_things_are_misconfigured_and_anything_beside_them_is_unknown(world: World) -> None:
    gone = {"type": "NOT_FOUND", "path": ["repositoryOwner", "projectV2"], "message": "Could not resolve"}
    world.play(graphql(READY, errors=[gone]))
    with pytest.raises(Misconfigured, match="ada/1"):
        QUESTIONS["ready"][1](world.gh)
    world.play(graphql(READY, errors=[gone, ERROR]))
    with pytest.raises(PartialAnswer):
        QUESTIONS["ready"][1](world.gh)


def test_checks_of_another_commit_say_nothing_about_this_head(world: World) -> None:
    stale = copy.deepcopy(WATCHED)
    stale["commits"]["nodes"][0]["commit"]["oid"] = "0" * 40
    world.play(graphql({"r0": {"nameWithOwner": "ada/app", "pullRequest": stale}}))
    (check,) = pulls.watch(world.gh, [(REPO, 7)])[REPO, 7].checks
    assert (check.name, check.state) == (pulls.NOT_SEEN, CheckState.PENDING)


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("QUEUED", None, CheckState.PENDING), ("IN_PROGRESS", None, CheckState.PENDING),
        ("WAITING", None, CheckState.PENDING), ("COMPLETED", "SUCCESS", CheckState.GREEN),
        ("COMPLETED", "NEUTRAL", CheckState.GREEN), ("COMPLETED", "SKIPPED", CheckState.GREEN),
        ("COMPLETED", "FAILURE", CheckState.RED), ("COMPLETED", "TIMED_OUT", CheckState.RED),
        ("COMPLETED", "CANCELLED", CheckState.RED), ("COMPLETED", "ACTION_REQUIRED", CheckState.RED),
        ("COMPLETED", "STALE", CheckState.RED), ("IN_PROGRESS", "SUCCESS", CheckState.PENDING),
    ],
)  # fmt: skip
def test_a_check_run_is_green_only_when_it_says_so(
    world: World, status: str, conclusion: str | None, state: CheckState
) -> None:
    pull = copy.deepcopy(WATCHED)
    run = pull["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"][0]
    run.update(status=status, conclusion=conclusion)
    world.play(graphql({"r0": {"nameWithOwner": "ada/app", "pullRequest": pull}}))
    assert pulls.watch(world.gh, [(REPO, 7)])[REPO, 7].checks[0].state is state


def test_an_unknown_word_of_a_check_is_no_guess(world: World) -> None:
    for change in ({"conclusion": "WONDERFUL"}, {"conclusion": None}, {"__typename": "Oracle"}):
        pull = copy.deepcopy(WATCHED)
        pull["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"][0].update(change)
        world.play(graphql({"r0": {"nameWithOwner": "ada/app", "pullRequest": pull}}))
        with pytest.raises(Malformed):
            pulls.watch(world.gh, [(REPO, 7)])


def test_unreadable_logs_leave_the_summary(world: World) -> None:
    run = {
        "id": 5, "name": "test", "status": "completed", "conclusion": "failure", "details_url": "d",
        "output": {"title": "1 failed", "summary": "see", "text": None}, "app": {"slug": "github-actions"},
    }  # fmt: skip
    world.play(Play(body={"check_runs": [run]}), Play(status=410, body="{}"), Play(body={"statuses": []}))
    (found,) = checks.failed(world.gh, REPO, Sha("h"))
    assert (found.name, found.conclusion, found.summary) == ("test", "failure", "1 failed\n\nsee")


def test_logs_behind_a_redirect_to_another_host_are_fetched_without_the_token(world: World) -> None:
    with running() as store:
        store.play(Play(body="x" * 9000 + "\nFAILED tests/test_a.py"))
        world.play(Play(status=302, headers={"Location": store.url.replace("127.0.0.1", "localhost") + "/log?sig=1"}))
        assert world.gh.text("/repos/ada/app/actions/jobs/5/logs").endswith("FAILED tests/test_a.py")
        assert "authorization" not in store.asked[0].headers
        assert world.script.asked[0].headers["authorization"] == "Bearer t0ken"


def test_a_redirect_to_an_address_that_is_no_web_address_is_not_followed(world: World) -> None:
    world.play(Play(status=302, headers={"Location": "file:///etc/hostname"}))
    with pytest.raises(Malformed):
        world.gh.text("/repos/ada/app/actions/jobs/5/logs")


def test_a_filter_that_the_server_ignores_is_applied_by_us(world: World) -> None:
    def pull(number: int, ref: str, home: str | None) -> dict[str, Any]:
        head = {"ref": ref, "sha": "h" * 40, "repo": {"full_name": home} if home else None}
        return {
            "number": number, "node_id": "PR", "html_url": "u", "title": "t", "user": None, "state": "open",
            "merged_at": None, "merge_commit_sha": None, "draft": False, "labels": [], "head": head,
            "base": {"ref": "main", "sha": "b" * 40},
        }  # fmt: skip

    listed = [pull(1, "agent/y", "ada/app"), pull(2, "agent/x", "eve/app"), pull(3, "agent/x", None)]
    world.play(Play(body=[*listed, pull(4, "agent/x", "Ada/App")]))
    assert [p.number for p in pulls.find(world.gh, REPO, "agent/x")] == [4]


def test_who_moved_a_card_is_known_only_of_a_value_that_was_never_changed() -> None:
    item: dict[str, Any] = {**ITEM}
    assert wire.card(Words("item", item)).set_by == "eve"
    card = wire.card(Words("item", {**item, "fieldValueByName": {**VALUE, "createdAt": "2026-11-20T08:00:00Z"}}))
    assert (card.set_by, card.set_by_id, card.set_at, card.status) == ("", 0, NOW, "Ready")
