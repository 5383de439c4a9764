"""The merge train's decisions: nothing but a whole, green test lands, and who broke it is found by halving."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.model.names import Sha, TaskId
from orchestrator.model.pull import CheckRun, CheckState, Pull
from orchestrator.model.settings import Checks
from orchestrator.model.train import Member, Train
from orchestrator.policy import train as policy
from orchestrator.policy.merge import STATUS
from orchestrator.policy.train import NO_CI, End, Hold, Land, Step, Test, culprit, decide, fits, missing, ran, seen
from tests.policy.builders import BASE, NOW, ago, check, published, pull, repo

GREEN, RED, PENDING = CheckState.GREEN, CheckState.RED, CheckState.PENDING


def good(name: str = "ci") -> CheckRun:
    return replace(check(GREEN, name), conclusion="success")


def skipped(name: str = "ci") -> CheckRun:
    return replace(check(GREEN, name), conclusion="skipped")


def train(n: int = 4, **changes: object) -> Train:
    members = tuple(
        Member(
            task=TaskId(f"web-{i}"),
            number=i,
            head=Sha(f"{i:040x}"),
            commit=Sha(f"{i + 1000:040x}"),
            tree=Sha(f"{i + 2000:040x}"),
            checks=("ci",),
        )
        for i in range(1, n + 1)
    )
    built = Train(base="main", base_sha=BASE, tip=BASE, members=members, built=ago(hours=1), at=n, pull=99)
    return replace(built, **{"pushed_at": ago(minutes=5), **changes})  # type: ignore[arg-type]


def draft(of: Train, *checks: CheckRun, **changes: object) -> Pull:
    good_one = pull(number=99, head_ref="agent/train-web", head_sha=of.head, draft=True, checks=checks or (good(),))
    return replace(good_one, **changes)  # type: ignore[arg-type]


def step(of: Train, shown: Pull) -> Step:
    return decide(of, shown, now=NOW, grace=timedelta(minutes=10), lag=timedelta(minutes=10))


def test_a_green_train_lands() -> None:
    assert step(train(), draft(train())) == Land()
    assert seen(train(), draft(train())).good == 4


@pytest.mark.parametrize(
    "checks",
    [(check(PENDING),), (good(), check(PENDING, "lint")), (check(RED), check(PENDING, "lint")), (skipped(),)],
)
def test_nothing_is_decided_while_a_check_runs_or_is_missing(checks: tuple[CheckRun, ...]) -> None:
    assert isinstance(step(train(), draft(train(), *checks)), Hold)


def test_our_own_status_is_no_test() -> None:
    own = good(STATUS)
    assert isinstance(step(train(), draft(train(), own)), Hold)
    assert ran((own, good("ci"))) == ("ci",)


def test_a_ci_that_skips_drafts_tests_nothing_so_they_land_one_by_one() -> None:
    """The trap: GitHub counts a skipped check as passed."""
    late = train(pushed_at=ago(minutes=11))
    for checks in ((skipped(),), (), (good("lint"),)):
        answer = step(late, draft(late, *checks) if checks else replace(draft(late), checks=()))
        assert isinstance(answer, End)
        assert (answer.single, answer.apart) == (NO_CI, False)


def test_every_check_of_every_member_under_test_is_asked_for() -> None:
    first, *others = train().members
    mixed = train(members=(replace(first, checks=("ci", "docs")), *others))
    assert missing(mixed, (good(),)) == ("docs",)
    assert missing(mixed, (good(), good("docs"))) == ()
    last = train(members=(*others, replace(first, checks=("ci", "docs"))), at=3)
    assert missing(last, (good(),)) == (), "a member that is not under test asks for nothing"


@pytest.mark.parametrize("changes", [{"open": False, "closed_by": "ada"}, {"merged": True, "open": False}])
def test_a_person_who_ends_the_draft_ends_the_train_for_these_heads(changes: dict[str, object]) -> None:
    answer = step(train(), draft(train(), **changes))
    assert isinstance(answer, End)
    assert answer.apart


def test_a_foreign_head_on_the_trains_branch_ends_it_and_a_late_answer_does_not() -> None:
    foreign = step(train(), draft(train(), head_sha=Sha("f" * 40)))
    assert isinstance(foreign, End)
    assert foreign.apart
    halved = train(at=2)
    assert isinstance(step(halved, draft(halved, head_sha=train().head)), Hold)
    old = train(at=2, pushed_at=ago(minutes=30))
    assert isinstance(step(old, draft(old, head_sha=train().head)), End), "somebody took our push back"


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 9, 10, 16, 17, 20, 31])
def test_the_culprit_is_found_in_at_most_log2_further_tests(n: int) -> None:
    for bad in range(1, n + 1):
        ride, tests = train(n), 0
        while True:
            state = RED if ride.at >= bad else GREEN
            shown = draft(ride, good() if state is GREEN else check(RED))
            answer = step(ride, shown)
            ride, tests = seen(ride, shown), tests + 1
            if not isinstance(answer, Test):
                break
            assert 0 < answer.members < n
            ride = replace(policy.to(ride, answer.members), pushed_at=ago(minutes=5))
        assert answer == Land()
        found = culprit(ride)
        assert found is not None
        assert (found.number, ride.good, ride.runs) == (bad, bad - 1, tests)
        assert tests - 1 <= math.ceil(math.log2(n))
        assert [c.name for c in ride.failed] == ["ci"]
        assert ride.failed[0].head_sha == found.commit


def test_a_green_train_has_no_culprit() -> None:
    assert culprit(seen(train(), draft(train()))) is None


def test_only_a_head_of_ours_with_a_check_that_ran_fits() -> None:
    assert fits(published(), pull(checks=(good(),)), ())
    assert not fits(published(), pull(checks=(skipped(),)), ())
    assert not fits(published(), pull(checks=()), ())
    assert not fits(published(), pull(checks=(good(),)), (pull().head_sha,))
    assert not fits(published(pushed_sha=Sha("d" * 40)), pull(checks=(good(),)), ())


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"checks": Checks.IF_PRESENT}, True),
        ({"checks": Checks.NONE}, False),
        ({"merge_batch": 1}, False),
        ({"merge": False}, False),
    ],
)
def test_trains_are_made_where_ci_can_test_them_and_merging_is_ours(changes: dict[str, object], wanted: bool) -> None:
    assert policy.wanted(repo(**changes)) is wanted


def test_a_branch_that_takes_no_train_is_asked_again_after_a_day() -> None:
    marks = (("main", "strict", ago(hours=23)), ("old", "strict", ago(hours=25)), ("odd", "strict", ago(hours=-1)))
    assert [bool(policy.single(marks, b, NOW)) for b in ("main", "old", "odd", "else")] == [True, False, False, False]


def test_a_grace_and_a_lag_end_on_the_minute() -> None:
    bare = train(pushed_at=ago(minutes=10))
    ended = step(bare, draft(bare, skipped()))
    assert ended == End(why=f"{NO_CI}: ci", single=NO_CI)
    early = train(pushed_at=ago(minutes=9, seconds=59))
    assert isinstance(step(early, draft(early, skipped())), Hold)
    prefix = draft(bare, head_sha=bare.members[0].commit)
    assert isinstance(step(bare, prefix), End)
    assert isinstance(step(early, prefix), Hold)


def test_a_day_of_one_by_one_begins_at_once_and_ends_after_a_day() -> None:
    def told(**when: float) -> str:
        return policy.single([("other", "no", ago(**when)), ("main", "why", ago(**when))], "main", NOW)

    assert (told(hours=0), told(hours=24), told(hours=23.99), told(hours=-0.1)) == ("why", "", "why", "")


def test_who_ended_a_train_is_told() -> None:
    assert step(train(), draft(train(), merged=True, open=False)) == End(
        why="a person merged the train itself", apart=True
    )
    for by, said in (("ada", "ada closed the train"), ("", "a person closed the train")):
        assert step(train(), draft(train(), open=False, closed_by=by)) == End(why=said, apart=True)


def test_while_it_is_halved_nobody_is_blamed() -> None:
    assert culprit(train(bad=4, good=2)) is None
    found = culprit(train(bad=3, good=2))
    assert found is not None
    assert found.number == 3
    assert culprit(train(bad=0, good=0)) is None
    halved = policy.to(train(), 2)
    assert (halved.at, halved.pushed_at) == (2, "")


def test_two_are_enough_for_a_train() -> None:
    assert policy.wanted(repo(merge_batch=2))
    assert not policy.wanted(repo(merge_batch=1))
