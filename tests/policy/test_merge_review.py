"""What a reviewer and people said about a head, and whether it lands on that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.gate import Outcome
from orchestrator.model.governance import (
    Approval,
    ApprovalMode,
    Opinion,
    Request,
    ReviewMode,
    ReviewRules,
    ReviewVerdict,
    Risk,
    TestReason,
    Via,
)
from orchestrator.model.names import Sha
from orchestrator.model.steps import HandOver, Merge, Review, Rework, Wait
from orchestrator.model.task import Criterion
from orchestrator.policy.merge import (
    APPROVAL,
    DISPATCHED,
    NO_CHECKS,
    NO_SANDBOX,
    REFUSED,
    SWITCHED_OFF,
    TAKEN_OUT,
    Facts,
    against,
    decide,
    needs_person,
    of_a_person,
    of_its_checks,
    unreasoned,
)
from tests.policy.builders import BASE, HEAD, ago, facts, finding, published, pull, repo, rounds, verdict

OTHER = Sha("d" * 40)
REQUIRED = repo(review=ReviewRules(mode=ReviewMode.REQUIRED))
ADVISORY = repo(review=ReviewRules(mode=ReviewMode.ADVISORY))
OFF = repo(review=ReviewRules(mode=ReviewMode.OFF))


def review(opinion: Opinion = Opinion.APPROVE, **changes: Any) -> ReviewVerdict:
    good = ReviewVerdict(head_sha=HEAD, base_sha=BASE, nonce="n", opinion=opinion, reviewer="claude")
    return replace(good, **changes)


def word(**changes: Any) -> Approval:
    return replace(Approval(task="web-7", head_sha=HEAD, by="ada", via=Via.CLI, at=ago(minutes=1)), **changes)


def reviewed(said: ReviewVerdict | None, **changes: Any) -> Facts:
    task = changes.pop("task", published(review=said))
    return facts(task=task, **({"repo": REQUIRED} | changes))


def waits(f: Facts) -> str:
    step = decide(f)
    assert isinstance(step, Wait), step
    return step.why


def test_what_the_reviewer_approved_lands() -> None:
    assert decide(reviewed(review())) == Merge(sha=HEAD)
    assert decide(reviewed(review(), loopback=False)) == Merge(sha=HEAD)


@pytest.mark.parametrize("rules", [REQUIRED, ADVISORY])
def test_a_head_that_nobody_looked_at_is_looked_at_unless_a_person_did(rules: Any) -> None:
    for said in (None, review(head_sha=OTHER)):
        assert isinstance(decide(reviewed(said, repo=rules)), Review)
        assert isinstance(decide(reviewed(said, repo=rules, approval=word(head_sha=OTHER))), Review)
        assert isinstance(decide(reviewed(said, repo=rules, approval=word(approve=False))), Review)
        assert decide(reviewed(said, repo=rules, approval=word())) == Merge(sha=HEAD)


def test_where_nobody_reviews_nobody_is_asked() -> None:
    assert decide(reviewed(None, repo=OFF)) == Merge(sha=HEAD)
    assert waits(reviewed(None, repo=OFF, loopback=False)).endswith(
        "review is off, so each merge on this host is a person's"
    )


def test_advice_holds_nothing_back_on_this_machine_and_is_a_persons_elsewhere() -> None:
    against = review(Opinion.CANNOT_TELL)
    assert decide(reviewed(against, repo=ADVISORY)) == Merge(sha=HEAD)
    assert "review is advisory" in waits(reviewed(against, repo=ADVISORY, loopback=False))


@pytest.mark.parametrize("opinion", [Opinion.CANNOT_TELL, Opinion.REQUEST_CHANGES])
def test_what_is_no_approval_by_the_reviewer_waits_for_a_person(opinion: Opinion) -> None:
    assert waits(reviewed(review(opinion, why="no quota"))) == f"{APPROVAL}: the review is not an approval: no quota"
    assert waits(reviewed(review(opinion))).endswith("no reviewer could say")
    assert decide(reviewed(review(opinion), approval=word())) == Merge(sha=HEAD)
    assert needs_person(published(), REQUIRED, loopback=True).endswith("no reviewer could say")


def test_a_refusal_of_this_head_holds_it_whatever_the_reviewer_said() -> None:
    assert waits(reviewed(review(), approval=word(approve=False))) == f"ada {REFUSED}"
    assert waits(reviewed(review(), approval=word(approve=False, why="not now"))) == f"ada {REFUSED}: not now"


def test_a_word_about_another_head_is_no_word() -> None:
    assert decide(reviewed(review(), approval=word(approve=False, head_sha=OTHER))) == Merge(sha=HEAD)
    assert APPROVAL in waits(reviewed(review(Opinion.CANNOT_TELL), approval=word(head_sha=OTHER)))


def test_a_high_risk_waits_for_a_person_and_says_what_raised_it() -> None:
    raised = [replace(finding(check=f"c{n}", why=f"why {n}"), risk=Risk.HIGH) for n in range(4)]
    quiet = replace(finding(check="q", why=""), risk=Risk.HIGH)
    lower = replace(finding(check="l", why="only medium"), risk=Risk.MEDIUM)
    found = [replace(f, outcome=Outcome.PASS) for f in (quiet, lower, *raised)]
    task = published(review=review(), verdict=verdict(*found))
    assert waits(facts(task=task, repo=REQUIRED)) == f"{APPROVAL}: high risk (why 0; why 1; why 2)"
    bare = published(review=review(), verdict=verdict(found[0]))
    assert waits(facts(task=bare, repo=REQUIRED)) == f"{APPROVAL}: high risk"
    assert decide(facts(task=task, repo=REQUIRED, approval=word())) == Merge(sha=HEAD)
    trusting = repo(review=replace(REQUIRED.review, approval=((Risk.HIGH, ApprovalMode.AUTO),)))
    assert decide(facts(task=task, repo=trusting)) == Merge(sha=HEAD)


def with_tests(paths: tuple[str, ...], *reasons: TestReason) -> Facts:
    passed = replace(finding(check="base_tests", outcome=Outcome.PASS, why=""), tests=paths)
    task = published(
        review=review(tests=reasons), verdict=verdict(passed), criteria=(Criterion(id="c1", text="dates are parsed"),)
    )
    return facts(task=task, repo=REQUIRED)


def test_a_changed_test_needs_a_criterion_of_the_task() -> None:
    assert decide(with_tests(("t/a.py",), TestReason(path="t/a.py", criterion="c1"))) == Merge(sha=HEAD)
    for other in (TestReason(path="t/a.py", criterion="c9"), TestReason(path="t/b.py", criterion="c1")):
        assert waits(with_tests(("t/a.py",), other)).endswith(
            "changed tests that no success criterion asks for: t/a.py"
        )
    many = tuple(f"t/{n}.py" for n in range(7))
    assert waits(with_tests(many)).endswith(": t/0.py, t/1.py, t/2.py, t/3.py, t/4.py")
    assert unreasoned(many, review(), published()) == many


def test_a_pull_request_that_points_elsewhere_is_not_ours_to_merge() -> None:
    assert "pointed at trunk" in waits(facts(pull=pull(base_ref="trunk")))


def test_a_text_that_is_not_vouched_for_any_more_waits() -> None:
    assert waits(reviewed(review(), untrusted="the issue was edited")) == "the issue was edited"


def test_peoples_wishes_go_to_the_author_until_the_bound_of_all_runs() -> None:
    asked = tuple(Request(id=f"comment:{n}", by=by, text="please") for n, by in enumerate(("bo", "ada", "bo")))
    step = decide(facts(requests=asked))
    assert step == Rework(why="bo, ada asked for changes", requests=asked)
    before = decide(facts(requests=asked, task=published(attempts=rounds(4)), repo=repo(max_runs=6)))
    assert isinstance(before, Rework)
    last = decide(facts(requests=asked, task=published(attempts=rounds(5)), repo=repo(max_runs=6)))
    assert last == HandOver(why="bo, ada asked for changes after 6 runs")


def test_waits_that_only_a_person_ends_are_known_by_their_words() -> None:
    assert of_a_person(NO_CHECKS)
    for words in ("commits that are not ours", NO_SANDBOX, APPROVAL, REFUSED, "is not vouched for"):
        assert of_a_person(f"it {words} here"), words
    assert not of_a_person("checks are running")
    assert not of_a_person("it is a draft")


def test_a_queues_words_are_about_checks_or_about_something_else() -> None:
    for words in ("failed checks", "CI_FAILURE", "CI timeout", "Timed out", "merge CONFLICT"):
        assert of_its_checks(words), words
    assert not of_its_checks("removed by a person")


def test_what_speaks_against_a_pull_request_in_a_merge_queue() -> None:
    for why in (APPROVAL, "it is not vouched for", DISPATCHED, SWITCHED_OFF):
        assert against(Wait(why=why)), why
    for why in ("checks are running", f"{TAKEN_OUT}: not ours"):
        assert not against(Wait(why=why)), why
    assert against(Rework(why="conflict"))
    assert against(HandOver(why="x"))
    assert against(Review(why="x"))
    assert not against(Merge(sha=HEAD))
