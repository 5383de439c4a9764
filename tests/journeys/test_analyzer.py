"""The week's failures become issues: at most three, each once, with facts that are there, wherever the tick dies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.cli import ticking
from orchestrator.github import issues
from orchestrator.model.event import EventKind
from orchestrator.model.findings import Cause, Finding, FindingKind, Week
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.times import stamp
from orchestrator.pipeline import crash
from orchestrator.planning import scoring
from orchestrator.policy import remedy_words
from orchestrator.state.findings import Findings
from orchestrator.state.slots import Slots
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import FILES, REPO, World, says, works
from tests.policy import builders

DAY = 24 * 3600


def failed(
    world: World, *tasks: int, repo: str = REPO, code: BlockerCode = BlockerCode.TEST_FAILURE, **more: Any
) -> None:
    """Runs of these tasks that ended blocked just now, as workers note them."""
    now = stamp(world.services.now())
    for n in tasks:
        task = builders.task(id=TaskId(f"app-{n}"), repo=RepoName(repo), issue=n)
        attempt = builders.attempt(
            started=now, ended=now, status=Status.BLOCKED, blocker_code=code, agent="anna", **more
        )
        world.services.metrics.attempt(task, attempt)


def crashed(world: World, hours: int = 3) -> None:
    """The same fault of ours in so many hours."""
    for _ in range(hours):
        world.services.record(EventKind.CRASH, repo=REPO, where="pull request", error="KeyError: 'x'")
        later(world, hours=1)


def later(world: World, **delta: float) -> None:
    assert world.clock.file is not None
    seconds = float(world.clock.file.read_text()) + timedelta(**delta).total_seconds()
    world.clock.file.write_text(f"{seconds}\n")


def week(world: World) -> None:
    later(world, days=7)


def tick(world: World) -> list[str]:
    return ticking.once(world.services, "log_analyzer")


def scored(world: World) -> None:
    """The scorer was there this week already."""
    Slots(root=world.settings.runtime / "state").ran(scoring.JOB, scoring.SLOT, world.services.now())


def filed(world: World, repo: str = REPO) -> list[str]:
    found = world.admin.snapshot()["repos"][repo]["issues"]
    return [found[n]["title"] for n in sorted(found, key=int)]


def test_a_spike_of_one_blocker_becomes_one_issue_and_stays_one(make: MakeWorld) -> None:
    world = make()
    failed(world, 1, 2, 3)
    assert len(tick(world)) == 1
    assert filed(world) == ["Mend the tests that keep failing across unrelated work"]
    state = world.state(1)
    assert {"## Evidence", "## Reasoning"} <= {line for line in state["body"].splitlines() if line.startswith("## ")}
    assert state["body"].count("`run:app-") == 3
    assert world.column(1) == "Backlog"
    (event,) = world.events(EventKind.ANALYZED)
    assert event.data["filed"] == [f"{REPO}#1"]
    later(world, hours=1)
    assert tick(world) == [], "the week is done"
    week(world)
    failed(world, 4, 5, 6)
    assert tick(world) == [], "its issue stands"
    assert len(filed(world)) == 1


def test_a_trouble_that_comes_back_long_after_its_issue_was_closed_is_a_new_one(make: MakeWorld) -> None:
    world = make(similarity={"closed_days": 90})
    failed(world, 1, 2, 3)
    tick(world)
    issues.close(world.services.github, RepoName(REPO), 1)
    week(world)
    failed(world, 4, 5, 6)
    assert tick(world) == []
    later(world, days=98)
    failed(world, 7, 8, 9)
    assert len(tick(world)) == 1
    assert len(filed(world)) == 2


def test_a_quiet_week_records_nothing_and_files_nothing(make: MakeWorld) -> None:
    world = make()
    failed(world, 1, 2)
    assert tick(world) == []
    assert world.events(EventKind.ANALYZED) == []
    assert filed(world) == []


def test_at_most_three_the_gravest_first_and_a_dead_tick_is_ended_not_repeated(make: MakeWorld) -> None:
    world = make(top={"self_repo": REPO}, new_issues_per_day=50)
    crashed(world)
    scored(world)
    codes = (BlockerCode.TEST_FAILURE, BlockerCode.TIMEOUT, BlockerCode.NO_DIFF_PRODUCED, BlockerCode.MISSING_CONTEXT)
    for n, code in enumerate(codes):
        failed(world, *range(10 * n, 10 * n + 3 + n), code=code)
    world.hub.faults.add({"method": "POST", "path": r"/issues$", "times": 2}, {"drop": "after"})
    for _ in range(3):
        tick(world)
        later(world, hours=1)
    assert filed(world) == [
        "Mend the repeated KeyError in pull request",
        "Write down what engineers have to know before they start",
        "Sort out issues that need no change",
    ]
    assert len(world.events(EventKind.FILED)) == 3
    assert len(world.events(EventKind.ANALYZED)) == 1
    week(world)
    tick(world)
    assert len(filed(world)) == 3


def test_what_is_about_the_program_is_told_once_where_no_repository_gets_it(make: MakeWorld) -> None:
    world = make()
    crashed(world)
    for _ in range(2):
        tick(world)
        week(world)
        crashed(world)
    assert filed(world) == []
    told = [r for r in world.events(EventKind.ALERT) if str(r.data["subject"]).startswith("self:")]
    assert len(told) == 1
    assert "self_repo" not in str(told[0].data["text"])


def test_dispatcher_only_gets_no_issue_and_asks_no_model(make: MakeWorld) -> None:
    world = make(automation_mode="dispatcher_only", more_repos=["ada/lib"])
    world.config["projects"]["main"]["repos"][1]["automation_mode"] = "full"
    world.build()
    failed(world, 1, 2, 3)
    failed(world, 4, 5, 6, repo="ada/lib")
    tick(world)
    assert (filed(world), len(filed(world, "ada/lib"))) == ([], 1)
    assert {r.repo for r in world.events(EventKind.ASKED)} <= {"ada/lib"}


def finding(world: World, *, age: timedelta = timedelta(0)) -> None:
    """The scorer's artifact with one finding, written so long ago."""
    found = Finding(
        id=f"agent_remediation:anna:{REPO}:environment", kind=FindingKind.EXECUTION_DEGRADED, cause=Cause.ENVIRONMENT,
        repo=REPO, summary="anna ended 1 of 5 tasks well", agent="anna", rate=0.2, tasks=5, failures=4,
    )  # fmt: skip
    at = world.services.now()
    week = Week(generated_at=stamp(at - age), window_days=7, threshold=0.6, findings=(found,))
    Findings(runtime=world.settings.runtime).write(week, "report")
    scored(world)


