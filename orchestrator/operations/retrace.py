"""One change, retraced: from the issue and who vouched for it to the commit on the base branch.

Everything comes from the ledger; files of a run are named beside the hash the ledger has of them, with a word on
whether they still are what they were. What the ledger does not have (yet) is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.mailbox.box import Unreadable
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import TaskId
from orchestrator.model.task import Task
from orchestrator.operations import OrderRefused, records
from orchestrator.pipeline import traces
from orchestrator.services import Services

_TASK = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One recorded decision or effect."""

    seq: int
    at: str
    by: str
    kind: str
    task: str
    hashes: dict[str, str]
    data: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a run, and whether it is still the one the ledger knows."""

    path: str
    sha256: str
    """As recorded; empty where the ledger has none."""
    stands: str
    """`as recorded`, `changed`, `gone` or `not recorded`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    task: str
    n: int
    kind: str
    agent: str
    started: str
    ended: str
    """Empty where no end is recorded: its worker died, or it runs."""
    status: str
    failure: str
    prompt: File
    transcript: File
    tokens: int
    usd: float | None
    """None = unknown."""
    seqs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Trace:
    subject: str
    repo: str
    tasks: tuple[str, ...]
    issue: int | None
    title: str
    url: str
    vouched: tuple[Step, ...]
    """Who set it Ready, and each time its text was vouched for anew or stopped being so."""
    runs: tuple[Run, ...]
    verdicts: tuple[Step, ...]
    """The gate's, with its findings."""
    reviews: tuple[Step, ...]
    approvals: tuple[Step, ...]
    pushes: tuple[Step, ...]
    pull_requests: tuple[int, ...]
    merges: tuple[Step, ...]
    usd: float | None
    """All runs and reviews together; None as soon as a part of it is unknown."""
    usd_known: float
    """What is known of it."""
    steps: tuple[Step, ...]
    """Every event, in order."""


def retrace(services: Services, subject: str) -> Trace:
    """`subject`: a task id, `owner/name#N` of an issue or a pull request, or (the begin of) a commit sha.

    Raises OrderRefused when the record knows nothing of it.
    """
    everything = list(services.ledger.read())
    direct = [r for r in everything if records.about(r, subject)]
    tasks = {r.task for r in direct if r.task}
    found = [r for r in everything if r.task in tasks] if tasks else direct
    if not found:
        raise OrderRefused(
            f"the ledger has nothing about {subject!r}; expected a task id, owner/name#N or a commit sha"
        )
    names = tuple(dict.fromkeys(r.task for r in found if r.task))
    task = _task(services, names[-1]) if names else None
    runs = tuple(run for name in names for run in _runs(services, name, [r for r in found if r.task == name]))
    money = [*(r.usd for r in runs if r.ended), *(_usd(r) for r in found if r.kind == EventKind.REVIEWED.value)]
    return Trace(
        subject=subject,
        repo=next((r.repo for r in found if r.repo), ""),
        tasks=names,
        issue=task.issue if task else _number(found, "issue", EventKind.DISPATCHED),
        title=task.title if task else "",
        url=task.url if task else "",
        vouched=_steps(found, EventKind.DISPATCHED, EventKind.TRUST),
        runs=runs,
        verdicts=_steps(found, EventKind.VERDICT),
        reviews=_steps(found, EventKind.REVIEWED),
        approvals=_steps(found, EventKind.APPROVED),
        pushes=_steps(found, EventKind.PUSHED, EventKind.UPDATED),
        pull_requests=tuple(dict.fromkeys(_numbers(found, "number", EventKind.PULL_OPENED, EventKind.MERGED))),
        merges=_steps(found, EventKind.MERGED, EventKind.MERGE_TREE_DIFFERS, EventKind.REVERTED),
        usd=None if any(m is None for m in money) else sum(m for m in money if m is not None),
        usd_known=sum(m for m in money if m is not None),
        steps=tuple(_step(r) for r in found),
    )


def _task(services: Services, id: str) -> Task | None:
    """Its file, while it is kept."""
    try:
        entry = services.mailbox.find(TaskId(id))
    except Unreadable:
        return None
    return entry.task if entry else None


def _runs(services: Services, task: str, events: Sequence[Record]) -> list[Run]:
    """Each start with its end. A run whose worker died was started again under the same number: the last one counts."""
    logs = services.settings.runtime / "logs"
    starts: dict[int, list[Record]] = {}
    ends: dict[int, Record] = {}
    for r in events:
        n = r.data.get("n")
        if isinstance(n, int) and r.kind == EventKind.AGENT_STARTED.value:
            starts.setdefault(n, []).append(r)
        elif isinstance(n, int) and r.kind == EventKind.AGENT_ENDED.value:
            ends[n] = r
    return [_run(logs, task, n, starts[n], ends.get(n)) for n in sorted(starts)]


def _run(logs: Path, task: str, n: int, starts: Sequence[Record], end: Record | None) -> Run:
    last, said = starts[-1], end.data if end else {}
    log = logs / task / f"{n}.log" if _TASK.fullmatch(task) else None
    tokens = [said.get(name) for name in ("input_tokens", "output_tokens")]
    return Run(
        task=task,
        n=n,
        kind=str(last.data.get("kind", "")),
        agent=str(last.data.get("agent", "")),
        started=last.at,
        ended=end.at if end else "",
        status=str(said.get("status", "")),
        failure=str(said.get("failure", "")),
        prompt=_file(traces.prompt_file(log) if log else None, last.hashes.get("prompt", "")),
        transcript=_file(log, end.hashes.get("log", "") if end else ""),
        tokens=sum(t for t in tokens if isinstance(t, int)),
        usd=_usd(end) if end else None,
        seqs=(*(r.seq for r in starts), *((end.seq,) if end else ())),
    )


def _file(path: Path | None, recorded: str) -> File:
    now = traces.file_hash(path) if path else ""
    if not recorded:
        word = "not recorded"
    elif not now:
        word = "gone"
    else:
        word = "as recorded" if now == recorded else "changed"
    return File(path=str(path) if path and now else "", sha256=recorded, stands=word)


def _usd(record: Record) -> float | None:
    """What a run or a review cost; None = not known."""
    value = record.data.get("cost" if record.kind == EventKind.REVIEWED.value else "usd")
    return float(value) if isinstance(value, int | float) else None


def _steps(found: Sequence[Record], *kinds: EventKind) -> tuple[Step, ...]:
    wanted = {k.value for k in kinds}
    return tuple(_step(r) for r in found if r.kind in wanted)


def _step(r: Record) -> Step:
    by = f"{r.actor.kind} {r.actor.id}"
    return Step(seq=r.seq, at=r.at, by=by, kind=r.kind, task=r.task, hashes=r.hashes, data=r.data)


def _numbers(found: Sequence[Record], name: str, *kinds: EventKind) -> list[int]:
    wanted = {k.value for k in kinds}
    values = [r.data.get(name) for r in found if r.kind in wanted]
    return [v for v in values if isinstance(v, int)]


def _number(found: Sequence[Record], name: str, *kinds: EventKind) -> int | None:
    return next(iter(_numbers(found, name, *kinds)), None)
