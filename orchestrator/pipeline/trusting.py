"""Is an issue's text vouched for: asked at dispatch, and again before what came of it lands."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from orchestrator import notify
from orchestrator.github import board, issues, repos
from orchestrator.github.errors import Forbidden, GitHubError, Invalid, NotFound, RateLimited, Unavailable
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.issue import Act, BoardStatus, Issue
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task, Vouched
from orchestrator.model.times import parse
from orchestrator.pipeline import desk
from orchestrator.policy import trust
from orchestrator.policy.trust import Ask, Refused, Standing
from orchestrator.services import Services
from orchestrator.state.accounts import Accounts
from orchestrator.state.ordered import Ordered

Asked = dict[str, Standing]
"""Standings in one repository that this tick has asked for already, by `trust.key`."""

WRITES = frozenset({"admin", "write"})
"""GitHub's legacy words: `maintain` reads write, `triage` reads read."""


def may_write(services: Services, repo: RepoSettings, login: str, id: int = 0) -> bool:
    """Is it a person whose word counts in this repository: listed there, or allowed to write. Never our own account.

    Not being able to ask is a no. `id`: the account's number where GitHub told it.
    """
    return standing(services, repo, Act(by=login, id=id)) is Standing.TRUSTED


def counts(services: Services, repo: RepoSettings, act: Act, *, ours: bool) -> bool:
    """Is it a trusted person's act on a pull request, never a bot's. `ours`: where the operator lends us their own
    account, what that account did in this way was the operator."""
    if not act.by or act.by.endswith("[bot]"):
        return False
    if services.github.is_me(act.by):
        return ours and act.by.casefold() == services.settings.operator.casefold()
    return may_write(services, repo, act.by, act.id)


def standing(services: Services, repo: RepoSettings, who: Act) -> Standing:
    """What the account's word counts for. Asks GitHub only about accounts that nobody listed."""
    if not who.by:
        return Standing.STRANGER
    if services.github.is_me(who.by):
        return Standing.OURS
    if who.by.casefold() in repo.trusted_authors:
        return Standing.TRUSTED if _same_account(services, who) else Standing.STRANGER
    if who.by.endswith("[bot]"):
        return Standing.STRANGER
    try:
        word = repos.permission(services.github, repo.name, who.by)
    except (RateLimited, Unavailable):
        return Standing.UNKNOWN
    except GitHubError as why:
        _unasked(services, repo, who, str(why))
        return Standing.UNKNOWN
    return Standing.TRUSTED if word in WRITES else Standing.STRANGER


def _same_account(services: Services, who: Act) -> bool:
    """The listed name's account, by its number. The first one seen is pinned."""
    if not who.id or Accounts(root=services.settings.runtime / "state").same(who.by, who.id):
        return True
    text = (
        f"{who.by} is listed in trusted_authors, but is another account than before (now number {who.id}): its word "
        "does not count."
    )
    action = f"if it is the same person, delete {who.by.casefold()} from runtime/state/accounts.json"
    alert = Alert(
        kind=AlertKind.SYSTEM, subject=f"account:{who.by}", state=str(who.id), text=services.redact(text), action=action
    )
    notify.alert(services, alert)
    return False


def _unasked(services: Services, repo: RepoSettings, who: Act, why: str) -> None:
    text = services.redact(f"GitHub would not say what {who.by} may do in {repo.name}: {why}")
    alert = Alert(kind=AlertKind.SYSTEM, subject=f"permission:{repo.key}:{who.by}", state="refused", text=text)
    notify.alert(services, alert)


def judge(services: Services, issue: Issue, repo: RepoSettings, asked: Asked | None = None) -> Vouched | Refused:
    """Whether the issue's text as it stands may become work, and by whose word."""
    known = {} if asked is None else asked
    acts = set_ready(services, issue, repo)
    while isinstance(found := trust.judge(issue, acts, known), Ask):
        known[trust.key(found.who)] = standing(services, repo, found.who)
    return _named(services, issue, repo, found) if isinstance(found, Vouched) else found