def test_a_fresh_finding_of_the_scorer_is_filed_and_last_weeks_never_again(make: MakeWorld) -> None:
    world = make()
    finding(world, age=timedelta(days=15))
    assert tick(world) == []
    assert filed(world) == []
    week(world)
    finding(world)
    assert len(tick(world)) == 1
    assert f"`finding:agent_remediation:anna:{REPO}:environment`" in world.state(1)["body"]


def test_the_scorer_is_made_to_come_first_whatever_cron_does(make: MakeWorld) -> None:
    world = make()
    failed(world, 1, 2, 3, 4, 5, code=BlockerCode.ENVIRONMENT_FAILURE, failure=FailureClass.NONE)
    tick(world)
    (scored,) = world.events(EventKind.SCORED)
    assert [r.seq for r in world.events(EventKind.ANALYZED)] > [scored.seq]
    ticking.once(world.services, "scorer")
    assert len(world.events(EventKind.SCORED)) == 1
    titles = filed(world)
    assert len(titles) == 1, f"finding and spike rest on the same tasks: {titles}"


def answer(**said: Any) -> dict[str, Any]:
    good = {
        "title": "Make the suite find its database",
        "goal": "Tests run.",
        "criteria": ["it is green"],
        "reasoning": "r",
    }
    return {"when": {"kind": "ask"}, "steps": [{"answer": good | said}]}


@pytest.mark.parametrize("asked", [True, False])
def test_a_model_may_word_the_issue_and_its_silence_changes_only_the_words(make: MakeWorld, asked: bool) -> None:
    world = make(planner_agents=["anna"])
    silent = {"when": {"kind": "ask"}, "steps": [{"error": {"class": "auth", "text": "no key"}}]}
    world.play(answer() if asked else silent)
    failed(world, 1, 2, 3)
    tick(world)
    title = "Make the suite find its database" if asked else "Mend the tests that keep failing across unrelated work"
    assert filed(world) == [title]
    assert world.state(1)["body"].count("`run:app-") == 3
    assert len(world.events(EventKind.ASKED)) == 1
    week(world)
    failed(world, 4, 5, 6)
    tick(world)
    assert len(world.events(EventKind.ASKED)) == 1, "nobody is asked about what is filed already"


def test_a_week_that_cannot_be_ended_is_tried_for_a_day_and_no_longer(make: MakeWorld) -> None:
    world = make()
    failed(world, 1, 2, 3)
    world.hub.faults.add({"method": "POST", "path": r"/issues$"}, {"status": 422})
    tick(world)
    later(world, hours=1)
    tick(world)
    assert len(world.crashes()) >= 1
    later(world, days=1)
    tick(world)
    before = len(world.crashes())
    later(world, hours=1)
    assert tick(world) == []
    assert len(world.crashes()) == before
    assert filed(world) == []


