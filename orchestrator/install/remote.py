"""What stands on GitHub because of us: pull requests, issues we filed, branches, refs, labels, boards, comments.

What set-up made is written down; what the program makes at its work is known by its name and by its author. A thing of
the same name that somebody else made is left to them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import quote

from orchestrator.backlog.filing import LABEL
from orchestrator.git.names import OWN_REFS, PREFIX
from orchestrator.github import issues, labels, projects, pulls, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Incomplete, Invalid, Misconfigured, NotFound
from orchestrator.github.repos import path
from orchestrator.github.words import Words, object_of
from orchestrator.install import furnish
from orchestrator.install.removal import Removal, close, leave, remove
from orchestrator.ledger.anchor import label as chain_label
from orchestrator.mailbox.tree import Unreadable
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.settings import RepoSettings
from orchestrator.operations import provision
from orchestrator.pipeline import desk
from orchestrator.pipeline.anchoring import REFS
from orchestrator.policy import trust
from orchestrator.services import Services
from orchestrator.state.made import Entry, Kind, Made
from orchestrator.state.ordered import Ordered

DISTINCT = frozenset({desk.DISPATCHED, desk.NEEDS_VOUCHING, LABEL, "agent-os-approved"})
"""Labels that nobody but us calls so; others are only removed where we wrote down that we made them."""
WORD = "Agent OS was uninstalled here: nobody works on this any more."
_MARK = "<!-- agent-os:"


def of_repo(services: Services, repo: RepoSettings, made: Made, *, leave_pulls: bool, force: bool) -> Iterator[Removal]:
    """Of one repository, in the order in which it goes. Raises GitHubError."""
    gh = services.github
    held: dict[str, str] = {}
    other = _other(services, repo)
    for pull in gh.pages(f"{path(repo.name)}/pulls", {"state": "open"}):
        number, branch = pull.number("number"), pull.one("head").text("ref")
        if not _own_branch(repo, branch):
            continue
        what = f"pull request {repo.name}#{number}"
        if not gh.is_me(wire.login(pull.maybe("user"))):
            held[branch] = f"somebody else's pull request #{number} is open from it"
        elif leave_pulls:
            held[branch] = f"its pull request #{number} is open"
            yield leave(what, "you said --leave-pulls")
        elif other and not _knows(services, branch):
            held[branch] = f"pull request #{number} is open from it"
            yield leave(what, other)
        else:
            yield close(what, partial(_close_pull, services, repo.name, number), "with a word")
    yield from _issues(services, repo, other)
    yield from _branches(services, repo, held, other, force=force)
    yield from _refs(services, repo)
    yield from _labels(gh, repo, made, other)
    yield from _comments(gh, repo)


def _other(services: Services, repo: RepoSettings) -> str:
    """Why what bears our names may be another installation's; empty where none has anchored its ledger here."""
    own = _anchors(services)
    refs = services.github.pages(f"{path(repo.name)}/git/matching-refs/{REFS.removeprefix('refs/')}/")
    there = [name for ref in refs if (name := ref.text("ref")) not in own]
    return f"another installation works here ({there[0]}); delete that ref if it is gone" if there else ""


def _anchors(services: Services) -> frozenset[str]:
    """Of every chain that our ledger holds: a machine's name may have changed since."""
    ledger = services.ledger
    return frozenset(f"{REFS}/{chain}" for chain in (chain_label(ledger.name), *ledger.heads()))


def _knows(services: Services, branch: str) -> bool:
    """Is it of a task in our own mailbox? One that cannot be read is."""
    try:
        return services.mailbox.find(TaskId(branch.removeprefix(PREFIX))) is not None
    except Unreadable:
        return True


def boards(services: Services, made: Made, *, force: bool) -> Iterator[Removal]:
    """Boards that we made go, but for those on which a person keeps notes; of others, the columns that we added and no
    card stands in. Raises GitHubError."""
    gh = services.github
    entries = [e for e in made.all() if e.ours]
    mine = [e for e in entries if e.kind is Kind.BOARD]
    for entry in mine:
        what = f"board {entry.where}/{entry.name}"
        notes = 0 if force else _notes(gh, entry)
        if notes:
            yield leave(what, f"{notes} notes stand on it that are no issues and would go with it; --force removes it")
        else:
            yield remove(what, partial(_drop_board, gh, made, entry), "the issues stay")
    own = {f"{e.where}/{e.name}".casefold() for e in mine}
    others = sorted({e.where for e in entries if e.kind is Kind.OPTION and e.where.casefold() not in own})
    for where in others:
        yield from _columns(gh, made, where, [e for e in entries if e.kind is Kind.OPTION and e.where == where])


