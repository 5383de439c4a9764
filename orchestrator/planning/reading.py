"""Reads the sources of one artifact when it is old, and judges what was read at each use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from orchestrator import evidence, sources
from orchestrator.model.event import EventKind
from orchestrator.model.evidence import Entry, Snapshot
from orchestrator.model.feedback import Artifact, Kept
from orchestrator.model.objective import Source
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import stamp
from orchestrator.policy import guarding
from orchestrator.policy.feedback_read import Seen
from orchestrator.policy.guarding import Rules
from orchestrator.services import Services
from orchestrator.state.artifacts import Artifacts

_WHOLE = 300_000
"""Characters read of a source, so that a long evidence file is read as one; what is kept of its text is cut later."""
Page = Callable[[str, Sequence[Kept], Sequence[Entry]], str]
"""(generated, what was read, as it is judged) -> the page for people."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads one source."""

    name: str
    source: Source
    make: Callable[[Seen, Kept | None], Kept]
    """The entry from what reading it gave and what was known of it."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One artifact of one repository."""

    repo: RepoSettings
    file: str
    rules: Rules
    block: str
    """Fingerprints of what it is made by."""
    objective: str = ""
    max_age_hours: float
    readers: tuple[Reader, ...]
    """In the order of their entries."""
    reach: sources.Rules
    page: Page


def entries(services: Services, job: Job) -> tuple[Entry, ...]:
    """As of now; the sources are read first when the artifact is older than it may be. Raises Busy, OSError."""
    store = Artifacts(runtime=services.settings.runtime)
    known = store.read(job.repo.key, job.file)
    if services.dry and (known is None or _due(services, job, known)):
        known = _refresh(services, store, job, known)
    elif known is None or _due(services, job, known):
        with store.refreshing(job.repo.key, job.file):
            known = store.read(job.repo.key, job.file)
            if known is None or _due(services, job, known):
                known = _refresh(services, store, job, known)
    return guarding.judged(known.kept, job.rules, services.now())


def _due(services: Services, job: Job, known: Artifact) -> bool:
    return _all(services, job, known) or guarding.retry(known, services.now())


def _all(services: Services, job: Job, known: Artifact | None) -> bool:
    return guarding.due(known, job.block, job.objective, job.max_age_hours, services.now())


def _refresh(services: Services, store: Artifacts, job: Job, known: Artifact | None) -> Artifact:
    began = stamp(services.now())
    before = {(k.name, k.source): k for k in known.kept} if known else {}
    whole = known is None or _all(services, job, known)
    kept = tuple(_kept(services, job, reader, before, whole) for reader in job.readers)
    now = services.now()
    judged = guarding.judged(kept, job.rules, now)
    generated = began if known is None or whole else known.generated
    artifact = Artifact(generated=generated, tried=began, block=job.block, objective=job.objective, kept=kept)
    # Told before it is written: whoever dies in between reads everything again, and tells that, too. Trying in vain
    # is told once.
    if whole or known is None or kept != known.kept:
        services.record(
            EventKind.FED,
            repo=job.repo.name,
            file=job.file,
            included=[e.name for e in judged if e.included],
            guarded={e.name: list(e.guarded) for e in judged if e.guarded},
        )
    if not services.dry:
        page = str(services.redact(job.page(artifact.generated, kept, judged)))
        store.write(job.repo.key, job.file, page, artifact)
    return artifact


def _kept(services: Services, job: Job, reader: Reader, before: dict[tuple[str, str], Kept], whole: bool) -> Kept:
    """Of a refresh that only tries again, the rest stays as it was read."""
    known = before.get((reader.name, reader.source.path or reader.source.url))
    if known is not None and not whole and not known.retry:
        return known
    return reader.make(_seen(services, reader.source, job.reach), known)


def _seen(services: Services, source: Source, rules: sources.Rules) -> Seen:
    """One source, as text and, where it says so, as a metric snapshot: of the whole, not of what is kept of it."""
    at = stamp(services.now())
    found = sources.read(source, replace(rules, most_chars=max(rules.most_chars, _WHOLE)))
    if isinstance(found, sources.Unread):
        return Seen(unread=str(services.redact(found.why)), retry=not found.lasting, at=at)
    snapshot, broken = _snapshot(found.text, source.path or urlsplit(source.url).path)
    return Seen(
        text=found.text,
        cut=found.cut,
        snapshot=snapshot,
        broken=str(services.redact(broken)),
        at=at,
    )


def _snapshot(text: str, name: str) -> tuple[Snapshot | None, str]:
    """None for what is no evidence, and why."""
    try:
        return evidence.parse(text, PurePosixPath(name).name), ""
    except evidence.EvidenceError as error:
        return None, str(error)
