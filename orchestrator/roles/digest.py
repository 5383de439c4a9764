"""The summary of a day, once, to pager and ledger: at `digest_hour` UTC, or as soon after it as a tick comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind, Record
from orchestrator.model.task import Folder, Phase
from orchestrator.model.times import parse
from orchestrator.operations import money
from orchestrator.pipeline import funds
from orchestrator.policy import digest
from orchestrator.policy.digest import Standing
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services
from orchestrator.state.told import Told, Upto

EVERY = "0 * * * *"
DAY = timedelta(hours=24)


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """Tells what happened since the last summary, of 24 hours at most. A day on which nothing happened is not told."""
    hour = services.settings.digest_hour
    if hour < 0:
        return Ticked()
    did: list[str] = []
    with fence(services, None, "digest"):
        now = services.now()
        due = digest.day(now, hour)
        told = Told(root=services.settings.runtime / "state")
        last = told.last()
        # A day that is still to come was told by a clock that has been set back since.
        if due <= last.day <= now.date():
            return Ticked()
        seq = services.ledger.head()[0]
        records = _since(services, last.seq, now - DAY)
        lines = digest.lines(records, _standing(services, now))
        if dry_run:
            return Ticked(did=tuple(f"would tell: {line}" for line in lines))
        if lines:
            text = services.redact("\n".join(lines))
            # With where it begins: the same day comes twice when a clock is set back, and has other things to tell.
            state = f"{due} from {last.seq}"
            link = f"{services.settings.github.web_url}/{services.settings.repos[0].name}/pulls"
            told_of = Alert(kind=AlertKind.DIGEST, subject="digest", state=state, text=text, link=link)
            notify.alert(services, told_of)
            services.record(EventKind.DIGEST, day=due.isoformat(), lines=len(lines))
            did.append(f"told of {due}: {len(lines)} lines")
        told.note(Upto(day=due, seq=seq))
    return Ticked(did=tuple(did))


def _since(services: Services, seq: int, first: datetime) -> Iterator[Record]:
    return (r for r in services.ledger.read(seq) if parse(r.at) >= first)


def _standing(services: Services, now: datetime) -> Standing:
    first: date = (now - DAY).date()
    cost = money.cost(services, by=money.By.REPO, since=first)
    waiting = [str(id) for f in (Folder.BLOCKED, Folder.ESCALATED) for id in services.mailbox.ids(f)]
    plans = [p.id for repo in services.settings.repos if (p := services.plans.pending(repo.key)) is not None]
    return Standing(
        waiting=waiting,
        idle=_idle(services, now),
        plans=plans,
        usd=cost.total.usd,
        tokens=cost.total.tokens,
        over=[over.words for over in funds.standing_now(services)],
    )


def _idle(services: Services, now: datetime) -> list[str]:
    """Tasks that wait for a worker since more than a day though nothing said that they should."""
    entries = services.mailbox.list(Folder.INBOX)
    return [
        e.task.id
        for e in entries
        if e.task.phase is Phase.QUEUED
        and not e.task.not_before
        and e.task.created
        and now - parse(e.task.created) > DAY
    ]