def _named(services: Services, issue: Issue, repo: RepoSettings, found: Vouched) -> Vouched:
    """Text of our own account that a person ordered, word for word: theirs is the word that vouches for it. Nothing
    becomes work by this that was none: it only says whose word it is."""
    if not services.github.is_me(found.by):
        return found
    mission = Ordered(root=services.settings.runtime / "state").who(repo.key, issue.number, trust.digest(issue))
    return found if mission is None else replace(found, by=mission.by)


def set_ready(services: Services, issue: Issue, repo: RepoSettings) -> tuple[Act, ...]:
    """Who set the issue Ready as it stands, newest first; empty when it is not."""
    ready = services.settings.project(repo.project).statuses.name(BoardStatus.READY)
    return trust.acts(issue, label=repo.ready_label, ready=ready)


def changed(services: Services, task: Task, issue: Issue, asked: Asked | None = None) -> str:
    """Why the issue's text, as it stands, is not what was vouched for; empty when it is, or was never foreign."""
    if task.vouched is None:
        return ""
    known = {} if asked is None else asked
    repo = services.repo(task)
    while isinstance(found := trust.since(issue, task.vouched, known), Ask):
        known[trust.key(found.who)] = standing(services, repo, found.who)
    if found is None:
        return ""
    who = found.by or "somebody unknown"
    return f"the issue was edited by {who} after it was vouched for: {trust.AGAIN}"


def renew(services: Services, task: Task, issue: Issue) -> bool:
    """A live task's issue stands Ready again with another text: whoever set it so vouches for what came of the task.

    False when a worker has the task: until it can be noted, the card must not be moved back, or nobody could tell any
    more who had moved it.
    """
    if task.vouched is None or trust.digest(issue) == task.vouched.body_sha256:
        return True
    found = judge(services, issue, services.repo(task))
    if not isinstance(found, Vouched) or parse(found.at) <= parse(task.vouched.at):
        return True
    with services.mailbox.claim(task.id) as claim:
        if claim is None:
            return False
        services.mailbox.save(claim, replace(claim.task, vouched=found))
    services.record(EventKind.TRUST, task, {"text": found.body_sha256}, vouched=True, by=found.by)
    return True


def mark(services: Services, issue: Issue) -> None:
    """The one label on an issue that nobody vouched for. Never again where it stood once: a person took it off."""
    stood = {one.label.casefold() for one in issue.labelled} | {name.casefold() for name in issue.labels}
    if desk.NEEDS_VOUCHING in stood:
        return
    with contextlib.suppress(Forbidden, NotFound, Invalid):  # a token that may not: the ledger and `explain` tell
        issues.add_labels(services.github, issue.repo, issue.number, [desk.NEEDS_VOUCHING])


def before_merge(services: Services, task: Task) -> str:
    """Why the issue's text, as it stands on GitHub now, is not what was vouched for; empty when it is."""
    if task.issue is None or task.vouched is None:
        return ""
    try:
        issue = issues.read(services.github, task.repo, task.issue)
    except NotFound:
        return ""
    if trust.digest(issue) == task.vouched.body_sha256:
        return ""
    asked: Asked = {}
    repo, why = services.repo(task), changed(services, task, issue, asked)
    if why and isinstance(judged := judge(services, on_board(services, issue, repo), repo, asked), Vouched):
        why = "" if parse(judged.at) > parse(task.vouched.at) else why
    _note(services, task, trust.digest(issue), why)
    return why


def on_board(services: Services, issue: Issue, repo: RepoSettings) -> Issue:
    """With its card on the repository's board as it stands now."""
    project = services.settings.project(repo.project)
    if project.number is None:
        return issue
    found = services.boards.get(project.key) or board.find(services.github, project.owner, project.number)
    return replace(issue, card=board.card(services.github, issue.node_id, found.project_id))


def _note(services: Services, task: Task, digest: str, why: str) -> None:
    """Once per text: it counts as vouched for, or does not."""
    subject, state = f"trust:{task.id}", f"{digest} {why}"
    if not services.signatures.seen(subject, state):
        services.record(EventKind.TRUST, task, {"text": digest}, vouched=not why, why=why)
        services.signatures.remember(subject, state)
