"""Filing an issue of the program's own, once, whoever drafted it and wherever we die.

Judged in this order: may anything be filed in this repository; does every piece of evidence exist; was the same draft
filed before, ever; is there room today; is there another issue that says the same. Then the issue is made, put into
the backlog and noted. The note in `state/filed/` comes last: with it the draft is done, without it the next call goes
on where this one died.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from orchestrator import notify
from orchestrator.backlog import board, body, evidence, similar
from orchestrator.github import issues, wire
from orchestrator.github.errors import Forbidden, Invalid, Misconfigured, NotFound
from orchestrator.github.repos import path
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.backlog import Draft, Filed, Skipped
from orchestrator.model.event import EventKind
from orchestrator.model.issue import Issue
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.times import stamp
from orchestrator.pipeline import desk
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.effects import Intended, Journal
from orchestrator.state.filed import Entry, FiledIssues
from orchestrator.state.store import Busy

LABEL = "agent-os"
"""On every issue that the program filed."""
PROGRAM = "self/"
"""How keys of drafts about the program itself begin; `self_issues_per_day` is theirs."""
CAP = "cap"
"""`Skipped.method` of a draft for which only the day is full."""
PASSING = frozenset({CAP, similar.UNASKED})
"""`Skipped.method` of what may be filed another hour."""
WAIT = 300.0
"""Seconds to wait for another process that files in the same repository: it may be asking a model."""
SKEW = timedelta(days=1)
"""How far GitHub's clock and ours may differ where an issue is looked for that a dead call made."""
_MARK = re.compile(r"<!-- agent-os:key=(filed/[0-9a-f]{32}) -->")
_CREATE, _TOLD = "create", "event:filed"


def file(services: Services, draft: Draft, drafts: Sequence[Draft] = ()) -> Filed | Skipped:
    """Files the draft unless something speaks against it; `drafts` are the others of the same run.

    A Skipped is recorded, once per draft and reason. Raises Busy and Unsettled (call again later), CorruptState, and
    what GitHub and git raise; nothing is filed twice, whatever is raised.
    """
    repo = services.settings.repo(draft.repo)
    if repo is None or repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        why = "dispatcher_only: only people file issues here" if repo else "the repository is not managed"
        return skip(services, Skipped(draft=draft, why=why))
    if repo.automation_mode is AutomationMode.OBSERVE:
        return skip(services, Skipped(draft=draft, why="observe: it would be filed"))
    with _alone(services, repo):
        outcome = _judged(services, repo, draft, drafts)
        return skip(services, outcome) if isinstance(outcome, Skipped) else outcome


def refused(services: Services, repo: RepoSettings, draft: Draft) -> Skipped | None:
    """What speaks against the draft without anybody being asked: for whoever would have it worded first. Not recorded.
    Raises as `file` does."""
    if (known := number(services, repo, draft.key)) is not None:
        return _before(repo, draft, known)
    return None if begun(services, repo, draft) else _plainly_against(services, repo, draft)


def stands(draft: Draft) -> Skipped:
    """For a draft of which `standing.key` says that an issue of it stands."""
    return Skipped(draft=draft, why="an issue about it stands, or was closed lately", method="marker")


def begun(services: Services, repo: RepoSettings, draft: Draft) -> bool:
    """Was its issue asked for by a call that died? Then its words stand on GitHub already, or come as they come."""
    return _journal(services, repo, draft).state(_CREATE) is not None


def number(services: Services, repo: RepoSettings, key: str) -> int | None:
    """The issue that was filed for this key, now closed or not; None = none ever, as far as this installation and the
    issues it found on GitHub tell. Raises Busy, CorruptState, and what GitHub raises."""
    if not _store(services).known(repo.key):
        with _alone(services, repo):
            _learn(services, repo)
    return _noted(services, repo, key)


def full(services: Services, repo: RepoSettings, key: str) -> str:
    """Which cap of the last 24 hours leaves no room for a draft of this key; empty = there is some. Raises
    CorruptState."""
    today = _store(services).within(repo.key, services.now())
    own = sum(e.key.startswith(PROGRAM) for e in today)
    if key.startswith(PROGRAM) and own >= services.settings.self_issues_per_day:
        return f"{own} issues about the program were filed in 24 hours (self_issues_per_day)"
    if len(today) >= repo.cadence.new_issues_per_day:
        return f"{len(today)} issues were filed in 24 hours (new_issues_per_day)"
    return ""


def _judged(services: Services, repo: RepoSettings, draft: Draft, drafts: Sequence[Draft]) -> Filed | Skipped:
    _learn(services, repo)
    if (known := _noted(services, repo, draft.key)) is not None:
        return _before(repo, draft, known)
    journal = _journal(services, repo, draft)
    if journal.state(_CREATE) is None and (why := _against(services, repo, draft, drafts)) is not None:
        return why
    begun = journal.result(_CREATE)
    try:
        issue = _issue(services, repo, draft, journal)
    except NotFound:
        if begun is None:
            raise
        _note(services, repo, draft, int(begun["number"]))
        return Skipped(draft=draft, why="it was filed before, and is gone", method="marker")
    _shelve(services, repo, issue)
    if journal.result(_TOLD) is None:
        services.record(
            EventKind.FILED, repo=repo.name, issue=issue.number, title=issue.title, key=draft.key, by=draft.by,
            evidence=list(draft.evidence), why=services.redact.head(draft.reasoning, 500),
        )  # fmt: skip
        journal.done(_TOLD, {})
    _note(services, repo, draft, issue.number)
    return Filed(draft=draft, number=issue.number)


def _before(repo: RepoSettings, draft: Draft, known: int) -> Skipped:
    return Skipped(draft=draft, why="it was filed before", twin=f"{repo.name}#{known}", method="marker")


