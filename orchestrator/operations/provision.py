"""What the work needs on GitHub beside code: labels, and a board with the five columns.

`init` makes them, `doctor` looks and mends with the same functions; what is made is written down (`state/made.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.backlog.filing import LABEL as FILED
from orchestrator.github import labels as github_labels
from orchestrator.github import projects
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Misconfigured
from orchestrator.github.labels import Label
from orchestrator.github.projects import Option, Project
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import RepoName
from orchestrator.model.settings import Statuses
from orchestrator.pipeline import desk
from orchestrator.state.made import Kind, Made
from orchestrator.state.store import Store

TITLE = "Agent OS"
"""Of a board that we make."""
COLORS = {
    BoardStatus.BACKLOG: "GRAY",
    BoardStatus.READY: "BLUE",
    BoardStatus.IN_PROGRESS: "YELLOW",
    BoardStatus.BLOCKED: "RED",
    BoardStatus.DONE: "GREEN",
}
READY = "ready"
APPROVED = "agent-os-approved"
_OWN = (
    Label(name=desk.IN_PROGRESS, color="fbca04", description="Agent OS: an agent works on it"),
    Label(name=desk.DISPATCHED, color="c5def5", description="Agent OS: it became a task"),
    Label(name=desk.BLOCKED, color="d93f0b", description="Agent OS: it waits for a person"),
    Label(name=desk.DONE, color="0e8a16", description="Agent OS: merged and closed"),
    Label(name=desk.NEEDS_VOUCHING, color="f9d0c4", description="Agent OS: Ready by nobody whose word counts"),
    Label(name=FILED, color="5319e7", description="Agent OS: filed by the program itself"),
    Label(name="prio:high", color="b60205", description="Agent OS: goes first"),
    Label(name="prio:normal", color="ededed", description="Agent OS: the usual"),
    Label(name="prio:low", color="ededed", description="Agent OS: when nothing else waits"),
)


_FIRST = frozenset({"todo", "in progress", "done"})
"""The columns that GitHub gives to a new board."""


class Outcome(Enum):
    MADE = "made"
    THERE = "was there"
    WOULD = "would make"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that is wanted, and what came of it."""

    what: str
    """`label ready`, `column Ready`, `board ada/1`."""
    where: str
    outcome: Outcome


def labels(ready: str = READY, approved: str = APPROVED) -> tuple[Label, ...]:
    """Every label the program puts on issues or reads there; `ready` and `approved` as the repository calls them."""
    return (
        Label(name=ready, color="1d76db", description="Agent OS: start work on this"),
        *_OWN,
        Label(name=approved, color="0e8a16", description="Agent OS: a person approves this pull request's head"),
    )


def lacking_labels(gh: GitHub, repo: RepoName, wanted: Sequence[Label]) -> tuple[Label, ...]:
    """Those the repository has not; names are compared without case, as GitHub does. Raises GitHubError."""
    there = {name.casefold() for name in github_labels.listed(gh, repo)}
    return tuple(label for label in wanted if label.name.casefold() not in there)


def make_labels(
    gh: GitHub, made: Made, repo: RepoName, wanted: Sequence[Label], *, dry: bool = False
) -> tuple[Line, ...]:
    """Repeatable. `dry` only tells. Raises GitHubError; what was made until then is written down."""
    there = {label.name.casefold(): label for label in github_labels.described(gh, repo)}
    lacking = {label for label in wanted if label.name.casefold() not in there}
    found = []
    for label in wanted:
        outcome = Outcome.THERE
        if label in lacking and dry:
            outcome = Outcome.WOULD
        elif label in lacking:
            ours = github_labels.make(gh, repo, label)
            outcome = Outcome.MADE if ours else Outcome.THERE
            made.note(Kind.LABEL, label.name, where=repo, ours=ours)
        elif not dry and made.of(Kind.LABEL, label.name, where=repo) is None:
            # One in our very words was made by us, before we were killed and could say so.
            made.note(Kind.LABEL, label.name, where=repo, ours=untouched(there[label.name.casefold()], label))
        found.append(Line(what=f"label {label.name}", where=repo, outcome=outcome))
    return tuple(found)


def untouched(there: Label, made: Label) -> bool:
    """Does it stand as we make it? One with another colour or other words is, by now, a person's."""
    return (there.color.casefold(), there.description) == (made.color, made.description)


