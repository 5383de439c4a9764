"""When a lineage goes in circles: it ends early and says so, instead of spending what is left of it.

*The same failure twice.* A failure's signature is what we saw, whoever was at work: the blocker code, the checks that
failed, what the verification printed and what a reviewer found, without what differs between two runs of the same
thing (times, addresses, temporary paths, a finding's line). A turn is an attempt or a repair with the corrections and
requests that follow it; two turns that end with one signature are a circle. Inside of a turn the same signature only
ends the corrections (`repeated`): the next agent may still see what this one does not.

*No new diff.* Two agents one after the other, each at work until its own end, and the second left the very tree that
the first left.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from orchestrator.model.task import Attempt, AttemptKind, Task, TaskType
from orchestrator.policy.health import TROUBLE
from orchestrator.policy.review import MARK

CLAIMS = frozenset({"result_contract", "has_change"})
"""Checks that only repeat what the agent claimed, or that there is no diff; they tell two failures apart by nothing."""
_PLACE = re.compile(r":\d+ ")
"""A finding's line: it moves with every edit above it."""
_VARYING = re.compile(
    r"0x[0-9a-f]+"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b[0-9a-f]{32,64}\b"
    r"|\b\d{4}-\d\d-\d\d[t ]\d\d:\d\d:\d\d(?:[.,]\d+)?z?"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"|\b\d+(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds|minutes)\b"
    r"|/(?:tmp|var/tmp)/[^\s:'\")]+"
    r"|\bpid \d+"
)


def circle(task: Task) -> str:
    """Why the lineage ends early, in words; empty: it does not."""
    turns = _turns(task.counted)
    if not turns:
        return ""
    last = turns[-1][-1]
    mine = signature(last)
    for turn in turns[:-1]:
        if mine and signature(turn[-1]) == mine:
            who = " and ".join(dict.fromkeys((turn[-1].agent, last.agent)))
            what = ", ".join(_checks(last)) or last.blocker_code.value
            return (
                f"the same failure twice ({what}; runs {turn[-1].n} and {last.n} by {who}): more of it changes nothing"
            )
    if task.type is TaskType.RESEARCH:
        return ""
    return _no_new_diff(turns, last)


def repeated(task: Task) -> bool:
    """The last run, a correction, failed just as the run before it did."""
    runs = [a for a in task.counted if a.spent]
    if len(runs) < 2 or runs[-1].kind is not AttemptKind.CORRECTION:
        return False
    mine = signature(runs[-1])
    return bool(mine) and mine == signature(runs[-2])


def signature(attempt: Attempt) -> str:
    """Tells one failure from another, whoever made it. Empty: nothing was seen that could."""
    run = attempt.verification
    tail = normal(run.tail) if run is not None and run.exit != 0 else ""
    checks = _checks(attempt)
    if not tail and not set(checks) - {"verification"}:
        return ""
    said = sorted(normal(_PLACE.sub(" ", f)) for f in attempt.findings if f.startswith(MARK))
    digest = hashlib.sha256("\n".join([tail, *said]).encode("utf-8", "replace")).hexdigest()[:16]
    return f"{attempt.blocker_code.value}|{','.join(checks)}|{digest}"


def normal(tail: str) -> str:
    """Output without what differs between two runs of the same thing."""
    return " ".join(_VARYING.sub("#", tail.lower()).split())


def _checks(attempt: Attempt) -> tuple[str, ...]:
    return tuple(sorted({finding.partition(":")[0] for finding in attempt.findings} - CLAIMS))


def _turns(attempts: Sequence[Attempt]) -> list[list[Attempt]]:
    turns: list[list[Attempt]] = []
    for attempt in attempts:
        if not attempt.spent or not attempt.ended:
            continue
        if not turns or attempt.kind in (AttemptKind.ATTEMPT, AttemptKind.CI):
            turns.append([])
        turns[-1].append(attempt)
    return turns


def _no_new_diff(turns: list[list[Attempt]], last: Attempt) -> str:
    if len(turns) < 2 or last.head_sha is None:
        return ""
    before = turns[-2][-1]
    sound = before.failure not in TROUBLE and last.failure not in TROUBLE
    same = before.head_sha == last.head_sha and before.files_changed == last.files_changed
    if not (sound and same and before.agent != last.agent):
        return ""
    return f"no new diff: {last.agent} (run {last.n}) left the very files that {before.agent} (run {before.n}) left"
