"""Issues (a pull request is an issue too): text, state, labels, assignees, parents and edits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, Value, marks
from orchestrator.hub.store import events, repos, users
from orchestrator.hub.store.repos import Label
from orchestrator.hub.store.users import User


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue or the issue half of a pull request. `editor_id` and `last_edited_at` speak of the body."""

    id: int
    repo_id: int
    number: int
    is_pull: bool
    title: str
    body: str | None
    author_id: int
    app_id: int | None
    state: str
    state_reason: str | None
    locked: bool
    closed_by_id: int | None
    editor_id: int | None
    last_edited_at: str | None
    created_at: str
    updated_at: str
    closed_at: str | None

    @property
    def node_id(self) -> str:
        """The issue's node id (a pull request's own is `store.pulls.Pull.node_id`)."""
        return nodes.encode("I", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One change of a body: GitHub's UserContentEdit."""

    id: int
    issue_id: int | None
    comment_id: int | None
    editor_id: int
    before: str | None
    after: str | None
    edited_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("UCE", self.id)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a list of issues asks for. `pulls`: None both, True or False only those. `since` is an ISO time."""

    repo_ids: tuple[int, ...]
    state: str = "open"
    labels: tuple[str, ...] = ()
    since: str | None = None
    creator_id: int | None = None
    assignee: str | None = None
    pulls: bool | None = None
    sort: str = "created"
    ascending: bool = False


def create(
    db: Database, repo_id: int, author_id: int, title: str, body: str | None, *, is_pull: bool = False,
    labels: Sequence[str] = (), assignees: Sequence[int] = (), app_id: int | None = None,
) -> Issue:  # fmt: skip
    """File an issue under the next number, with its first labels and assignees (and their events)."""
    now = db.now()
    with db.write():
        identity = db.insert(
            "issues", repo_id=repo_id, number=repos.take_number(db, repo_id), is_pull=int(is_pull), title=title,
            body=body, author_id=author_id, app_id=app_id, created_at=now, updated_at=now,
        )  # fmt: skip
        issue = get(db, identity)
        add_labels(db, issue, author_id, labels, app_id)
        for user_id in assignees:
            assign(db, issue, author_id, user_id, app_id)
        return get(db, identity)


def get(db: Database, identity: int) -> Issue:
    """The issue with that id. Raises IndexError."""
    return db.by_ids(Issue, "issues", [identity])[0]


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Issue]:
    """Issues by id."""
    return {issue.id: issue for issue in db.by_ids(Issue, "issues", ids)}


def by_number(db: Database, repo_id: int, number: int) -> Issue | None:
    """An issue or pull request of a repository."""
    return db.row(Issue, "SELECT * FROM issues WHERE repo_id=? AND number=?", repo_id, number)


def find(db: Database, wanted: Filter) -> list[Issue]:
    """The issues that match, sorted; ties by number. What a fault rule's lag hides is left out."""
    if not wanted.repo_ids:
        return []
    where, args = _where(wanted)
    order = {"updated": "updated_at", "comments": "(SELECT count(*) FROM comments WHERE issue_id=issues.id)"}
    direction = "ASC" if wanted.ascending else "DESC"
    sql = f"SELECT * FROM issues WHERE {' AND '.join(where)}"
    sql += f" ORDER BY {order.get(wanted.sort, 'created_at')} {direction}, number {direction}"
    hidden = db.lags.hidden("issues")
    return [issue for issue in db.rows(Issue, sql, *args) if issue.id not in hidden]


def _where(wanted: Filter) -> tuple[list[str], list[Value]]:
    where: list[str] = [f"repo_id IN ({marks(wanted.repo_ids)})"]
    args: list[Value] = [*wanted.repo_ids]

    def add(condition: str, *values: Value) -> None:
        where.append(condition)
        args.extend(values)

    if wanted.state != "all":
        add("state=?", wanted.state)
    if wanted.pulls is not None:
        add("is_pull=?", int(wanted.pulls))
    if wanted.since is not None:
        add("updated_at>=?", wanted.since)
    if wanted.creator_id is not None:
        add("author_id=?", wanted.creator_id)
    if wanted.assignee in ("none", "*"):
        add(
            ("NOT " if wanted.assignee == "none" else "")
            + "EXISTS (SELECT 1 FROM issue_assignees WHERE issue_id=issues.id)"
        )
    elif wanted.assignee is not None:
        add(
            "EXISTS (SELECT 1 FROM issue_assignees JOIN users ON users.id=user_id "
            "WHERE issue_id=issues.id AND login=?)",
            wanted.assignee,
        )
    for name in wanted.labels:
        add(
            "EXISTS (SELECT 1 FROM issue_labels JOIN labels ON labels.id=label_id WHERE issue_id=issues.id AND name=?)",
            name,
        )
    return where, args


def edit(
    db: Database, issue: Issue, actor_id: int, *, title: str | None = None, body: str | None = None,
    app_id: int | None = None,
) -> Issue:  # fmt: skip
    """Change title or body (None: as it is). A new title is a `renamed` event, a new body an edit of the body."""
    now = db.now()
    with db.write():
        if title is not None and title != issue.title:
            rename = {"from": issue.title, "to": title}
            events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id, kind="renamed",
                       rename=rename)  # fmt: skip
            db.update("issues", issue.id, title=title, updated_at=now)
        if body is not None and body != issue.body:
            db.insert("edits", issue_id=issue.id, editor_id=actor_id, before=issue.body, after=body, edited_at=now)
            db.update("issues", issue.id, body=body, editor_id=actor_id, last_edited_at=now, updated_at=now)
        return get(db, issue.id)


