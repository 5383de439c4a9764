"""Projects v2 boards: the dispatcher's one question, and moving cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.github import documents, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Malformed, Misconfigured, PartialAnswer, after_write
from orchestrator.github.words import Json, Words
from orchestrator.model.issue import Board, Card, Issue, ReadyList
from orchestrator.model.names import RepoName

__all__ = ["Misconfigured", "ReadyList", "add", "card", "cards", "find", "move", "question"]

PER_QUERY = 50
"""Repositories asked about at once; GitHub refuses a query that could return more than 500,000 nodes."""


def question(gh: GitHub, owner: str, number: int | None, labels: Mapping[RepoName, str], ready_name: str) -> ReadyList:
    """Every open issue of the repositories of `labels` that stands Ready, by the board's Status or by the repository's
    own ready label there, each once.

    One request for a board of up to 100 items and 50 repositories with up to 20 labelled issues each; longer lists are
    read to their ends. Raises Misconfigured for a board, Status field, column or repository that is not there, and
    whatever the client raises: an answer that is not whole is no answer.
    """
    found: dict[str, Issue] = {}
    cards: dict[str, Card] = {}
    board: Board | None = None
    updated = ""
    repos = tuple(labels)
    names = {repo.casefold() for repo in repos}
    for start in range(0, len(repos), PER_QUERY):
        batch = repos[start : start + PER_QUERY]
        data = _ask(gh, owner, number if start == 0 else None, batch, labels)
        if number is not None and start == 0:
            project = _project(data, owner, number)
            board, updated = _board(project, owner, number), project.text("updatedAt")
            _want_column(board, ready_name, owner, number)
            for issue in _cards(gh, project, cards):
                if _stands(issue, ready_name) and issue.repo.casefold() in names:
                    found[issue.node_id] = issue
        for issue in _labelled(gh, data, batch, labels):
            found.setdefault(issue.node_id, replace(issue, card=cards.get(issue.node_id)))
    return ReadyList(board=board, ready=tuple(found.values()), updated_at=updated)


def cards(gh: GitHub, owner: str, number: int, repo: RepoName, label: str) -> Mapping[str, Card]:
    """Every issue's card on the board, by the issue's node id, read to its end. `repo` and `label` as in `question`,
    whose document this asks with. Raises as it does."""
    found: dict[str, Card] = {}
    data = _ask(gh, owner, number, (repo,), {repo: label})
    for _ in _cards(gh, _project(data, owner, number), found):
        continue
    return found


def find(gh: GitHub, owner: str, number: int) -> Board:
    """The board's ids and columns. Raises Misconfigured when it, or its Status field, is not there."""
    try:
        data = gh.graphql(documents.load("board"), {"owner": owner, "number": number})
    except PartialAnswer as partial:
        raise _explained(partial, owner, number, ()) from partial
    return _board(_project(data, owner, number), owner, number)


def move(gh: GitHub, board: Board, item_id: str, option_id: str, *, repo: str = "") -> None:
    """Sets an item's Status. Setting what stands already changes nothing. `repo`: its issue's repository."""
    gh.graphql(
        documents.load("move"),
        {"project": board.project_id, "item": item_id, "field": board.status_field_id, "option": option_id},
        repo=repo,
    )


def add(gh: GitHub, board: Board, issue_node_id: str, *, repo: str = "") -> str:
    """Puts an issue on the board and returns its item's id; GitHub answers the same item when it is there already."""
    data = gh.graphql(documents.load("add_item"), {"project": board.project_id, "content": issue_node_id}, repo=repo)
    with after_write():
        return data.one("addProjectV2ItemById").one("item").text("id")


def card(gh: GitHub, issue_node_id: str, project_id: str) -> Card | None:
    """The issue's card on one board; None when it is not on it (an archived card counts as not there)."""
    after: str | None = None
    while True:
        data = gh.graphql(documents.load("card"), {"issue": issue_node_id, "after": after})
        items = data.one("node").one("projectItems")
        for item in items.many("nodes"):
            if item.one("project").text("id") == project_id and not item.flag("isArchived"):
                return wire.card(item)
        after = wire.next_page(items)
        if after is None:
            return None


