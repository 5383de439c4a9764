"""A person's mission becomes an issue that is Ready. Their word, recorded with the text's hash, is what vouches for it.

The issue is made by our own account, whose acts vouch for nothing (DECISIONS D13), but its text is the person's from
the first character to the last. Who ordered it and the hash of what they ordered stand in `state/ordered/` before the
issue is Ready; `pipeline.trusting` names that person where the text is still exactly theirs.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.backlog import board, body
from orchestrator.github import issues
from orchestrator.github.errors import Forbidden, Invalid, Misconfigured, NotFound
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.issue import Issue
from orchestrator.model.names import Public
from orchestrator.model.operators import Right
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, allow
from orchestrator.policy import trust
from orchestrator.services import Services
from orchestrator.state.effects import Intended
from orchestrator.state.ordered import Mission, Ordered

TITLE = 120
LONGEST = 20_000
LABEL = "agent-os"
_MARK = "agent-os:key="
SKEW = timedelta(days=1)
"""How far GitHub's clock and ours may differ where an issue is looked for that a dead call made."""


@dataclass(frozen=True, kw_only=True)
class Filed:
    repo: str
    """`owner/name`."""
    number: int
    title: str
    url: str
    ready: bool
    """Set Ready; false where the repository's board refused it, as `text` says."""
    text: str
    """In words."""


def file(services: Services, repo: str, text: str, person: str, *, cause: str = "") -> Filed:
    """Files `text` in a repository (key or owner/name; empty = the only one there is) and sets it Ready. The first line
    is the title. `cause` names what ordered it (a message's number): the same is filed once, however often it is asked.
    Raises OrderRefused, and what GitHub raises."""
    allow(services, person, Right.ORDER)
    found = _where(services, repo)
    if not text.strip():
        raise OrderRefused("the mission is empty: say what is to be done")
    if len(text) > LONGEST:
        raise OrderRefused(f"the mission has {len(text)} characters; at most {LONGEST}: write the issue on GitHub")
    key = f"ordered/{cause or uuid.uuid4().hex}"
    title, said = _words(services, text, person, key)
    issue = _made(services, found, key, title, said, person)
    # The hash of what was ordered, not of what stands there by now.
    sha = trust.digest_of(title, said)
    mission = Mission(number=issue.number, by=person, at=stamp(services.now()), text_sha256=sha)
    Ordered(root=services.settings.runtime / "state").put(found.key, mission)
    ready, note = True, ""
    try:
        board.ready(services, found, issue)
    except (Misconfigured, NotFound, Forbidden, Invalid) as why:
        ready, note = False, f", but it could not be set Ready: {services.redact(str(why))}"
    url = f"{services.settings.github.web_url}/{found.name}/issues/{issue.number}"
    words = f"filed {found.name}#{issue.number}" + (" and set it Ready" if ready else note)
    return Filed(repo=found.name, number=issue.number, title=issue.title, url=url, ready=ready, text=words)


def _where(services: Services, repo: str) -> RepoSettings:
    known = services.settings.repos
    if not repo and len(known) == 1:
        return known[0]
    keys = ", ".join(r.key for r in known)
    if not repo:
        raise OrderRefused(f"say for which repository ({keys}): `/task {known[0].key}: what is to be done`")
    found = services.settings.repo(repo)
    if found is None:
        raise OrderRefused(f"no repository {repo!r}; there are: {keys}")
    return found


def _words(services: Services, text: str, person: str, key: str) -> tuple[Public, Public]:
    """Title and body. All of the person's words are in the body, wherever the title had to end."""
    # A person may paste what a stranger wrote: no mark of ours comes along with it.
    clean = str(services.redact(text.strip())).replace(_MARK, _MARK.replace(":", ": "))
    first, _, rest = clean.partition("\n")
    first = " ".join(first.split())
    title = first if len(first) <= TITLE else first[: TITLE - 1].rstrip() + "…"
    said = clean if title != first else rest.strip() or first
    end = f"_Ordered by {person} through Agent OS._\n\n{body.marker(key)}"
    return services.redact(title), services.redact(f"{said}\n\n{end}")


def _made(services: Services, repo: RepoSettings, key: str, title: Public, said: Public, person: str) -> Issue:
    """The issue, made now or by a call that died."""
    journal = services.effects.of(f"ordered-{hashlib.sha256(f'{repo.key}/{key}'.encode()).hexdigest()[:24]}")
    mark = body.marker(key)

    def look() -> dict[str, str] | None:
        begun = journal.state("create")
        since = stamp(begun.at - SKEW) if isinstance(begun, Intended) else ""
        found = issues.filed(services.github, repo.name, mark, since=since)
        return {"number": str(found)} if found else None

    def act() -> dict[str, str]:
        actor = Actor(kind="person", id=person)
        data: dict[str, object] = {"order": "task", "title": str(title)}
        hashes = {"text": trust.digest_of(title, said)}
        event = Event(kind=EventKind.ORDER, actor=actor, repo=repo.name, hashes=hashes, data=data)
        if journal.result("told") is None:
            services.ledger.write(event)
            journal.done("told", {})
        return {"number": str(issues.create(services.github, repo.name, title, said, frozenset({LABEL})).number)}

    done = journal.once(
        "create", f"file {key} in {repo.name}", look=look, act=act,
        settle_seconds=services.settings.github.settle_seconds, now=services.now(),
    )  # fmt: skip
    return issues.read(services.github, repo.name, int(done["number"]))
