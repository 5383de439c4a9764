"""Issues the program files itself: once ever, with evidence that exists, within the caps, in harmless words."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from orchestrator import wiring
from orchestrator.backlog import board, body, evidence, filing, standing
from orchestrator.github import issues
from orchestrator.github.errors import GitHubError
from orchestrator.model.backlog import Draft, Filed, Skipped
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Priority, TaskType
from orchestrator.policy import sections
from orchestrator.state import locks
from orchestrator.state.filed import FiledIssues
from orchestrator.state.store import Busy, CorruptState
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World
from tests.rooms import crashing

APP = RepoName(REPO)


def draft(world: World, key: str = "one", **changes: Any) -> Draft:
    """A good one: its evidence is an event that was recorded."""
    world.services.record(EventKind.CONFIG, repo=REPO, what="an event to cite")
    seq = world.services.ledger.head()[0]
    # Words of its own, so that no other draft is like it.
    own = re.sub("(.{5})", r"x\1 ", hashlib.sha256(key.encode()).hexdigest()).strip()
    good = Draft(
        key=key,
        repo=APP,
        title=f"Mend {own[:60]}",
        goal=f"The parser reads {own}.",
        criteria=("dates are read",),
        evidence=(f"ledger:{seq}",),
        evidence_text=("it failed three times",),
        reasoning="It fails every day.",
        by="log_analyzer",
    )
    return replace(good, **changes)


def app(world: World) -> RepoSettings:
    found = world.settings.repo(REPO)
    assert found is not None
    return found


def filed(world: World, draft: Draft, *others: Draft) -> int:
    outcome = filing.file(world.services, draft, others)
    assert isinstance(outcome, Filed), outcome
    return outcome.number


def skipped(world: World, draft: Draft) -> str:
    outcome = filing.file(world.services, draft)
    assert isinstance(outcome, Skipped), outcome
    return outcome.why


def numbers(world: World, repo: str = REPO) -> list[int]:
    return [int(n) for n in world.admin.snapshot()["repos"][repo]["issues"]]


def test_a_draft_becomes_one_issue_in_the_backlog_that_intake_can_read(make: MakeWorld) -> None:
    world = make()
    made = draft(
        world, type=TaskType.DEBUGGING, priority=Priority.HIGH, outcome_checks=("Conversion", "a b"),
        labels=frozenset({"ready", "blocked", "parser"}), constraints=("keep the API",),
    )  # fmt: skip
    number = filed(world, made)
    issue = issues.read(world.services.github, APP, number)
    assert issue.labels == {"agent-os", "prio:high", "parser"}, "no label of a draft starts or stops work"
    assert world.column(number) == "Backlog"
    wish = sections.read(issue)
    assert (wish.goal, wish.type, wish.outcome_checks) == (made.goal, TaskType.DEBUGGING, ("conversion", "ab"))
    assert [c.text for c in wish.criteria] == ["dates are read"]
    assert wish.constraints == "- keep the API"
    assert all(words in wish.context for words in (made.reasoning, "it failed three times", made.evidence[0]))
    plain = replace(issue, body=body.body(world.services.redact, replace(made, constraints=(), outcome_checks=())))
    assert [c.text for c in sections.read(plain).criteria] == ["dates are read"], "evidence is no criterion"
    order = [issue.body.index(f"## {name}") for name in ("Goal", "Success Criteria", "Constraints", "Evidence")]
    assert order == sorted(order)
    assert f"`{made.evidence[0]}`" in issue.body
    assert "> it failed three times" in issue.body
    assert [(r.data["issue"], r.data["evidence"]) for r in world.events(EventKind.FILED)] == [
        (number, [made.evidence[0]])
    ]
    world.dispatch()
    assert world.places() == {}, "the backlog is no work yet"


def test_one_key_is_filed_once_ever_also_when_a_person_closed_it_and_took_our_mark_away(make: MakeWorld) -> None:
    world = make()
    made = draft(world)
    number = filed(world, made)
    world.admin.edit_issue(REPO, number, body="mine now", actor="ada")
    issues.close(world.services.github, APP, number)
    for _ in range(2):
        assert skipped(world, replace(made, title="Other words")) == "it was filed before"
    assert numbers(world) == [number]
    (told,) = world.events(EventKind.NOT_FILED)
    assert (told.data["twin"], told.data["method"]) == (f"{REPO}#{number}", "marker")


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": 502, "when": "after"}, {"drop": "before"}])
def test_an_answer_lost_at_the_creation_makes_no_second_issue(make: MakeWorld, fault: dict[str, str]) -> None:
    world = make()
    made = draft(world)
    world.hub.faults.add({"method": "POST", "path": r"/issues$", "times": 1}, fault)
    with pytest.raises(GitHubError):
        filing.file(world.services, made)
    number = filed(world, made)
    assert numbers(world) == [number]
    assert world.column(number) == "Backlog"
    assert len(world.events(EventKind.FILED)) == 1


@pytest.mark.parametrize("operation", ["^Issues", "^(Move|Add)"])
def test_death_between_the_creation_and_the_note_is_caught_up(make: MakeWorld, operation: str) -> None:
    world = make()
    made = draft(world)
    rule = world.hub.faults.add({"operation": operation}, {"status": 502})
    with pytest.raises(GitHubError):
        filing.file(world.services, made)
    assert len(numbers(world)) == 1
    assert world.events(EventKind.FILED) == []
    world.hub.faults.remove(rule)
    number = filed(world, made)
    assert (numbers(world), world.column(number)) == ([number], "Backlog")
    assert skipped(world, made) == "it was filed before"
    assert len(world.events(EventKind.FILED)) == 1


def test_with_our_state_gone_the_marks_on_github_are_found_again_all_of_them(make: MakeWorld) -> None:
    world = make()
    made = draft(world)
    number = filed(world, made)
    issues.close(world.services.github, APP, number)
    (world.settings.runtime / "state" / "filed" / "app.jsonl").unlink()
    digest = body.digest(f"{REPO}/{made.key}")
    (world.settings.runtime / "state" / "effects" / f"filing-{digest}.jsonl").unlink()
    stranger = body.marker("two")
    world.issue("Quoted", f"as seen elsewhere: {stranger}", ready=False, author="mallory")
    assert skipped(world, made) == "it was filed before"
    assert filing.number(world.services, app(world), made.key) == number
    assert filed(world, draft(world, "two")) not in (number, None), "a stranger's mark is only a quotation"


NOTHING = (
    "ledger:99999",
    "ledger:0",
    "ledger:x",
    "run:app-1/1/never",
    "task:app-9",
    "outcome:app-1/conversion",
    "word",
    "finding:none",
    "cadence:planner/app",
    "issue:ada/app#99",
    "issue:ada/other#1",
    f"commit:{'a' * 40}",
    "file:main:x",
    "http://example.invalid/",
    "ledger:",
    "",
)


def test_evidence_that_is_not_there_is_never_cited(make: MakeWorld) -> None:
    world = make()
    made = draft(world)
    for id in NOTHING:
        assert "evidence that is not there" in skipped(world, replace(made, evidence=(*made.evidence, id)))
    assert "no evidence" in skipped(world, replace(made, evidence=()))
    assert numbers(world) == []


def test_each_kind_of_evidence_is_found_where_it_stands(make: MakeWorld) -> None:
    world = make()
    number = world.issue()
    world.rounds(lambda: world.place() == "done")
    services = world.services
    services.cadence.ran("planner", "app", 7, services.now())
    services.repository(app(world)).fetch()
    head = services.repository(app(world)).head("main")
    (metric,) = (world.settings.runtime / "metrics" / "agent_stats.jsonl").read_text().splitlines()
    key = metric.split('"key": "')[1].split('"')[0]
    there = (
        "ledger:1", f"run:{key}", "task:app-1", "cadence:planner/app", f"issue:{REPO}#{number}", f"commit:{head}",
        f"file:{head}:calc.py",
    )  # fmt: skip
    gone = (f"file:{head}:none.py", f"file:{head}:../x")
    assert evidence.missing(services, app(world), (*there, *gone)) == gone


def test_a_full_day_waits_for_the_next(make: MakeWorld) -> None:
    world = make(new_issues_per_day=2, top={"self_repo": REPO, "self_issues_per_day": 1})
    filed(world, draft(world, "self/one"))
    assert "self_issues_per_day" in skipped(world, draft(world, "self/two"))
    filed(world, draft(world, "two"))
    assert "new_issues_per_day" in skipped(world, draft(world, "three"))
    assert world.clock.file is not None
    world.clock.file.write_text(f"{24 * 3600 + 60}\n")
    filed(world, draft(world, "three"))
    assert len(numbers(world)) == 3


def test_where_people_work_alone_nothing_is_filed(make: MakeWorld) -> None:
    world = make(automation_mode="dispatcher_only")
    assert "dispatcher_only" in skipped(world, draft(world))
    assert "not managed" in skipped(world, replace(draft(world), repo=RepoName("ada/other")))
    assert numbers(world) == []


def test_a_second_process_waits_for_the_first(make: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make()
    monkeypatch.setattr(filing, "WAIT", 0.05)
    with (
        locks.hold(world.settings.runtime / "state" / "locks" / "filing-app.lock"),
        pytest.raises(Busy),
    ):
        filing.file(world.services, draft(world))
    assert numbers(world) == []


def test_without_a_board_ready_is_the_label_and_backlog_is_nothing(make: MakeWorld) -> None:
    world = make(board=False)
    number = filed(world, draft(world))
    issue = issues.read(world.services.github, APP, number)
    assert "ready" not in issue.labels
    for _ in range(2):
        board.ready(world.services, app(world), issues.read(world.services.github, APP, number))
    assert "ready" in issues.read(world.services.github, APP, number).labels


def test_the_store_counts_what_a_clock_that_stood_ahead_noted_only_while_it_is_near(make: MakeWorld) -> None:
    world = make()
    number = filed(world, draft(world))
    store = FiledIssues(root=world.settings.runtime / "state")
    now = world.services.now()
    assert [e.number for e in store.within("app", now)] == [number]
    assert store.within("app", now.replace(year=now.year - 1)) == ()


def test_killed_between_any_two_changes_of_the_disk_it_is_filed_once_all_the_same(make: MakeWorld) -> None:
    world = make(new_issues_per_day=1000)
    runtime = world.settings.runtime
    filed(world, draft(world, "the first, which looks through what is there"))
    keys = 0
    for n in range(1, 60):
        made = draft(world, f"number {n}")
        world.services.github.close()  # a child must not speak on its parent's connection
        keys += 1
        through = crashing.run_until(n, runtime, partial(filing.file, world.services, made))
        outcome = filing.file(world.services, made)
        assert isinstance(outcome, Filed) or outcome.method == "marker", outcome
        if through:
            break
    assert through
    assert keys > 8
    assert len(numbers(world)) == keys + 1
    told = [str(r.data["key"]) for r in world.events(EventKind.FILED)]
    assert len(set(told)) == keys + 1
    assert {world.column(number) for number in numbers(world)} == {"Backlog"}


def test_several_at_once_file_each_draft_once_and_keep_the_cap(make: MakeWorld) -> None:
    world = make(new_issues_per_day=3)
    drafts = [draft(world, key) for key in ("one", "two", "three", "four")]

    def process(n: int) -> int:
        own = wiring.build(world.settings, world.env, kind="role", id=f"p{n}")
        try:
            return sum(isinstance(filing.file(own, d), Filed) for d in (*drafts[n:], *drafts[:n]))
        finally:
            own.github.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(process, range(4))) == 3
    assert len(numbers(world)) == 3
    assert len(world.events(EventKind.FILED)) == 3


def test_what_a_dead_call_made_is_found_behind_any_number_of_newer_issues(
    make: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make()
    monkeypatch.setattr(issues, "NEWEST", 1)
    made = draft(world)
    world.hub.faults.add({"method": "POST", "path": r"/issues$", "times": 1}, {"drop": "after"})
    with pytest.raises(GitHubError):
        filing.file(world.services, made)
    newer = [world.issue(f"Something else {n}", ready=False) for n in range(3)]
    assert filed(world, made) == 1
    assert numbers(world) == [1, *newer]


def test_an_issue_answers_the_other_keys_of_its_facts_too_also_when_our_notes_are_lost(make: MakeWorld) -> None:
    world = make()
    number = filed(world, draft(world, "spike", also=("stopped/timeout",)))
    for _ in range(2):
        assert skipped(world, draft(world, "stopped/timeout")) == "it was filed before"
        assert filing.number(world.services, app(world), "stopped/timeout") == number
        (world.settings.runtime / "state" / "filed" / "app.jsonl").unlink()
    assert numbers(world) == [number]


def test_a_note_that_cannot_be_read_is_named_by_its_line(make: MakeWorld) -> None:
    world = make()
    path = world.settings.runtime / "state" / "filed" / "app.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"key": "a", "number": 1}\n{"key": 5}\n')
    with pytest.raises(CorruptState, match=r"app\.jsonl: line 2: .*key"):
        filing.number(world.services, app(world), "a")


@pytest.mark.parametrize(("reason", "days"), [("completed", 90), ("not_planned", 360), ("duplicate", 360)])
def test_a_trouble_that_comes_back_is_a_new_issue_only_long_after_the_last_was_closed(
    make: MakeWorld, reason: str, days: int
) -> None:
    world = make()
    repo = app(world)
    assert standing.key(world.services, repo, "stale") == ("stale", False)
    number = filed(world, draft(world, "stale", title="About old ones"))
    assert standing.key(world.services, repo, "stale")[1], "it is open"
    assert standing.key(world.services, repo, "spike", ("stale",)) == ("spike", True)
    world.admin.close(REPO, number, actor="ada", reason=reason)
    assert standing.key(world.services, repo, "spike", ("stale",)) == ("spike", False), "of others only an open one"
    world.clock.advance((days - 1) * 86400)
    assert standing.key(world.services, repo, "stale")[1]
    world.clock.advance(2 * 86400)
    assert standing.key(world.services, repo, "stale") == ("stale#2", False)


def test_a_call_that_goes_on_where_another_died_leaves_the_column_that_a_person_chose(world: World) -> None:
    number = world.issue("Made by us", ready=True)
    issue = issues.read(world.services.github, RepoName(REPO), number)
    repo = world.settings.repo(REPO)
    assert repo is not None

    board.backlog(world.services, repo, issue)

    assert world.column(number) == "Ready"