def _ask(
    gh: GitHub, owner: str, number: int | None, repos: tuple[RepoName, ...], labels: Mapping[RepoName, str]
) -> Words:
    variables: dict[str, Json] = {"owner": owner, "number": number or 0, "board": number is not None}
    for i, repo in enumerate(repos):
        variables[f"label{i}"] = labels[repo]
        variables[f"owner{i}"], _, variables[f"name{i}"] = repo.partition("/")
    try:
        return gh.probe(documents.widened("ready", len(repos)), variables)
    except PartialAnswer as partial:
        raise _explained(partial, owner, number, repos) from partial


def _explained(partial: PartialAnswer, owner: str, number: int | None, repos: tuple[RepoName, ...]) -> Exception:
    """Things that do not exist are the configuration's fault, everything else stays unknown."""
    if not partial.only_missing():
        return partial
    missing: list[str] = []
    for fault in partial.faults:
        if fault.path[0] == "repositoryOwner":
            missing.append(f"board {owner}/{number}")
        elif fault.path[0].startswith("r") and fault.path[0][1:].isdigit() and int(fault.path[0][1:]) < len(repos):
            missing.append(f"repository {repos[int(fault.path[0][1:])]}")
        else:
            return partial
    return Misconfigured(f"not there, or not visible to this token: {', '.join(dict.fromkeys(missing))}")


def _project(data: Words, owner: str, number: int) -> Words:
    holder = data.maybe("repositoryOwner")
    if holder is None:
        raise Misconfigured(f"board {owner}/{number}: there is no user or organization {owner!r}")
    project = holder.maybe("projectV2")
    if project is None:
        raise Misconfigured(f"board {owner}/{number}: {owner} has no project {number} that this token may see")
    return project


def _board(project: Words, owner: str, number: int) -> Board:
    board = wire.board(project, owner, number)
    if board is None:
        raise Misconfigured(f"board {owner}/{number} has no single-select field called Status")
    return board


def _want_column(board: Board, name: str, owner: str, number: int) -> None:
    if board.option(name) is None:
        there = ", ".join(n for n, _ in board.options) or "none"
        raise Misconfigured(f"board {owner}/{number} has no column {name!r}; its columns: {there}")


def _stands(issue: Issue, ready_name: str) -> bool:
    return issue.open and issue.card is not None and issue.card.status.casefold() == ready_name.casefold()


def _cards(gh: GitHub, project: Words, cards: dict[str, Card]) -> Iterator[Issue]:
    """The issues on the board, every page; `cards` learns where each stands."""
    items = project.one("items")
    while True:
        for item in items.many("nodes"):
            content = item.maybe("content")
            # Drafts, pull requests and what this token may not see are no issues.
            if item.flag("isArchived") or content is None or content.text("__typename") != "Issue":
                continue
            issue = wire.issue(content, wire.card(item))
            assert issue.card is not None
            cards[issue.node_id] = issue.card
            yield issue
        after = wire.next_page(items)
        if after is None:
            return
        data = gh.probe(documents.load("ready_items"), {"project": project.text("id"), "after": after})
        items = data.one("node").one("items")


def _labelled(gh: GitHub, data: Words, repos: tuple[RepoName, ...], labels: Mapping[RepoName, str]) -> Iterator[Issue]:
    """The open issues with its label, repository by repository, every page."""
    for i, repo in enumerate(repos):
        holder = data.maybe(f"r{i}")
        if holder is None:
            raise Misconfigured(f"not there, or not visible to this token: repository {repo}")
        if (now := holder.text("nameWithOwner")).casefold() != repo.casefold():
            raise Misconfigured(f"repository {repo} is now called {now}")
        issues = holder.one("issues")
        while True:
            for node in issues.many("nodes"):
                issue = wire.issue(node)
                if not issue.open:
                    raise Malformed(node.where, "a closed issue in a list of open ones")
                yield issue
            after = wire.next_page(issues)
            if after is None:
                break
            owner, _, name = repo.partition("/")
            more = gh.probe(
                documents.load("ready_labelled"), {"owner": owner, "name": name, "label": labels[repo], "after": after}
            )
            issues = more.one("repository").one("issues")