def set_state(
    db: Database, issue: Issue, actor_id: int, state: str, *, reason: str | None = None,
    commit: str | None = None, app_id: int | None = None,
) -> Issue:  # fmt: skip
    """Open or close; nothing happens when it is so already (but the reason of a closed issue may change)."""
    now = db.now()
    with db.write():
        reason = reason or (None if issue.is_pull else {"closed": "completed", "open": "reopened"}[state])
        if issue.state != state:
            kind = "closed" if state == "closed" else "reopened"
            events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id, kind=kind,
                       state_reason=reason, commit_id=commit)  # fmt: skip
            closed = (now, actor_id) if state == "closed" else (None, None)
            db.update("issues", issue.id, state=state, state_reason=reason, closed_at=closed[0], closed_by_id=closed[1])
        elif issue.state_reason != reason and state == "closed" and not issue.is_pull:
            db.update("issues", issue.id, state_reason=reason, updated_at=now)
        return get(db, issue.id)


def edits(db: Database, issue_ids: Iterable[int]) -> dict[int, list[Edit]]:
    """Body edits by issue, newest first, as GitHub's userContentEdits lists them."""
    wanted = list(set(issue_ids))
    grouped: dict[int, list[Edit]] = {identity: [] for identity in wanted}
    for row in db.rows(Edit, f"SELECT * FROM edits WHERE issue_id IN ({marks(wanted)}) ORDER BY id DESC", *wanted):
        grouped[row.issue_id or 0].append(row)
    return grouped


def labels_of(db: Database, issue_ids: Iterable[int]) -> dict[int, list[Label]]:
    """Labels by issue, by the label's age."""
    wanted = list(set(issue_ids))
    grouped: dict[int, list[Label]] = {identity: [] for identity in wanted}
    pairs = db.tuples(
        f"SELECT issue_id, label_id FROM issue_labels WHERE issue_id IN ({marks(wanted)}) ORDER BY label_id", *wanted
    )
    known = {label.id: label for label in db.by_ids(Label, "labels", [pair[1] for pair in pairs])}
    for issue_id, label_id in pairs:
        grouped[issue_id].append(known[label_id])
    return grouped


def add_labels(db: Database, issue: Issue, actor_id: int, names: Iterable[str], app_id: int | None = None) -> None:
    """Put labels on; those the repository lacks are made. A label that is on already makes no event."""
    with db.write():
        for name in names:
            label = repos.label(db, issue.repo_id, name) or repos.create_label(db, issue.repo_id, name)
            if db.run("INSERT OR IGNORE INTO issue_labels VALUES (?,?)", issue.id, label.id):
                events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id,
                           kind="labeled", label={"name": label.name, "color": label.color})  # fmt: skip


def remove_label(db: Database, issue: Issue, actor_id: int, name: str, app_id: int | None = None) -> bool:
    """Take a label off; False when it was not on."""
    with db.write():
        label = repos.label(db, issue.repo_id, name)
        if label is None or not db.run("DELETE FROM issue_labels WHERE issue_id=? AND label_id=?", issue.id, label.id):
            return False
        events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id,
                   kind="unlabeled", label={"name": label.name, "color": label.color})  # fmt: skip
        return True


def set_labels(db: Database, issue: Issue, actor_id: int, names: Sequence[str], app_id: int | None = None) -> None:
    """Make the labels exactly these."""
    with db.write():
        wanted = {name.lower() for name in names}
        for label in labels_of(db, [issue.id])[issue.id]:
            if label.name.lower() not in wanted:
                remove_label(db, issue, actor_id, label.name, app_id)
        add_labels(db, issue, actor_id, names, app_id)


def assignees_of(db: Database, issue_ids: Iterable[int]) -> dict[int, list[User]]:
    """Assignees by issue."""
    wanted = list(set(issue_ids))
    grouped: dict[int, list[User]] = {identity: [] for identity in wanted}
    pairs = db.tuples(
        f"SELECT issue_id, user_id FROM issue_assignees WHERE issue_id IN ({marks(wanted)}) ORDER BY rowid", *wanted
    )
    known = users.by_ids(db, [pair[1] for pair in pairs])
    for issue_id, user_id in pairs:
        grouped[issue_id].append(known[user_id])
    return grouped


def assign(db: Database, issue: Issue, actor_id: int, user_id: int, app_id: int | None = None) -> None:
    """Add an assignee."""
    with db.write():
        if db.run("INSERT OR IGNORE INTO issue_assignees VALUES (?,?)", issue.id, user_id):
            events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id,
                       kind="assigned", assignee=user_id)  # fmt: skip


def unassign(db: Database, issue: Issue, actor_id: int, user_id: int, app_id: int | None = None) -> None:
    """Remove an assignee."""
    with db.write():
        if db.run("DELETE FROM issue_assignees WHERE issue_id=? AND user_id=?", issue.id, user_id):
            events.add(db, repo_id=issue.repo_id, issue_id=issue.id, actor_id=actor_id, app_id=app_id,
                       kind="unassigned", assignee=user_id)  # fmt: skip
