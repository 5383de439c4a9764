"""The record as a person asks for it: the newest events, and does all of it still stand as it was told outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from orchestrator.git import GitError, Repository
from orchestrator.git.trees import Logged
from orchestrator.github import merges
from orchestrator.github.errors import GitHubError
from orchestrator.ledger import Verification
from orchestrator.ledger.anchor import Anchor, Told, label
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.settings import RepoSettings
from orchestrator.pipeline import anchoring
from orchestrator.policy import anchors
from orchestrator.services import Services

_GENERATION = re.compile(r"-g\d+$")
_BASES = ("--exclude=refs/heads/agent/*", "--glob=refs/heads/*")
"""Every branch but those that we work on."""
_MOST_ASKED = 50
"""Merges that GitHub is asked about in one verification; more than these in doubt is told as what it is."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What `agent-os ledger verify` found."""

    ok: bool
    events: int
    segments: int
    head_seq: int
    head_hash: str
    offline: bool
    anchors: int = 0
    """Heads of this ledger that were found outside."""
    matched: int = 0
    newest_anchor: int = 0
    """The highest event of this host's chain that is told outside."""
    exposed: int = 0
    """Events after the last anchor: a cut among these would not be seen."""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was met and proves nothing: a stranger's trailer, another installation's anchors."""


@dataclass(kw_only=True)
class _Found:
    """What was found outside, before it is held against the ledger."""

    anchors: list[Anchor] = field(default_factory=list)
    commits: dict[str, tuple[RepoName, Logged]] = field(default_factory=dict)
    """Where an anchor stands, to the repository and the commit that tells it."""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def events(services: Services, *, subject: str = "", last: int = 50) -> tuple[Record, ...]:
    """Newest records; `subject` keeps those of one task, issue (`owner/name#N`), pull request or commit sha."""
    records = [r for r in services.ledger.read() if not subject or about(r, subject)]
    return tuple(records[-last:])


def about(record: Record, subject: str) -> bool:
    repo, _, number = subject.partition("#")
    if number and record.repo.casefold() == repo.casefold():
        told = {str(record.data.get(name, "")) for name in ("issue", "number")}
        return number in told or _GENERATION.sub("", record.task).endswith(f"-{number}")
    # What was built on a commit is not about it.
    named = [str(value) for name, value in record.data.items() if name != "base"]
    return subject == record.task or (len(subject) >= 7 and any(subject in words for words in named))


def verify(services: Services, *, offline: bool = False) -> Verified:
    """The chain by itself, then against every head of it that stands outside. Never raises for what cannot be
    reached: that is a problem of its own, for then nothing is proven."""
    found = _Found()
    if not offline:
        _refs(services, found)
        for repo in services.settings.repos:
            _trailers(services, repo, found)
    seen = services.ledger.verify(anchors=found.anchors)
    strangers = _doubtful(services, found, [t for t in seen.told if t.why and not t.anchor.sure])
    return _verified(services, found, seen, strangers, offline=offline)


def _verified(services: Services, found: _Found, seen: Verification, strangers: int, *, offline: bool) -> Verified:
    own = label(services.ledger.name)
    matched = [t.anchor for t in seen.told if not t.why]
    problems = (*seen.problems, *found.problems)
    return Verified(
        ok=not problems,
        events=seen.events,
        segments=seen.segments,
        head_seq=seen.head_seq,
        head_hash=seen.head_hash,
        offline=offline,
        anchors=len(seen.told) - strangers,
        matched=len(matched),
        newest_anchor=max((a.seq for a in matched if a.chain in (own, "")), default=0),
        exposed=seen.exposed,
        problems=problems,
        notes=tuple(found.notes),
    )


def _refs(services: Services, found: _Found) -> None:
    """The chain of anchors in our ref: every commit of it tells a head. Only whoever may push to that repository can
    write there, so what contradicts us is wrong, whoever did it."""
    repo = anchoring.repo_of(services.settings)
    if repo is None:
        return
    repository = services.repository(repo)
    try:
        there = repository.fetch_refs(anchoring.REFS, anchoring.FETCHED)
    except (GitError, GitHubError) as why:
        found.problems.append(f"the anchors in {repo.name} cannot be fetched: {services.redact(str(why))}")
        return
    ours = {label(services.ledger.name), *services.ledger.heads()}
    for chain, tip in there.items():
        if chain in ours:
            _history(repository, repo.name, chain, tip, found)
        else:
            found.notes.append(f"{repo.name} holds anchors of another ledger, {anchoring.REFS}/{chain}")
    for chain in ours:
        last = anchoring.last_commit(services, chain)
        if last and last not in {sha for sha, (name, _) in found.commits.items() if name == repo.name}:
            found.problems.append(f"{repo.name}: our anchor {last[:12]} is gone from {anchoring.REFS}/{chain}")


def _history(repository: Repository, name: RepoName, chain: str, tip: Sha, found: _Found) -> None:
    for commit in repository.log(tip):
        told = anchors.told(commit.message)
        if not told:
            found.problems.append(f"{name}: {anchoring.REFS}/{chain} holds {commit.sha[:12]}, which tells no head")
        where = f"{name} {anchoring.REFS}/{chain} {commit.sha[:12]}"
        found.anchors += [Anchor(chain=t.chain, seq=t.seq, hash=t.hash, where=where) for t in told]
        found.commits[commit.sha] = (name, commit)
    head = anchoring.read_file(repository, tip)
    if head is None:
        found.problems.append(f"{name}: {anchoring.REFS}/{chain} has no readable file {anchoring.FILE}")
    else:
        found.anchors.append(head)


def _trailers(services: Services, repo: RepoSettings, found: _Found) -> None:
    """Heads in the messages of commits on the base branches. Anybody who may push there can write such a line, so it is
    ours for certain only where our own MERGED event names the commit; any other that does not fit is asked about."""
    repository = services.repository(repo)
    try:
        repository.fetch()
        commits = repository.log(*_BASES, grep="^Ledger: ")
    except (GitError, GitHubError) as why:
        found.problems.append(f"the merges in {repo.name} cannot be fetched: {services.redact(str(why))}")
        return
    merged = {
        str(r.data.get("sha"))
        for r in services.ledger.read()
        if r.kind == EventKind.MERGED.value and r.repo == repo.name and r.data.get("by") == "agent-os"
    }
    ours = {label(services.ledger.name), *services.ledger.heads(), ""}
    for commit in commits:
        told = anchors.told(commit.message)
        if not told:
            continue
        last, where = told[-1], f"{repo.name} {commit.sha}"
        if last.chain not in ours:
            found.notes.append(f"{repo.name} {commit.sha[:12]} tells a head of another ledger")
            continue
        sure = commit.sha in merged
        found.anchors.append(Anchor(chain=last.chain, seq=last.seq, hash=last.hash, where=where, sure=sure))
        found.commits[where] = (repo.name, commit)


def _doubtful(services: Services, found: _Found, doubts: list[Told]) -> int:
    """A trailer that contradicts the ledger and that no event of ours vouches for: either the event was cut off, or a
    stranger wrote the line. GitHub knows who merged. Returns how many are strangers'."""
    strangers = 0
    for each in doubts[:_MOST_ASKED]:
        repo, commit = found.commits[each.anchor.where]
        try:
            ours = _merged_by_us(services, repo, commit)
        except GitHubError as why:
            found.problems.append(f"{each.why}; GitHub cannot be asked who wrote it: {services.redact(str(why))}")
            continue
        if ours:
            found.problems.append(f"{each.why}; our account merged it")
        else:
            strangers += 1
            found.notes.append(str(services.redact(f"no anchor of ours: {each.anchor.where}, made by {commit.author}")))
    if len(doubts) > _MOST_ASKED:
        found.problems.append(f"{len(doubts) - _MOST_ASKED} more trailers do not fit; nobody was asked about them")
    return strangers


def _merged_by_us(services: Services, repo: RepoName, commit: Logged) -> bool:
    number = anchors.pull_number(commit.message)
    merge = merges.of(services.github, repo, number) if number else None
    return merge is not None and merge.sha == commit.sha and services.github.is_me(merge.by)