def _notes(gh: GitHub, entry: Entry) -> int:
    try:
        return projects.notes(gh, projects.read(gh, entry.where, int(entry.name)))
    except (Misconfigured, NotFound):
        return 0  # somebody took it away before us


def _columns(gh: GitHub, made: Made, where: str, added: list[Entry]) -> Iterator[Removal]:
    owner, _, number = where.partition("/")
    try:
        board = projects.read(gh, owner, int(number))
    except Misconfigured:
        return
    used = {name.casefold() for name in projects.statuses(gh, board).values()}
    go = [e for e in added if e.name.casefold() not in used]
    for entry in added:
        if entry not in go:
            yield leave(f"column {entry.name} of board {where}", "cards stand in it")
    names = {e.name.casefold() for e in go}
    left = [o for o in board.options if o.name.casefold() not in names]
    if go and left:
        what = f"columns {', '.join(e.name for e in go)} of board {where}"
        yield remove(what, partial(_drop_columns, gh, made, board, left, go), "no card stands in them")
    elif go:
        yield leave(f"columns of board {where}", "a Status field cannot be without any")


def _drop_board(gh: GitHub, made: Made, entry: Entry) -> None:
    with contextlib.suppress(Misconfigured, NotFound):  # somebody took it away before us
        projects.delete(gh, projects.read(gh, entry.where, int(entry.name)))
    made.forget(entry)


def _drop_columns(
    gh: GitHub, made: Made, board: projects.Project, left: list[projects.Option], gone: list[Entry]
) -> None:
    provision.finish(gh, made, board)
    provision.overwrite(gh, made, board, left)
    for entry in gone:
        made.forget(entry)


def _issues(services: Services, repo: RepoSettings, other: str) -> Iterator[Removal]:
    """Open issues that the program filed: by its own account, with its mark. What a person ordered in these very words
    is theirs."""
    gh, ordered = services.github, Ordered(root=services.settings.runtime / "state")
    for issue in issues.listed(gh, repo.name):
        if not gh.is_me(issue.author) or f"{_MARK}key=" not in issue.body:
            continue
        mission = ordered.who(repo.key, issue.number, trust.digest(issue))
        if mission is not None:
            yield leave(f"issue {repo.name}#{issue.number} ({issue.title[:60]})", f"{mission.by} ordered it")
        elif other:
            yield leave(f"issue {repo.name}#{issue.number} ({issue.title[:60]})", other)
        else:
            what = f"issue {repo.name}#{issue.number} ({issue.title[:60]})"
            yield close(
                what, partial(_close_issue, services, repo.name, issue.number), "we filed it; closed as not planned"
            )


def _close_issue(services: Services, repo: RepoName, number: int) -> None:
    issues.comment(services.github, repo, number, services.redact(WORD))
    issues.close(services.github, repo, number, "not_planned")


def _close_pull(services: Services, repo: RepoName, number: int) -> None:
    issues.comment(
        services.github, repo, number, services.redact(f"{WORD} Its commits stay under refs/pull/{number}/head.")
    )
    pulls.close(services.github, repo, number)


def _branches(
    services: Services, repo: RepoSettings, held: Mapping[str, str], other: str, *, force: bool
) -> Iterator[Removal]:
    """`held`: branches that stay, each with its reason."""
    gh = services.github
    base = object_of(gh.rest("GET", path(repo.name)).data, repo.name).text("default_branch")
    for ref in gh.pages(f"{path(repo.name)}/git/matching-refs/heads/{PREFIX}"):
        branch = ref.text("ref").removeprefix("refs/heads/")
        what = f"branch {branch} of {repo.name}"
        if not _own_branch(repo, branch):
            continue
        if branch in held:
            yield leave(what, held[branch])
        elif other and not _knows(services, branch):
            yield leave(what, other)
        elif force or _safe(gh, repo.name, branch, ref.one("object").text("sha"), base):
            yield remove(what, partial(_drop_ref, gh, repo.name, f"heads/{branch}"))
        else:
            yield leave(what, "its commits are in no pull request and not in the base branch; --force removes it")


