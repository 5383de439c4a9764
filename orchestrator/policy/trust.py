"""Is an issue's text vouched for. The act is the authorization: who set it Ready, and who changed its text since.

A person's word is good for the text they saw. So an act of a trusted person vouches for whatever stood there, by
whomever, and a later change by anybody else ends it. Where nobody knows who acted, only text counts that trusted people
wrote and changed. Whom to trust is asked outside, one account at a time: `judge` says whom it needs to know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.model.issue import Act, Issue
from orchestrator.model.task import Vouched
from orchestrator.model.times import parse


class Standing(Enum):
    """What an account's word counts for in one repository."""

    TRUSTED = "trusted"
    """Listed by the operator, or may write to the repository."""
    OURS = "ours"
    """The account this program works with: its text is its own, its acts vouch for nothing."""
    STRANGER = "stranger"
    """Everybody else: readers, triagers, bots that nobody listed, accounts that are gone."""
    UNKNOWN = "unknown"
    """GitHub could not be asked. Counts as a stranger, for now."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Whose standing has to be known first."""

    who: Act


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Not vouched for, and what would change that."""

    why: str
    lasting: bool = True
    """False: GitHub could not be asked, so the next look may say otherwise."""


Known = Mapping[str, Standing]
"""Standings by `key`."""

GONE = "(deleted account)"
AGAIN = "set it Ready again or put the label back to vouch for it"


def key(who: Act) -> str:
    """Name and number of the account: a name alone may have changed hands."""
    return f"{who.by.casefold()}/{who.id}"


def digest(issue: Issue) -> str:
    """SHA-256 of title and body, as they stand on GitHub."""
    return digest_of(issue.title, issue.body)


def digest_of(title: str, body: str) -> str:
    return hashlib.sha256(f"{title}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def acts(issue: Issue, *, label: str, ready: str) -> tuple[Act, ...]:
    """Who set the issue Ready as it stands: by the label it carries, by the column its card is in. Newest first.

    An act whose actor or time GitHub does not tell is there all the same, with empty words.
    """
    found: list[Act] = []
    if label.casefold() in {name.casefold() for name in issue.labels}:
        put = [one.act for one in issue.labelled if one.label.casefold() == label.casefold()]
        found.append(put[-1] if put else Act())
    card = issue.card
    if card is not None and card.status.casefold() == ready.casefold():
        found.append(Act(by=card.set_by, id=card.set_by_id, at=card.set_at))
    return tuple(sorted(found, key=lambda act: act.at, reverse=True))


def judge(issue: Issue, set_ready: Sequence[Act], known: Known) -> Vouched | Refused | Ask:
    """Whether the text as it stands may be worked on. `set_ready` as `acts` tells."""
    try:
        return _judge(issue, set_ready, known)
    except _Unasked as unasked:
        return Ask(who=unasked.who)


def _judge(issue: Issue, set_ready: Sequence[Act], known: Known) -> Vouched | Refused:
    named = [act for act in set_ready if act.by and act.at]
    late: Refused | None = None
    for act in named:
        if _standing(act, known) is not Standing.TRUSTED:
            continue
        if (changed := _changed(issue, act.at, known)) is None:
            return _vouched(issue, act.by, act.at, known)
        why = f"it was edited by {_name(changed)} after {act.by} had set it Ready: {AGAIN}"
        late = late or _refused(changed, known, why)
    if late is not None:
        return late
    for act in named:
        if _standing(act, known) in (Standing.STRANGER, Standing.UNKNOWN):
            return _refused(act, known, f"it was set Ready by {_name(act)}, {_lacking(act, known)}")
    for role, who in _writers(issue):
        if _standing(who, known) not in (Standing.TRUSTED, Standing.OURS):
            by = named[0].by if named else "nobody known"
            return _refused(who, known, f"its {role} {_name(who)} is not trusted, and it was set Ready by {by}")
    last = max((edit.at for edit in issue.edits), default=issue.created_at)
    return _vouched(issue, issue.editor or issue.author, last, known)


def since(issue: Issue, vouched: Vouched, known: Known) -> Act | Ask | None:
    """Whose change of the text came after it was vouched for and is nobody's whom we trust; None when there is none.

    A text that changed without a change that GitHub tells of was changed by nobody known.
    """
    if digest(issue) == vouched.body_sha256:
        return None
    if not any(parse(edit.at) >= parse(vouched.at) for edit in issue.edits):
        return Act()
    try:
        return _changed(issue, vouched.at, known)
    except _Unasked as unasked:
        return Ask(who=unasked.who)


class _Unasked(Exception):
    """Raised inside of this module alone: whose standing has to be known first."""

    def __init__(self, who: Act) -> None:
        super().__init__(who.by)
        self.who = who


def _standing(who: Act, known: Known) -> Standing:
    if not who.by:
        return Standing.STRANGER
    if key(who) not in known:
        raise _Unasked(who)
    return known[key(who)]


def _changed(issue: Issue, at: str, known: Known) -> Act | None:
    """The newest change since `at` by somebody not trusted. GitHub's times are whole seconds, so what happened in the
    very second counts as after it."""
    after = [edit for edit in issue.edits if parse(edit.at) >= parse(at)]
    for edit in sorted(after, key=lambda edit: edit.at, reverse=True):
        if _standing(edit, known) not in (Standing.TRUSTED, Standing.OURS):
            return edit
    return None


def _writers(issue: Issue) -> Iterator[tuple[str, Act]]:
    yield "author", Act(by=issue.author, id=issue.author_id)
    for edit in sorted(issue.edits, key=lambda edit: edit.at, reverse=True):
        yield "editor", edit


def _vouched(issue: Issue, by: str, at: str, known: Known) -> Vouched:
    author = Act(by=issue.author, id=issue.author_id)
    return Vouched(
        by=by, at=at, body_sha256=digest(issue), author=issue.author, author_trust=_standing(author, known).value
    )


def _refused(who: Act, known: Known, why: str) -> Refused:
    return Refused(why=why, lasting=_standing(who, known) is not Standing.UNKNOWN)


def _lacking(who: Act, known: Known) -> str:
    if _standing(who, known) is Standing.UNKNOWN:
        return "whose permission GitHub could not tell"
    return "who may not write to this repository"


def _name(who: Act) -> str:
    return who.by or GONE
