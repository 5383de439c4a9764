"""The same head on the same base was judged once one way and once the other: tests that do not always say the same."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.signals.facts import CITED, Facts, event

TESTS = ("verification:", "base_tests:")
"""How the findings of the checks that run tests begin, as the event tells them."""


def find(facts: Facts) -> tuple[Signal, ...]:
    heads: dict[tuple[RepoName, str, str], list[Record]] = defaultdict(list)
    for record in facts.of(EventKind.VERDICT):
        head, base = str(record.data.get("head") or ""), str(record.data.get("base") or "")
        told = bool(record.data.get("passed")) or _by_tests(record)
        if head and told and (repo := facts.slug(record.repo)) is not None:
            heads[repo, head, base].append(record)
    flaky: dict[RepoName, list[Record]] = defaultdict(list)
    for (repo, _, _), records in heads.items():
        if len({bool(r.data.get("passed")) for r in records}) == 2:
            flaky[repo] += records
    return tuple(_signal(repo, records) for repo, records in flaky.items())


def _by_tests(record: Record) -> bool:
    """Refused by what we ran, not by what an agent claimed: a head does not move when a run changes nothing."""
    found = record.data.get("findings")
    return isinstance(found, list) and any(str(each).startswith(TESTS) for each in found)


def _signal(repo: RepoName, records: list[Record]) -> Signal:
    records.sort(key=lambda r: r.seq)
    heads = sorted({str(r.data.get("head"))[:12] for r in records})
    return Signal(
        id=f"verification_flaky:{repo.casefold()}",
        kind="verification_flaky",
        repo=repo,
        summary=f"Verification of {repo} passed and failed on the same commit: {', '.join(heads[:CITED])}",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.9, 0.6 + 0.05 * len(heads)),
        count=len(heads),
        at=records[-1].at,
        advice="Find the tests whose outcome depends on time, order, network or chance, and make them certain.",
    )