def test_what_the_days_cap_left_is_filed_when_there_is_room_and_nobody_is_asked_in_between(make: MakeWorld) -> None:
    world = make(new_issues_per_day=1, planner_agents=["anna"])
    world.play({"when": {"kind": "ask"}, "steps": [{"error": {"class": "auth", "text": "no key"}}]})
    scored(world)
    failed(world, 1, 2, 3, 4, code=BlockerCode.TIMEOUT)
    failed(world, 5, 6, 7, code=BlockerCode.MISSING_CREDENTIALS)
    for _ in range(24):
        tick(world)
        later(world, hours=1)
    assert len(filed(world)) == 1
    assert len(world.events(EventKind.ASKED)) == 1
    tick(world)
    assert len(filed(world)) == 2
    assert len(world.events(EventKind.ANALYZED)) == 2
    later(world, hours=30)
    assert tick(world) == []


def asks(world: World, purpose: str) -> int:
    return sum(r.data["purpose"] == purpose for r in world.events(EventKind.ASKED))


@pytest.mark.parametrize("same", [True, None])
def test_what_an_hour_judged_no_later_hour_of_the_week_asks_about_again(make: MakeWorld, same: bool | None) -> None:
    world = make(planner_agents=["anna"], more_repos=["ada/lib"], similarity={"threshold": 1.0, "ask_from": 0.01})
    for repo, most in zip(world.config["projects"]["main"]["repos"], (0, 50), strict=True):
        repo["new_issues_per_day"] = most
    world.build()
    said = {"same": same, "why": "one"} if same else {"nonsense": 1}
    world.play({"when": {"kind": "ask"}, "steps": [{"answer": said}]}, {"steps": works()})
    scored(world)
    title, body = remedy_words.CODES["test_failure"].title, remedy_words.CODES["test_failure"].advice
    world.issue(title, body, repo="ada/lib", ready=False)
    failed(world, 1, 2, 3, repo="ada/lib")
    failed(world, 91, 92, 93)  # never filed: the day is full, so the week is tried again each hour

    for _ in range(6):
        tick(world)
        later(world, hours=1)
        spent = world.hub.requests.counters["requests"]
        world.hub.requests.reset()

    assert spent == 0, "nor does it look through the issues again"
    assert len(filed(world, "ada/lib")) == 1, [r.data for r in world.events(EventKind.NOT_FILED)]
    assert (asks(world, "analyze"), asks(world, "same_issue")) == (1, 1)


def test_where_filing_is_refused_words_are_asked_for_once(make: MakeWorld) -> None:
    world = make(planner_agents=["anna"])
    world.play(answer())
    failed(world, 1, 2, 3)
    rule = world.hub.faults.add({"method": "POST", "path": r"/issues$"}, {"status": 403})
    for _ in range(4):
        tick(world)
        later(world, hours=1)
    world.hub.faults.remove(rule)
    tick(world)
    assert (asks(world, "analyze"), filed(world)) == (1, ["Make the suite find its database"])


@pytest.mark.parametrize("first", ["log_analyzer", "groomer"])
def test_one_cause_is_one_issue_whoever_finds_it_first(make: MakeWorld, first: str) -> None:
    whole = {
        "README.md": "# a\n\n## Goal\n\nx\n",
        "STRATEGY.md": "s",
        "PLANNING_PRINCIPLES.md": "p",
        "CODEBASE.md": "c",
    }
    world = make(files={**FILES, **whole}, max_attempts=1)
    world.play({"steps": says("blocked", "missing_context")})
    titles = [world.state(world.issue(t))["title"] for t in ("Connect the payment provider", "Dark mode", "PDF export")]
    for _ in range(9):
        world.round()
        later(world, hours=2)
    scored(world)

    for role in (first, "groomer", "log_analyzer"):
        ticking.once(world.services, role)

    (ours,) = [title for title in filed(world) if title not in titles]
    assert ours.startswith("Write down what" if first == "log_analyzer" else "Unblock: 3 tasks stand still (missing_")


def test_a_crash_says_whether_it_passes_by_itself(make: MakeWorld) -> None:
    world = make()
    for error in (FileNotFoundError("a file"), KeyError("a key")):
        crash.note(world.services, None, type(error).__name__, error)
    assert [r.data["passing"] for r in world.events(EventKind.CRASH)] == [True, False]
