"""One look at everything the screen shows, made into clean text. Reads files only, and runs beside the screen, which
never waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.mailbox.box import Unreadable
from orchestrator.model.errors import Told
from orchestrator.model.standing import Who
from orchestrator.operations import TaskLine, cards, history
from orchestrator.operations.cards import Card, Home
from orchestrator.operations.transcript import Line, Reader
from orchestrator.policy.visible import visible
from orchestrator.services import Services
from orchestrator.state.store import CorruptState
from orchestrator.tui.orders import PLAN

CELL = 80
"""Characters of one cell of a table."""
BOARD = ("who", "issue", "task", "agent", "next", "by", "title")
OVER = ("task", "issue", "ended", "runs", "agent", "title")


@dataclass(frozen=True, kw_only=True)
class Running:
    """One running task. All texts here are redacted, of one line, and move no cursor."""

    task: str
    what: str
    doing: str


@dataclass(frozen=True, kw_only=True)
class Row:
    task: str
    """What an order is about: a task's id, or `plan:<id>`; empty for an item that takes none."""
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Seen:
    head: str = ""
    running: tuple[Running, ...] = ()
    board: tuple[Row, ...] = ()
    """What needs a person first."""
    over: tuple[Row, ...] | None = None
    """Newest first; None: it was not asked for."""
    trouble: str = ""
    """Why it could not be read; the other fields are then empty."""


def look(services: Services, *, over: bool) -> Seen:
    """`over`: what ended is wanted too."""
    try:
        home = cards.home(services)
        ended = history.recent(services) if over else None
    except (Told, CorruptState, Unreadable, OSError) as why:
        return Seen(trouble=clean(services, f"cannot read: {why}"))
    rows = [(who, c) for who in Who for c in home.columns.get(who, ())]
    running = sorted((c for _, c in rows if c.folder == "processing"), key=lambda c: c.task)
    return Seen(
        head=clean(services, _counts(home)),
        running=tuple(_running(services, c) for c in running),
        board=tuple(_board(services, who, c) for who, c in rows),
        over=None if ended is None else tuple(_over(services, t) for t in ended),
    )


def heard(readers: Sequence[Reader]) -> list[list[Line]]:
    """What each transcript holds since the last time."""
    found: list[list[Line]] = []
    for reader in readers:
        try:
            found.append(reader.fresh())
        except OSError:  # swept away under our hands
            found.append([])
    return found


def clean(services: Services, text: str) -> str:
    """Foreign text in a place of one line."""
    return visible(services.redact(text), lines=False)


def elapsed(seconds: int) -> str:
    """`0:07`, `12:30`, `3:05:00`."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _counts(home: Home) -> str:
    parts = [f"{who.value} {len(home.columns.get(who, ()))}" for who in Who]
    return "  ".join([*parts, f"done today {home.done_today}", *(f"OFF: {words}" for words in home.off)])


def _about(card: Card) -> str:
    return f"{card.repo}#{card.issue}" if card.issue else card.repo


def _running(services: Services, card: Card) -> Running:
    money = f"  {card.cost_usd:.2f} USD" if card.cost_usd is not None else ""
    what = f"{_about(card)}  {card.agent} run {card.attempt}  {elapsed(card.elapsed_seconds)}{money}  {card.title}"
    doing = f"{card.task}: {card.standing.action or card.doing}"
    return Running(task=card.task, what=clean(services, what), doing=clean(services, doing))


def _board(services: Services, who: Who, card: Card) -> Row:
    stands = card.standing
    by = stands.deadline[:16].replace("T", " ") + (" late" if stands.overdue else "")
    cells = (who.value, _about(card), card.task, card.agent, stands.action or card.doing, by, card.title)
    about = card.task or (card.subject if card.subject.startswith(PLAN) else "")
    return Row(task=about, cells=tuple(clean(services, c)[:CELL] for c in cells))


def _over(services: Services, line: TaskLine) -> Row:
    about = f"{line.repo}#{line.issue}" if line.issue else line.repo
    cells = (line.id, about, line.folder, str(line.attempts), line.agent, line.title)
    return Row(task=line.id, cells=tuple(clean(services, c)[:CELL] for c in cells))