def _own_branch(repo: RepoSettings, branch: str) -> bool:
    """As a task's is called, and no longer: `agent/app-2fa` is somebody's own."""
    key = re.escape(repo.key)
    return re.fullmatch(rf"{PREFIX}(?:{key}-[0-9]+(?:-g[0-9]+)?|(?:train|memory)-{key})", branch) is not None


def _safe(gh: GitHub, repo: RepoName, branch: str, sha: str, base: str) -> bool:
    """GitHub keeps what it holds: as some pull request's head, or in the base branch."""
    owner = repo.partition("/")[0]
    for pull in gh.pages(f"{path(repo)}/pulls", {"state": "all", "head": f"{owner}:{branch}"}):
        if pull.one("head").text("sha") == sha:
            return True
    spec = f"{quote(base, safe='')}...{sha}"
    return object_of(gh.rest("GET", f"{path(repo)}/compare/{spec}").data, spec).number("ahead_by") == 0


def _refs(services: Services, repo: RepoSettings) -> Iterator[Removal]:
    """Anchors of our own chain; another installation's are its own."""
    own = _anchors(services)
    for ref in services.github.pages(f"{path(repo.name)}/git/matching-refs/{OWN_REFS.removeprefix('refs/')}"):
        name = ref.text("ref")
        if name in own or not name.startswith(f"{REFS}/"):
            yield remove(f"ref {name} of {repo.name}", partial(_drop_own_ref, services, repo, name))
        else:
            yield leave(f"ref {name} of {repo.name}", "the anchor of another installation's ledger")


def _drop_own_ref(services: Services, repo: RepoSettings, name: str) -> None:
    """GitHub's REST documentation speaks of branches and tags; what is neither came by a push and goes by one too."""
    try:
        _drop_ref(services.github, repo.name, name.removeprefix("refs/"))
    except Invalid:
        repository = services.repository(repo)
        repository.git("push", "-q", "--no-verify", "--", repository.url, f":{name}", network=True, timeout=120)


def _drop_ref(gh: GitHub, repo: RepoName, ref: str) -> None:
    try:
        gh.rest("DELETE", f"{path(repo)}/git/refs/{quote(ref)}")
    except NotFound:
        return


def _labels(gh: GitHub, repo: RepoSettings, made: Made, other: str) -> Iterator[Removal]:
    there = labels.described(gh, repo.name)
    wanted = {label.name.casefold(): label for label in furnish.wanted(repo)}
    for label in there:
        entry = made.of(Kind.LABEL, label.name, where=repo.name)
        what, as_made = f"label {label.name} of {repo.name}", wanted.get(label.name.casefold())
        ours = entry is not None or label.name.casefold() in DISTINCT
        if entry is not None and not entry.ours:
            yield leave(what, "it was there before us")
        elif ours and other:
            yield leave(what, other)
        elif entry is not None and as_made is not None and not provision.untouched(label, as_made):
            yield leave(what, "you changed it since we made it")
        elif ours:
            yield remove(what, partial(_drop_label, gh, made, repo.name, label.name, entry))
        elif as_made is not None:
            yield leave(what, "nobody wrote down who made it")


def _drop_label(gh: GitHub, made: Made, repo: RepoName, name: str, entry: Entry | None) -> None:
    labels.delete(gh, repo, name)
    if entry is not None:
        made.forget(entry)


def _comments(gh: GitHub, repo: RepoSettings) -> Iterator[Removal]:
    try:
        found: list[Words] = list(gh.pages(f"{path(repo.name)}/issues/comments"))
    except Incomplete:
        yield leave(f"comments in {repo.name}", "more than 10,000 stand there; ours among them stay")
        return
    ours = sum(_MARK in c.text_or_none("body") and gh.is_me(wire.login(c.maybe("user"))) for c in found)
    if ours:
        yield leave(f"{ours} comments of ours in {repo.name}", "what was said stays readable")