def find_board(gh: GitHub, owner: str, made: Made) -> int | None:
    """The board that we made for this owner before, as we wrote down, or as it is called where we died before we could:
    open, ours by its title, made by this token's account."""
    _, boards = projects.owned(gh, owner)
    there = {b.number: b for b in boards if not b.closed}
    for entry in made.all():
        if entry.kind is Kind.BOARD and entry.where.casefold() == owner.casefold() and int(entry.name) in there:
            return int(entry.name)
    mine = [b.number for b in there.values() if b.title == TITLE and gh.is_me(b.creator)]
    return min(mine, default=None)


def make_board(gh: GitHub, made: Made, owner: str, repository_ids: Sequence[str]) -> int:
    """A board of ours with the five columns, linked to the repositories; the one we made before, if there is one. Its
    number. Raises GitHubError."""
    number = find_board(gh, owner, made)
    if number is None:
        owner_id, _ = projects.owned(gh, owner)
        number = projects.create(gh, owner_id, TITLE, repository_ids[0] if repository_ids else "")
    made.note(Kind.BOARD, str(number), where=owner)
    board = projects.read(gh, owner, number)
    for id in repository_ids[1:]:
        projects.link(gh, board, id)
    return number


def lacking_options(board: Project, statuses: Statuses) -> tuple[str, ...]:
    """Names of the columns that the board has not; all of them where it has no Status field."""
    there = {option.name.casefold() for option in board.options}
    return tuple(name for _, name in statuses.names if name.casefold() not in there)


def make_options(
    gh: GitHub, made: Made, owner: str, number: int, statuses: Statuses, *, dry: bool = False
) -> tuple[Line, ...]:
    """Gives the board the columns it lacks, after those it has, which stay with their cards in their order. Repeatable.

    A board of ours that still has nothing but GitHub's first columns gets exactly the five. Raises Misconfigured for a
    board that is closed, or that this token may not change; GitHubError.
    """
    board = projects.read(gh, owner, number)
    if not dry:
        finish(gh, made, board)
    lacking = lacking_options(board, statuses)
    where = f"{owner}/{number}"
    if lacking and not dry:
        if board.closed or not board.writable:
            why = "is closed" if board.closed else "may not be changed with this token"
            raise Misconfigured(f"board {where} lacks the columns {', '.join(lacking)}, and {why}")
        _add(gh, made, board, statuses, lacking)
    outcome = Outcome.WOULD if dry else Outcome.MADE
    return tuple(
        Line(what=f"column {name}", where=where, outcome=outcome if name in lacking else Outcome.THERE)
        for _, name in statuses.names
    )


def _add(gh: GitHub, made: Made, board: Project, statuses: Statuses, lacking: Sequence[str]) -> None:
    where = f"{board.owner}/{board.number}"
    ours = made.of(Kind.BOARD, str(board.number), where=board.owner) is not None
    known = {option.name.casefold(): option for option in board.options}
    five = [known.get(n.casefold(), Option(name=n, color=COLORS[s])) for s, n in statuses.names]
    wanted = [*board.options, *(o for o in five if o.name in lacking)]
    others = {o.name.casefold() for o in board.options if o not in five}
    if ours and others <= _FIRST and not projects.statuses(gh, board):
        wanted = five
    if not board.field_id:
        made.note(Kind.FIELD, "Status", where=where)
    for name in lacking:
        made.note(Kind.OPTION, name, where=where)
    overwrite(gh, made, board, wanted)


def overwrite(gh: GitHub, made: Made, board: Project, options: Sequence[Option]) -> None:
    """Makes the board's columns exactly these, and every card stands where it stood, also when we are killed in
    between: where they stood is on the disk before. Raises GitHubError; then `finish` does the rest."""
    kept = _cards(made, board)
    with kept.change() as data:
        data.update(projects.statuses(gh, board))
    projects.set_options(gh, board, options)
    kept.path.unlink(missing_ok=True)


def finish(gh: GitHub, made: Made, board: Project) -> None:
    """Puts cards back that an `overwrite` which broke off left in no column; one that stands in some was moved by a
    person since."""
    kept = _cards(made, board)
    if before := kept.read():
        now = projects.statuses(gh, board)
        projects.restore(gh, board, {item: str(name) for item, name in before.items() if not now.get(item, "-")})
    kept.path.unlink(missing_ok=True)


def _cards(made: Made, board: Project) -> Store:
    return Store(path=made.root / "cards" / f"{board.owner.casefold()}-{board.number}.json")