def _journal(services: Services, repo: RepoSettings, draft: Draft) -> Journal:
    return services.effects.of(f"filing-{body.digest(f'{repo.name}/{draft.key}')}")


def _shelve(services: Services, repo: RepoSettings, issue: Issue) -> None:
    """Into the backlog. A board that lacks the column, or is closed to us, is the operator's to mend and no reason to
    file again; one that cannot be asked now is asked by the next call."""
    try:
        board.backlog(services, repo, issue)
    except (Misconfigured, NotFound, Forbidden, Invalid) as why:
        text = services.redact(f"Issues that are filed in {repo.name} cannot be put into the backlog: {why}")
        action = "give the board that column or name it under `statuses` in config.yaml"
        notify.alert(
            services,
            Alert(kind=AlertKind.SYSTEM, subject=f"backlog:{repo.key}", state=str(why), text=text, action=action),
        )


def _note(services: Services, repo: RepoSettings, draft: Draft, number: int) -> None:
    """The draft is done."""
    title, now = str(body.title(services.redact, draft)), stamp(services.now())
    _store(services).add(
        repo.key, Entry(key=draft.key, number=number, title=title, at=now, by=draft.by, also=draft.also)
    )


def _against(services: Services, repo: RepoSettings, draft: Draft, drafts: Sequence[Draft]) -> Skipped | None:
    """What speaks against a draft that was never begun."""
    if (why := _plainly_against(services, repo, draft)) is not None:
        return why
    return similar.twin(services, repo, draft, tuple(d for d in drafts if d.key != draft.key))


def _plainly_against(services: Services, repo: RepoSettings, draft: Draft) -> Skipped | None:
    if not draft.evidence:
        return Skipped(draft=draft, why="it cites no evidence")
    if lost := evidence.missing(services, repo, draft.evidence):
        return Skipped(draft=draft, why=f"evidence that is not there: {', '.join(lost)}")
    if why := full(services, repo, draft.key):
        return Skipped(draft=draft, why=why, method=CAP)
    return None


def _issue(services: Services, repo: RepoSettings, draft: Draft, journal: Journal) -> Issue:
    """The issue, made now or by a call that died."""
    mark = body.marker(draft.key)

    def look() -> dict[str, str] | None:
        begun = journal.state(_CREATE)
        since = stamp(begun.at - SKEW) if isinstance(begun, Intended) else ""
        found = issues.filed(services.github, repo.name, mark, since=since)
        return {"number": str(found)} if found else None

    def act() -> dict[str, str]:
        if found := issues.filed(services.github, repo.name, mark):  # on another machine
            return {"number": str(found)}
        title, text = body.title(services.redact, draft), body.body(services.redact, draft)
        made = issues.create(services.github, repo.name, title, text, _labels(repo, draft))
        return {"number": str(made.number)}

    done = journal.once(
        _CREATE, f"file {draft.key} in {repo.name}", look=look, act=act,
        settle_seconds=services.settings.github.settle_seconds, now=services.now(),
    )  # fmt: skip
    return issues.read(services.github, repo.name, int(done["number"]))


def _labels(repo: RepoSettings, draft: Draft) -> frozenset[str]:
    """None of them starts work, stops it, or says how far it is: those are other people's words."""
    taken = {repo.ready_label.casefold(), *desk.OURS, *(label.casefold() for label in repo.excluded_labels)}
    wanted = {label for label in draft.labels if label.casefold() not in taken and not label.startswith("prio:")}
    return frozenset({*wanted, f"prio:{draft.priority.value}", LABEL})


def _noted(services: Services, repo: RepoSettings, key: str) -> int | None:
    same = {key, f"filed/{body.digest(key)}"}
    return next((e.number for e in _store(services).of(repo.key) if e.key in same or key in e.also), None)


def _learn(services: Services, repo: RepoSettings) -> None:
    """Before the first issue: what an installation before this one filed there, of all issues, open and closed."""
    store = _store(services)
    if store.known(repo.key):
        return
    found: list[Entry] = []
    params = {"state": "all", "sort": "created", "direction": "asc"}
    for issue in services.github.pages(f"{path(repo.name)}/issues", params, limit=1000):
        marks = _MARK.findall(issue.text_or_none("body"))
        if marks and services.github.is_me(wire.login(issue.maybe("user"))):
            number, title = issue.number("number"), issue.text("title")
            found += [Entry(key=mark, number=number, title=title) for mark in marks]
    store.begin(repo.key, found)


def skip(services: Services, skipped: Skipped) -> Skipped:
    """Records that a draft is not filed, once per draft and reason."""
    draft = skipped.draft
    reason = body.digest(f"{draft.key}|{skipped.why}|{skipped.twin}")
    subject = f"not_filed:{draft.repo}:{reason}"
    if not services.signatures.seen(subject, "told"):
        services.record(
            EventKind.NOT_FILED, repo=draft.repo, title=body.title(services.redact, draft), key=draft.key, by=draft.by,
            why=skipped.why, twin=skipped.twin, score=skipped.score, method=skipped.method,
        )  # fmt: skip
        services.signatures.remember(subject, "told")
    return skipped


@contextlib.contextmanager
def _alone(services: Services, repo: RepoSettings) -> Iterator[None]:
    """One process at a time compares and files in a repository. Raises Busy."""
    lock = services.settings.runtime / "state" / "locks" / f"filing-{repo.key}.lock"
    with locks.hold(lock, wait=WAIT) as mine:
        if not mine:
            raise Busy(str(lock))
        yield


def _store(services: Services) -> FiledIssues:
    return FiledIssues(root=services.settings.runtime / "state")
