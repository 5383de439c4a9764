"""The ledger's head, told outside of this machine: what a later edit here can no longer take back.

Each squash commit carries it as a trailer; and at most once an hour it goes to a ref of ours in one repository: a small
chain of commits, whose newest tree holds a file `head`. Nothing is told while nothing was written, so an installation
at rest stays at rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator import notify
from orchestrator.git import GitError, GitUnreachable, Pushed, Repository
from orchestrator.ledger.anchor import Anchor, label
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.settings import AutomationMode, RepoSettings, Settings
from orchestrator.model.times import parse, stamp
from orchestrator.policy import anchors
from orchestrator.services import Services
from orchestrator.state.store import Store

REFS = "refs/agent-os/ledger"
"""On the remote: one ref per chain, by its label."""
FETCHED = "refs/agent-os/fetched/ledger"
"""In our mirror: the remote's, as last fetched."""
FILE = "head"
AGAIN = timedelta(minutes=10)
"""After a failure; sooner where anchors are wanted more often."""


@dataclass(frozen=True, kw_only=True)
class Last:
    """What we told last, and when we may tell again."""

    seq: int = 0
    commit: str = ""
    next_due: str = ""


def repo_of(settings: Settings) -> RepoSettings | None:
    """The repository that gets the ref: the one that is named for it, else the first where we write by ourselves."""
    if settings.ledger_anchor:
        return settings.repo(settings.ledger_anchor)
    own = settings.repo(settings.self_repo) if settings.self_repo else None
    choice = (*((own,) if own else ()), *settings.repos)
    return next((r for r in choice if r.automation_mode is AutomationMode.FULL), None)


def tick(services: Services) -> bool:
    """Tells the head when it is time and something was written since; True when it did. What goes wrong is told to
    the operator once and tried again later."""
    repo, period = repo_of(services.settings), timedelta(minutes=services.settings.ledger_anchor_minutes)
    if repo is None or not period or services.stopped(repo):
        return False
    chain, now = label(services.ledger.name), services.now()
    last = _last(services, chain)
    if not _due(last, now, period) or not _news(services, last):
        return False
    try:
        why = _anchor(services, repo, chain, last, now + period)
    except GitUnreachable:
        why = "the remote cannot be reached"
    except GitError as error:
        why = f"git refuses: {error}"
    if why:
        _note(services, chain, Last(seq=last.seq, commit=last.commit, next_due=stamp(now + min(AGAIN, period))))
        _told(services, repo, why)
    return not why


def _due(last: Last, now: datetime, period: timedelta) -> bool:
    """A time further off than one period comes from a clock that stood ahead."""
    return not last.next_due or not now < parse(last.next_due) <= now + period


def _news(services: Services, last: Last) -> bool:
    """Events beside the one that tells of the last anchor; or fewer than were told, which has to be said. The last line
    alone is read: a tick at rest asks this too."""
    new = services.ledger.head()[0] - last.seq
    return new < 0 or new > (1 if last.commit else 0)


def _anchor(services: Services, repo: RepoSettings, chain: str, last: Last, next_due: datetime) -> str:
    """One commit more on our ref. Returns what stood against it, or nothing."""
    repository = services.repository(repo)
    heads = services.ledger.heads()
    seq, digest = heads[chain]
    ref = f"{REFS}/{chain}"
    there = repository.fetch_refs(REFS, FETCHED).get(chain)
    if there is not None and not _ours(services, repository, there):
        return f"{ref} holds a head that this ledger does not know: another installation of this name, or a lost ledger"
    parent = there or (Sha(last.commit) if last.commit and repository.has(last.commit) else None)
    others = {name: {"seq": h[0], "hash": h[1]} for name, h in heads.items() if name != chain}
    told = {"chain": chain, "seq": seq, "hash": digest, "at": stamp(services.now()), "others": others}
    message = "\n".join([f"Ledger at event {seq}", "", *anchors.trailers({c: heads[c] for c in sorted(heads)})])
    commit = repository.one_file_commit(
        (parent,) if parent else (), FILE, json.dumps(told, indent=1).encode() + b"\n", services.redact(message),
        services.now(),
    )  # fmt: skip
    answer = repository.push_ref(ref, commit, expect=there)
    if not isinstance(answer, Pushed):
        return f"{ref} was not moved: {answer}"
    # The event first: `_news` takes it for granted behind what was noted.
    services.record(
        EventKind.ANCHORED, None, {"head": digest}, repo=repo.name, chain=chain, seq=seq, commit=commit, ref=ref
    )
    _note(services, chain, Last(seq=seq, commit=commit, next_due=stamp(next_due)))
    return ""


def _ours(services: Services, repository: Repository, commit: Sha) -> bool:
    """The newest anchor is of this very ledger: ours may stand on it. Also after a death between push and note."""
    head = read_file(repository, commit)
    return head is not None and services.ledger.holds(head.seq, head.hash)


def read_file(repository: Repository, commit: Sha) -> Anchor | None:
    """The head as an anchor's file tells it; None for what is none. Whoever may push to the remote wrote it."""
    try:
        data = json.loads(repository.read(commit, FILE) or b"")
        return Anchor(chain=str(data["chain"]), seq=int(data["seq"]), hash=str(data["hash"]), where=f"{FILE} {commit}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _told(services: Services, repo: RepoSettings, why: str) -> None:
    text = services.redact(f"The ledger's head cannot be told to {repo.name}: {why}")
    action = "see docs/governance.md, The record; it is tried again by itself"
    alert = Alert(kind=AlertKind.SYSTEM, subject="ledger-anchor", state=str(text)[:300], text=text, action=action)
    notify.alert(services, alert)


def _store(services: Services) -> Store:
    return Store(path=services.settings.runtime / "state" / "anchors.json")


def _last(services: Services, chain: str) -> Last:
    data = _store(services).read().get(chain)
    return Last(**data) if isinstance(data, dict) else Last()


def last_commit(services: Services, chain: str) -> str:
    """The commit of our last anchor; empty before the first."""
    return _last(services, chain).commit


def _note(services: Services, chain: str, last: Last) -> None:
    with _store(services).change() as data:
        data[chain] = {"seq": last.seq, "commit": last.commit, "next_due": last.next_due}
