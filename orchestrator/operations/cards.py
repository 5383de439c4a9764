"""Everything that is not over, by who needs to act: what the home page, the terminal screen and `/status` show."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from orchestrator import operations
from orchestrator.mailbox.box import Entry
from orchestrator.model.event import EventKind
from orchestrator.model.standing import Standing, Who
from orchestrator.model.task import Folder
from orchestrator.model.times import parse
from orchestrator.operations import TaskLine, shown, standing
from orchestrator.planning.objectives import faults
from orchestrator.policy import liveness
from orchestrator.services import Services
from orchestrator.state.left import Left
from orchestrator.state.store import CorruptState

GRACE = timedelta(hours=3)
"""Within which the hourly planner ends a plan that has run out."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One open item. Items that are no task (a plan to approve, a named fault) have an empty `task`."""

    subject: str
    """`task:<id>`, `issue:<owner/name#N>`, `plan:<id>`, `repo:<key>`: what it is about, unique on the page."""
    title: str
    repo: str
    standing: Standing
    task: str = ""
    issue: int | None = None
    url: str = ""
    """The issue on GitHub."""
    pull_request: int | None = None
    folder: str = ""
    doing: str = ""
    agent: str = ""
    attempt: int = 0
    elapsed_seconds: int = 0
    """Since its present run started; where none runs, since it came."""
    cost_usd: float | None = None
    """What its runs have told so far; None: no run told money."""


@dataclass(frozen=True, kw_only=True)
class Home:
    columns: dict[Who, tuple[Card, ...]] = field(default_factory=dict)
    """Every member of Who, in its order, also when empty."""
    done_today: int = 0
    off: tuple[str, ...] = ()
    """What is switched off, in words."""
    ledger_seq: int = 0


OPEN = tuple(f for f in operations.OPEN if f is not Folder.FAILED)
"""A person's stop, or a withdrawal, is an end: nobody has to act."""
MOST_EVENTS = 5_000
"""Of today, read for `done_today`."""


def home(services: Services) -> Home:
    """Its work grows with what is open, and with what happened today; not with what is stored."""
    cards = every(services)
    columns = {who: tuple(c for c in cards if c.standing.who is who) for who in Who}
    return Home(
        columns=columns,
        done_today=_done_today(services),
        off=tuple(s.words for s in services.switches.off()),
        ledger_seq=services.ledger.head()[0],
    )


def every(services: Services) -> tuple[Card, ...]:
    """Every open item: tasks, unreadable files, Ready issues left alone, plans that wait, trains under way, faults,
    roles that are silent."""
    told = standing.told(services)
    cards = [_card(services, e, told) for f in OPEN for e in services.mailbox.list(f)]
    rest = (*_corrupt(services), *_left(services), *_of_repos(services), *_faults(services), *_silent(services, told))
    return (*cards, *rest)


def _corrupt(services: Services) -> Iterator[Card]:
    for id in services.mailbox.ids(Folder.CORRUPT):
        action = f"repair or delete corrupt/{id}.md; why stands in corrupt/{id}.reason"
        yield Card(
            subject=f"task:{id}", title="unreadable task file", repo="", folder=Folder.CORRUPT.value,
            standing=liveness.of_person(action, services.now(), services.now()),
        )  # fmt: skip


def _left(services: Services) -> Iterator[Card]:
    """As the dispatcher saw them last. A repository that is switched off is not looked at: nothing is missed there."""
    with contextlib.suppress(CorruptState):
        for one in Left(root=services.settings.runtime / "state").all():
            repo = services.settings.repo(one.repo)
            if repo is None or services.switches.of(repo=repo.key) is not None:
                continue
            ref = f"{one.repo}#{one.number}"
            kept = liveness.of_left(one.reason, one.why, ref, parse(one.since), services.now())
            yield Card(
                subject=f"issue:{ref}", title=one.title, repo=one.repo, issue=one.number, url=one.url, standing=kept
            )


def _of_repos(services: Services) -> Iterator[Card]:
    now = services.now()
    for repo in services.settings.repos:
        plan = services.plans.pending(repo.key)
        if plan is not None:
            action = f"`agent-os plan show {plan.id}`, then approve or reject it"
            yield Card(
                subject=f"plan:{plan.id}", title=plan.focus or f"plan of {len(plan.items)} issues", repo=repo.name,
                standing=liveness.until(Who.YOU, action, parse(plan.expires) + GRACE, now),
            )  # fmt: skip
        with contextlib.suppress(CorruptState):
            train = services.trains.of(repo.key).train
            if train is not None:
                since = parse(train.pushed_at or train.built)
                off = services.stopped(repo)
                kept = liveness.until(Who.CI, "the train's checks end", since + liveness.CHECKS, now)
                rest = liveness.of_person(off, now, now)
                yield Card(
                    subject=f"train:{repo.key}", title=f"merge train of {len(train.members)}", repo=repo.name,
                    pull_request=train.pull, standing=replace(rest, who=Who.WAITING) if off else kept,
                )  # fmt: skip


def _faults(services: Services) -> Iterator[Card]:
    """Faults of objectives, told while they stand."""
    for number, line in enumerate(line for found in faults(services.settings, os.environ) for line in found):
        fixed = liveness.of_person(str(line), services.now(), services.now())
        yield Card(subject=f"fault:{number}", title="an objective cannot be used", repo="", standing=fixed)


def _silent(services: Services, told: standing.Told) -> Iterator[Card]:
    if services.switches.of() is not None:
        return
    for role, found in liveness.silent(told.ticks, services.now()).items():
        if services.switches.of(role=role) is None:
            yield Card(subject=f"role:{role}", title=f"{role} does not tick", repo="", standing=found)


def _done_today(services: Services) -> int:
    midnight = services.now().replace(hour=0, minute=0, second=0, microsecond=0)
    done: set[str] = set()
    for record in itertools.islice(services.ledger.newest(), MOST_EVENTS):
        if parse(record.at) < midnight:
            break
        if record.kind == EventKind.DONE.value:
            done.add(record.task)
    return len(done)


def _card(services: Services, entry: Entry, known: standing.Told) -> Card:
    seen: TaskLine = shown(services, entry)
    found = entry.task
    last = found.attempts[-1] if found.attempts else None
    since = (last.started if last and not last.ended else "") or found.created
    elapsed = int((services.now() - parse(since)).total_seconds()) if since else 0
    told = [a.usage.cost_usd for a in found.attempts if a.usage.cost_usd is not None]
    return Card(
        subject=f"task:{found.id}",
        title=found.title,
        repo=found.repo,
        standing=standing.of(services, entry, known),
        task=found.id,
        issue=found.issue,
        url=found.url,
        pull_request=found.pull_request,
        folder=entry.folder.value,
        doing=seen.doing,
        agent=seen.agent,
        attempt=seen.attempts,
        elapsed_seconds=max(0, elapsed),
        cost_usd=round(sum(told), 6) if told else None,
    )
