"""Labels and boards made and mended, against a real hub: what stands stays, and a second time nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.github import labels, projects
from orchestrator.github.errors import Forbidden, Misconfigured
from orchestrator.github.labels import Label
from orchestrator.github.projects import Option
from orchestrator.hub.store import projects as hub_projects
from orchestrator.model.settings import Statuses
from orchestrator.operations import provision
from orchestrator.operations.provision import Outcome
from orchestrator.state.made import Kind, Made
from tests.rooms import github_world
from tests.rooms.github_world import World

STATUSES = Statuses()
FIVE = [name for _, name in STATUSES.names]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with github_world.running(tmp_path) as made:
        yield made


@pytest.fixture
def made(world: World, tmp_path: Path) -> Made:
    return Made(root=tmp_path / "state", clock=world.clock)


def test_labels_are_made_once_and_a_persons_own_is_known_for_theirs(world: World, made: Made) -> None:
    gh, repo = world.client(), world.repo()
    labels.make(gh, repo, Label(name="Blocked"))
    wanted = provision.labels()
    dry = provision.make_labels(gh, made, repo, wanted, dry=True)
    assert {line.outcome for line in dry} == {Outcome.WOULD, Outcome.THERE}
    assert made.all() == ()
    first = provision.make_labels(gh, made, repo, wanted)
    assert [line.what for line in first if line.outcome is Outcome.THERE] == ["label blocked"]
    writes = gh.stats.writes
    assert {line.outcome for line in provision.make_labels(gh, made, repo, wanted)} == {Outcome.THERE}
    assert gh.stats.writes == writes
    theirs = [e.name for e in made.all() if not e.ours]
    assert theirs == ["blocked"]


def test_a_board_is_made_once_with_the_five_columns_and_nothing_else(world: World, made: Made) -> None:
    repo = world.repo("ada")
    gh = world.client("ada")
    number = provision.make_board(gh, made, "ada", [])
    provision.make_options(gh, made, "ada", number, STATUSES)
    assert [o.name for o in projects.read(gh, "ada", number).options] == FIVE
    assert provision.make_board(gh, made, "ada", []) == number
    lines = provision.make_options(gh, made, "ada", number, STATUSES)
    assert {line.outcome for line in lines} == {Outcome.THERE}
    assert repo
    # The same where we died before we could write it down.
    fresh = Made(root=made.root / "other", clock=world.clock)
    assert provision.make_board(gh, fresh, "ada", []) == number


def test_a_board_gets_what_it_lacks_and_no_card_loses_its_column(
    world: World, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub says that given options overwrite those that are there; here the hub forgets every id when it does."""
    repo = world.repo("ada")
    gh = world.client("ada")
    number = world.hub.admin.board("ada", title="Mine", options=("Todo", "In Progress", "Done"), repos=[repo])
    issue = world.hub.admin.issue(repo, "Work", "", author="ada", board=number, status="Todo")
    other = world.hub.admin.issue(repo, "More", "", author="ada", board=number, status="Done")
    real = hub_projects.set_options

    def forgetful(db, field, options):  # type: ignore[no-untyped-def]
        real(db, field, [("gone", "GRAY", "")])
        return real(db, field, options)

    monkeypatch.setattr(hub_projects, "set_options", forgetful)
    # It breaks off when the columns stand and the cards are in none; the next call still knows where they were.
    world.hub.faults.add({"operation": "Move"}, {"status": 403, "message": "no"})
    with pytest.raises(Forbidden):
        provision.make_options(gh, made, "ada", number, STATUSES)
    assert world.hub.admin.status(repo, issue) is None
    world.hub.faults.clear()
    provision.make_options(gh, made, "ada", number, STATUSES)
    names = [o.name for o in projects.read(gh, "ada", number).options]
    assert names == ["Todo", "In Progress", "Done", "Backlog", "Ready", "Blocked"]  # a person's order stays theirs
    assert world.hub.admin.status(repo, issue) == "Todo"
    assert world.hub.admin.status(repo, other) == "Done"
    assert [e.name for e in made.all() if e.kind is Kind.OPTION] == ["Backlog", "Ready", "Blocked"]


def test_a_board_that_may_not_be_changed_is_an_error_now(world: World, made: Made) -> None:
    number = world.hub.admin.board("ada", title="Mine", options=("Todo",), repos=[])
    with pytest.raises(Misconfigured, match="there is none that this token may see"):
        provision.make_options(world.client("eve"), made, "ada", number, STATUSES)
    reads = world.hub.admin.token("ada", kind="classic", scopes=["repo", "read:project"])
    gh = world.client(token=reads)
    with pytest.raises(Misconfigured, match=r"lacks the columns Backlog, Ready.*may not be changed"):
        provision.make_options(gh, made, "ada", number, STATUSES)
    none = world.hub.admin.token("ada", kind="classic", scopes=["repo"])
    with pytest.raises(Forbidden, match="read:project"):
        provision.make_options(world.client(token=none), made, "ada", number, STATUSES)


def test_a_board_is_taken_away_by_its_owner_only(world: World) -> None:
    repo = world.repo("ada")
    number = world.hub.admin.board("ada", title="Mine", options=FIVE, repos=[repo])
    issue = world.hub.admin.issue(repo, "Work", "", author="ada", board=number, status="Ready")
    ada, agent = world.client("ada"), world.client()
    board = projects.read(agent, "ada", number)
    assert board.writable
    with pytest.raises(Forbidden, match="does not have permission to delete"):
        projects.delete(agent, board)
    projects.set_options(ada, board, [*board.options, Option(name="Later")])
    projects.delete(ada, board)
    with pytest.raises(Misconfigured):
        projects.read(ada, "ada", number)
    assert world.hub.admin.find_issue(repo, issue).state == "open"
