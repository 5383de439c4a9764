"""A good world for judgements: every builder returns what passes, each test spoils one fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.model.gate import Finding, Outcome, Verdict
from orchestrator.model.governance import ReviewMode, ReviewRules
from orchestrator.model.issue import Card, Issue
from orchestrator.model.names import RepoName, Sha, TaskId
from orchestrator.model.pull import CheckRun, CheckState, Mergeable, Pull
from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Attempt, AttemptKind, Phase, Task, TaskType, Vouched
from orchestrator.model.times import stamp
from orchestrator.policy.merge import Facts
from orchestrator.policy.route import Health

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WEB = RepoName("acme/web")
HEAD = Sha("a" * 40)
BASE = Sha("b" * 40)
TREE = Sha("c" * 40)
CHAIN = ("codex", "claude", "gemini", "deepseek")
HEALTHY = {name: Health() for name in (*CHAIN, "aider")}


def ago(**delta: float) -> str:
    """NOW minus that, as records write it."""
    return stamp(NOW - timedelta(**delta))


def repo(**changes: Any) -> RepoSettings:
    good = RepoSettings(
        key="web",
        name=WEB,
        project="main",
        clone_url="https://example.invalid/acme/web.git",
        trusted_authors=frozenset({"ada"}),
        chains=tuple((kind, CHAIN) for kind in TaskType),
        excluded_labels=frozenset({"wontfix"}),
        review=ReviewRules(mode=ReviewMode.OFF),
    )
    return replace(good, **changes)


def issue(**changes: Any) -> Issue:
    good = Issue(
        repo=WEB,
        number=7,
        node_id="I_7",
        title="Parse dates",
        body="## Goal\nDates are parsed.\n",
        author="ada",
        labels=frozenset({"ready"}),
        created_at=ago(days=2),
        updated_at=ago(hours=1),
        card=Card(item_id="PVTI_7", status="Ready", set_by="ada", set_at=ago(hours=1)),
    )
    return replace(good, **changes)


def vouched(**changes: Any) -> Vouched:
    good = Vouched(by="ada", at=ago(hours=1), body_sha256="0" * 64, author="ada", author_trust="trusted")
    return replace(good, **changes)


def attempt(n: int = 1, **changes: Any) -> Attempt:
    """One that ended, charged, complete, and was refused by nobody yet."""
    good = Attempt(
        n=n,
        agent="codex",
        started=ago(hours=1),
        ended=ago(minutes=30),
        status=Status.COMPLETE,
        summary="s",
        sandbox="bubblewrap",
    )
    return replace(good, **changes)


def verdict(*findings: Finding, head: Sha = HEAD) -> Verdict:
    """Passed unless told otherwise."""
    found = findings or (Finding(check="verification", outcome=Outcome.PASS),)
    return Verdict(head_sha=head, base_sha=BASE, tree=TREE, findings=found, at=ago(minutes=20))


def finding(check: str = "verification", outcome: Outcome = Outcome.FAIL, why: str = "2 tests fail") -> Finding:
    return Finding(check=check, outcome=outcome, why=why)


def task(**changes: Any) -> Task:
    good = Task(
        id=TaskId("web-7"),
        repo=WEB,
        issue=7,
        title="Parse dates",
        branch="agent/web-7",
        created=ago(hours=2),
        base="main",
    )
    return replace(good, **changes)


def published(**changes: Any) -> Task:
    good = task(
        phase=Phase.PUBLISHED,
        attempts=(attempt(),),
        verdict=verdict(),
        candidate_sha=HEAD,
        pushed_sha=HEAD,
        pull_request=12,
    )
    return replace(good, **changes)


def check(state: CheckState = CheckState.GREEN, name: str = "ci", **changes: Any) -> CheckRun:
    return CheckRun(name=name, state=state, conclusion=state.value, url=f"https://example.invalid/{name}", **changes)


def pull(**changes: Any) -> Pull:
    good = Pull(
        repo=WEB,
        number=12,
        node_id="PR_12",
        url="https://example.invalid/acme/web/pull/12",
        title="Parse dates",
        author="ada",
        head_ref="agent/web-7",
        head_sha=HEAD,
        head_repo=WEB,
        base_ref="main",
        base_sha=BASE,
        open=True,
        merged=False,
        mergeable=Mergeable.YES,
        checks=(check(),),
    )
    return replace(good, **changes)


def facts(**changes: Any) -> Facts:
    """A pull request that merges."""
    good = Facts(
        task=published(), repo=repo(), pull=pull(), turn=True, loopback=True, published=ago(minutes=20), now=NOW
    )
    return replace(good, **changes)


def blocked(n: int, agent: str, **changes: Any) -> Attempt:
    told: dict[str, Any] = {"status": Status.BLOCKED, "blocker_code": BlockerCode.MISSING_CONTEXT, "summary": "no way"}
    return attempt(n, agent=agent, **(told | changes))


def rounds(count: int) -> tuple[Attempt, ...]:
    """One attempt and that many charged repairs of the pull request."""
    return (attempt(), *(attempt(n + 2, kind=AttemptKind.CI) for n in range(count)))
