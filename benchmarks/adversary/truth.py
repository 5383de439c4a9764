"""What the hub's tables hold at one instant about one repository: read by SQL, no code of the program's in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.hub import Hub

GOOD = frozenset({"success", "neutral", "skipped"})


@dataclass(frozen=True, kw_only=True)
class Word:
    """The newest opinion of one account in a review."""

    by: str
    state: str
    commit: str


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    app: int
    """0: a commit status."""
    state: str
    """queued, in_progress, pending, or how it ended."""


@dataclass(frozen=True, kw_only=True)
class PullTruth:
    number: int
    open: bool
    head: str
    base: str
    checks: tuple[Check, ...]
    words: tuple[Word, ...]
    labels: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Truth:
    pulls: Mapping[int, PullTruth]
    texts: Mapping[int, tuple[str, str]]
    """Title and body of each issue."""
    writers: frozenset[str]
    """Who may write, the owner among them."""


def read(hub: Hub, owner: str) -> Truth:
    """All of the only repository."""
    db = hub.db
    rows = db.tuples(
        "SELECT p.id, p.number, i.state, p.head_sha, p.base_ref, i.id FROM pulls p JOIN issues i ON i.id=p.issue_id"
    )
    return Truth(
        pulls={
            int(number): PullTruth(
                number=int(number), open=state == "open", head=str(head), base=str(base),
                checks=_checks(hub, str(head)), words=_words(hub, int(id)), labels=_labels(hub, int(issue)),
            )
            for id, number, state, head, base, issue in rows
        },
        texts={
            int(n): (str(title), str(body or ""))
            for n, title, body in db.tuples("SELECT number, title, body FROM issues WHERE is_pull=0")
        },
        writers=writers(hub, owner),
    )  # fmt: skip


def writers(hub: Hub, owner: str) -> frozenset[str]:
    sql = "SELECT u.login FROM collaborators c JOIN users u ON u.id=c.user_id WHERE c.permission IN ('write','admin')"
    return frozenset({owner, *(str(login) for (login,) in hub.db.tuples(sql))})


def _checks(hub: Hub, sha: str) -> tuple[Check, ...]:
    found: dict[tuple[str, int], Check] = {}
    for name, app, status, conclusion in hub.db.tuples(
        "SELECT name, app_id, status, conclusion FROM check_runs WHERE head_sha=? ORDER BY id", sha
    ):
        state = str(conclusion or status)
        found[str(name), int(app)] = Check(name=str(name), app=int(app), state=state)
    for context, state in hub.db.tuples("SELECT context, state FROM statuses WHERE sha=? ORDER BY id", sha):
        found[str(context), 0] = Check(name=str(context), app=0, state=str(state))
    return tuple(found.values())


def _words(hub: Hub, pull: int) -> tuple[Word, ...]:
    newest: dict[str, Word] = {}
    for login, state, commit in hub.db.tuples(
        "SELECT u.login, r.state, r.commit_sha FROM reviews r JOIN users u ON u.id=r.author_id WHERE r.pull_id=? "
        "AND r.state IN ('APPROVED','CHANGES_REQUESTED','DISMISSED') ORDER BY r.id",
        pull,
    ):
        newest[str(login)] = Word(by=str(login), state=str(state), commit=str(commit))
    return tuple(newest.values())


def _labels(hub: Hub, issue: int) -> frozenset[str]:
    sql = "SELECT l.name FROM issue_labels il JOIN labels l ON l.id=il.label_id WHERE il.issue_id=?"
    return frozenset(str(name) for (name,) in hub.db.tuples(sql, issue))
