"""Who does badly in a week, and what it is put down to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.findings import AgentScore, Cause, FindingKind
from orchestrator.model.objective import MetricScore, Score
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.task import AttemptKind
from orchestrator.model.times import stamp
from orchestrator.policy.degrade import Merged, blocker, business, cause, degraded, findings, scores, won
from orchestrator.policy.health import Run
from tests.policy.builders import NOW

Q, C, T = BlockerCode.QUOTA_LIMITED, BlockerCode.MISSING_CREDENTIALS, BlockerCode.TEST_FAILURE


def run(task: str, code: BlockerCode = BlockerCode.NONE, *, hours: float = 1, **changes: object) -> Run:
    good = Run(
        agent="codex",
        at=NOW - timedelta(hours=hours),
        status=Status.COMPLETE if code is BlockerCode.NONE else Status.BLOCKED,
        code=code,
        key=f"{task}/1/x",
        task=task,
        n=1,
        repo="acme/web",
        type="docs",
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def some(good: int, bad: int, code: BlockerCode = T, *, agent: str = "codex", repo: str = "acme/web") -> list[Run]:
    runs = [run(f"{agent}-g{n}", agent=agent, repo=repo) for n in range(good)]
    return runs + [run(f"{agent}-b{n}", code, agent=agent, repo=repo) for n in range(bad)]


def ids(runs: list[Run]) -> list[str]:
    return [f.id for f in findings(runs, scores(runs, ()))]


def score(runs: list[Run], repo: str = "", type: str = "", agent: str = "codex") -> AgentScore:
    found = [s for s in scores(runs, ()) if (s.agent, s.repo, s.type) == (agent, repo, type)]
    assert len(found) == 1
    return found[0]


def test_a_task_counts_once_per_agent_by_its_last_run() -> None:
    mended = [run("a", T, hours=3), run("a", hours=1)]
    spoiled = [run("b", hours=3), run("b", Q, hours=1)]
    same_second = [run("c", T, n=1), run("c", n=2)]
    other = [run("a", T, hours=2, agent="claude")]
    told = score([*mended, *spoiled, *same_second, *other])
    assert (told.tasks, told.successes, told.blocker, told.blocked) == (3, 2, "quota_limited", 1)
    assert score([*other, *mended], agent="claude").rate == 0.0


def test_scores_stand_per_agent_per_repository_and_per_type() -> None:
    runs = [run("a"), run("b", T, repo="acme/api"), run("c", type="design"), run("d", agent="claude")]
    told = [(s.agent, s.repo, s.type, s.tasks) for s in scores(runs, ())]
    assert told == [
        ("claude", "", "", 1),
        ("codex", "", "", 3),
        ("claude", "acme/web", "", 1),
        ("codex", "acme/api", "", 1),
        ("codex", "acme/web", "", 2),
        ("claude", "", "docs", 1),
        ("codex", "", "design", 1),
        ("codex", "", "docs", 2),
    ]
    assert scores([], ()) == ()
    assert [s.tasks for s in scores([run("a", repo="", type="")], ())] == [1], "an older version named neither"


def test_cost_per_merged_task_counts_failed_runs_and_says_what_nobody_told() -> None:
    runs = [
        run("a", T, hours=3, usd=1.0),
        run("a", hours=2, usd=2.0),
        run("b", T, usd=3.0),
        run("c", hours=2),
        run("c", hours=1, agent="claude", usd=9.0),
    ]
    runs.append(run("d", hours=3, agent="claude"))
    runs.append(run("d", T, hours=1))
    merged = [Merged(task=t, repo="acme/web", type="docs") for t in ("a", "c", "d", "unknown")]
    codex, claude = (next(s for s in scores(runs, merged) if s.agent == a and not s.repo) for a in ("codex", "claude"))
    assert (codex.usd, codex.unpriced, codex.merged, codex.usd_per_merged) == (6.0, 2, 1, 6.0)
    assert (claude.merged, claude.usd_per_merged) == (2, 4.5), "the last good run is what was merged"
    by_type = [(s.agent, s.merged) for s in scores(runs, [replace(merged[0], type="design"), merged[1]]) if s.type]
    assert by_type == [("claude", 1), ("codex", 0)], "each merge counts for its own type"
    assert replace(codex, merged=0).usd_per_merged is None
    assert score([run("c")]).usd is None


@pytest.mark.parametrize(
    ("good", "bad", "is_degraded"),
    [(1, 3, True), (1, 2, False), (0, 3, False), (0, 4, True), (3, 2, False), (59, 41, True), (60, 40, False)],
)
def test_degraded_is_below_60_percent_of_at_least_four_tasks(good: int, bad: int, is_degraded: bool) -> None:
    assert degraded(score(some(good, bad))) is is_degraded


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (BlockerCode.QUOTA_LIMITED, Cause.QUOTA),
        (BlockerCode.MISSING_CREDENTIALS, Cause.AUTHENTICATION),
        (BlockerCode.ENVIRONMENT_FAILURE, Cause.ENVIRONMENT),
        (BlockerCode.RUNNER_FAILURE, Cause.ENVIRONMENT),
        (BlockerCode.WORKFLOW_VALIDATION_FAILED, Cause.ENVIRONMENT),
        (BlockerCode.TEST_FAILURE, Cause.ENVIRONMENT),
    ],
)
def test_the_dominant_blocker_is_the_cause_even_beside_a_better_peer(code: BlockerCode, wanted: Cause) -> None:
    assert ids([*some(1, 4, code), *some(9, 0, agent="claude")]) == [f"agent_remediation:codex:acme/web:{wanted.value}"]


def test_a_blocker_dominates_from_half_of_the_failures_and_at_least_two_on() -> None:
    rest = [BlockerCode.TIMEOUT, BlockerCode.NO_DIFF_PRODUCED, BlockerCode.MISSING_CONTEXT]

    def with_quota(quota: int, *others: BlockerCode) -> Cause:
        codes = [Q] * quota + list(others)
        return cause(score([run(f"t{n}", code) for n, code in enumerate(codes)]), [])[0]

    assert with_quota(2, *rest) is Cause.QUOTA, "2 of 5, and 5 // 2 is 2"
    assert with_quota(2, *rest, BlockerCode.DEPENDENCY_BLOCKED) is Cause.ENVIRONMENT, "2 of 6"
    assert with_quota(1, *rest) is Cause.ENVIRONMENT, "one is never enough"
    assert with_quota(1, BlockerCode.TIMEOUT) is Cause.ENVIRONMENT, "nor is one of two"


def test_a_peer_that_does_clearly_better_makes_it_the_choice_of_the_model() -> None:
    def why(good: int, bad: int, *, mine: tuple[int, int] = (2, 3), repo: str = "acme/web") -> str:
        peer = some(good, bad, agent="claude", repo=repo)
        return next(i for i in ids([*some(*mine, BlockerCode.TIMEOUT), *peer]) if ":codex:" in i).rsplit(":", 1)[1]

    assert why(3, 0) == "model_selection"
    assert why(2, 0) == "environment", "two tasks are too few"
    assert why(3, 2) == "environment", "20 points are not 25"
    assert why(13, 7) == "model_selection", "65 % against 40 % are 25 points exactly"
    assert why(3, 2, mine=(0, 5)) == "model_selection", "60 % are enough"
    assert why(5, 5, mine=(0, 5)) == "environment", "50 % are no success"
    assert why(9, 0, repo="acme/api") == "environment", "another repository is no comparison"


def test_a_finding_cites_the_failed_runs_newest_first() -> None:
    runs = [run(f"t{n}", Q, hours=n + 1) for n in range(12)] + [run("good")]
    (found,) = findings(runs, scores(runs, ()))
    assert found.evidence[:2] == ("run:t0/1/x", "run:t1/1/x")
    assert found.at == stamp(NOW - timedelta(hours=1))
    assert len(found.evidence) == 8
    assert (found.kind, found.tasks, found.failures, found.blocker) == (
        FindingKind.EXECUTION_DEGRADED,
        13,
        12,
        "quota_limited",
    )
    assert found.summary == ("codex ended 1 of 13 tasks well in acme/web (8%); 12 of 12 were stopped by quota_limited")


def test_an_agent_that_fails_a_little_everywhere_is_found_over_all() -> None:
    spread = [run(f"t{n}", C, repo=f"acme/r{n}") for n in range(4)]
    assert ids(spread) == ["agent_remediation:codex:all:authentication"]
    typed = [run(f"t{n}", C if n < 4 else BlockerCode.NONE, type="docs" if n < 4 else "design") for n in range(12)]
    assert ids(typed) == [], "with one type of task only is no finding"
    assert ids([*spread, *some(0, 4)]) == ["agent_remediation:codex:acme/web:environment"], "named once"


def test_the_worst_comes_first_and_a_peer_is_named() -> None:
    bad = some(1, 3, BlockerCode.TIMEOUT, agent="ben") + some(0, 4, Q, agent="zoe") + some(9, 0)
    found = findings(bad, scores(bad, ()))
    assert [(f.agent, f.rate) for f in found] == [("zoe", 0.0), ("ben", 0.25)]
    assert found[1].summary.endswith("; codex does clearly better")
    assert found[1].peer == "codex"


def test_what_a_person_or_a_ceiling_ended_is_nobodys_failure() -> None:
    stopped = [run(f"s{n}", T, failure=f) for n, f in enumerate((FailureClass.STOPPED, FailureClass.BUDGET))]
    assert score([*stopped, run("a")]).tasks == 1


def test_what_the_gate_refused_did_not_end_well() -> None:
    assert won(run("a"))
    for bad in (
        run("a", refused=True),
        run("a", T),
        run("a", status=Status.PARTIAL),
        run("a", failure=FailureClass.CRASHED),
    ):
        assert not won(bad)
    assert blocker(run("a", refused=True)) == "refused_by_the_gate"
    assert blocker(run("a", failure=FailureClass.CRASHED)) == "crashed"
    assert blocker(run("a", Q, failure=FailureClass.QUOTA)) == "quota_limited"
    assert blocker(run("a", status=Status.PARTIAL)) == "partial"
    assert blocker(run("a", status=None)) == "no_status"


@given(
    st.lists(
        st.builds(
            run,
            st.sampled_from("abcdefgh"),
            st.sampled_from(BlockerCode),
            hours=st.integers(0, 200),
            agent=st.sampled_from(["codex", "claude", "gemini"]),
            repo=st.sampled_from(["acme/web", "acme/api"]),
            kind=st.sampled_from(AttemptKind),
            n=st.integers(1, 9),
        ),
        max_size=60,
        unique_by=lambda r: (r.agent, r.task, r.at, r.n),
    )
)
def test_the_order_of_lines_changes_nothing_and_ids_are_unique(runs: list[Run]) -> None:
    one, other = scores(runs, ()), scores(runs[::-1], ())
    assert one == other
    found = findings(runs, one)
    assert found == findings(runs[::-1], other)
    assert len({f.id for f in found}) == len(found)
    assert all(f.tasks >= 4 and f.rate is not None and f.rate < 0.6 and f.evidence for f in found)
    assert sum(s.tasks for s in one if not s.repo and not s.type) == len({(r.agent, r.task) for r in runs})


def test_a_business_finding_names_what_moved_the_wrong_way() -> None:
    def metric(id: str, weight: float, value: float | None, interpreted: int = 1) -> MetricScore:
        return MetricScore(
            id=id, name=id, weight=weight, value=value, snapshots=1, interpreted=interpreted, why=""
        )  # fmt: skip

    told = Score(
        repo="web",
        at="2026-11-21T12:00:00Z",
        total=-0.5,
        coverage=0.75,
        metrics=(metric("traffic", 0.25, None), metric("arpu", 0.5, -1.0), metric("retention", 0.25, -0.35, 0)),
    )
    found = business(told, "acme/web", ["outcome:web-1/arpu"], told.at)
    assert (found.id, found.kind.value) == ("business_objective:acme/web", "business_objective_regressed")
    assert found.summary == (
        "acme/web: the objective scores -0.5000 with a value for 75% of its weight, 1 of 2 metrics inconclusive; "
        "arpu -1.00 (weight 50%), retention -0.35 (weight 25%)"
    )
    assert found.evidence == ("outcome:web-1/arpu",)
    many = tuple(
        metric(id, 0.2, value) for id, value in (("a", -0.1), ("b", -0.4), ("c", 0.0), ("d", -0.3), ("e", -0.2))
    )
    words = business(replace(told, metrics=many), "acme/web", [], told.at).summary
    assert words.endswith("; b -0.40 (weight 20%), d -0.30 (weight 20%), e -0.20 (weight 20%)"), "the worst three"
    assert business(replace(told, metrics=()), "acme/web", [], told.at).summary.endswith("of its weight")
