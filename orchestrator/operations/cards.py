"""Everything that is not over, by who needs to act: what the home page, the terminal screen and `/status` show."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.mailbox.box import Entry
from orchestrator.model.standing import Standing, Who
from orchestrator.model.task import Folder
from orchestrator.model.times import parse
from orchestrator.operations import OPEN, TaskLine, shown
from orchestrator.services import Services


@dataclass(frozen=True, kw_only=True)
class Card:
    """One open item. Items that are no task (a plan to approve, a named fault) have an empty `task`."""

    subject: str
    """`task:<id>`, `plan:<id>`, `repo:<key>`: what it is about, unique on the page."""
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


def home(services: Services) -> Home:
    cards = [_card(services, e) for f in OPEN for e in services.mailbox.list(f)]
    columns = {who: tuple(c for c in cards if c.standing.who is who) for who in Who}
    return Home(columns=columns, ledger_seq=services.ledger.head()[0])


def _card(services: Services, entry: Entry) -> Card:
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
        standing=_standing(entry, seen),
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


def _standing(entry: Entry, seen: TaskLine) -> Standing:
    match entry.folder:
        case Folder.BLOCKED | Folder.ESCALATED | Folder.FAILED | Folder.HOLD:
            return Standing(who=Who.YOU, action=seen.reason or seen.doing)
        case Folder.REVIEW:
            return Standing(who=Who.CI, action=seen.doing)
        case Folder.PROCESSING:
            return Standing(who=Who.AGENTS, action=seen.doing)
        case _:
            return Standing(who=Who.WAITING, action=seen.doing)
