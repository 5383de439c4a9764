"""The repositories for a page: how much is done by itself, whether they are switched on, and how they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from orchestrator.model.event import EventKind, Record
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.task import Folder
from orchestrator.operations import OPEN, modes, switch
from orchestrator.operations.modes import ModeChange
from orchestrator.pipeline import funds
from orchestrator.services import Services

LOOKED = 1_000
"""Newest events that are looked at for the last merge and a red base."""


@dataclass(frozen=True, kw_only=True)
class RepoLine:
    key: str
    name: str
    url: str
    mode: str
    off: str
    """Why it is switched off, in words; empty: it is on."""
    open: int
    """Tasks that are not over."""
    working: int
    review: int
    """Pull requests that wait to land."""
    stopped: int
    """Tasks that wait for a person."""
    merged_at: str
    """The last merge of ours among the newest events; empty: none."""
    merged: str
    """Its pull request."""
    red: str
    """When the base was seen red after a merge of ours, and nothing was merged since; empty: it was not."""
    checks: str
    verify: str
    merge: bool
    usd_today: float
    over: str
    """A ceiling that is reached now."""
    choices: tuple[ModeChange, ...]
    """Every other mode, and what would happen in it."""


@dataclass(frozen=True, kw_only=True)
class ReposPage:
    repos: tuple[RepoLine, ...]
    everything_off: str
    """In words; empty: work goes on."""


def page(services: Services) -> ReposPage:
    """Raises CorruptState."""
    off = switch.switches(services).off
    counts: Counter[tuple[str, Folder]] = Counter()
    for folder in OPEN:
        counts.update((entry.task.repo.casefold(), folder) for entry in services.mailbox.list(folder))
    recent = list(islice(services.ledger.newest(), LOOKED))
    offs = {o.what: o.text for o in off if o.scope == "repo"}
    return ReposPage(
        repos=tuple(_line(services, r, counts, recent, offs.get(r.key, "")) for r in services.settings.repos),
        everything_off=next((o.text for o in off if o.scope == "all"), ""),
    )


def _line(
    services: Services, repo: RepoSettings, counts: Counter[tuple[str, Folder]], recent: list[Record], off: str
) -> RepoLine:
    name = repo.name.casefold()
    mine = [r for r in recent if r.repo.casefold() == name]
    merged = next((r for r in mine if r.kind == EventKind.MERGED.value), None)
    red = next((r for r in mine if r.kind == EventKind.REVERTED.value), None)
    over = funds.repo(services, repo)
    return RepoLine(
        key=repo.key,
        name=repo.name,
        url=f"{services.settings.github.web_url}/{repo.name}",
        mode=repo.automation_mode.value,
        off=off,
        open=sum(counts[name, folder] for folder in OPEN),
        working=counts[name, Folder.PROCESSING],
        review=counts[name, Folder.REVIEW],
        stopped=sum(counts[name, f] for f in (Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED, Folder.HOLD)),
        merged_at=merged.at if merged else "",
        merged=f"#{merged.data['number']}" if merged and merged.data.get("number") else "",
        red=red.at if red and (merged is None or red.at > merged.at) else "",
        checks=repo.checks.value,
        verify="none" if repo.verify_none else repo.verify,
        merge=repo.merge,
        usd_today=services.spend.repo(repo.name)[0],
        over=over.words if over else "",
        choices=tuple(
            modes.would(services, mode, repo.key)[0] for mode in AutomationMode if mode is not repo.automation_mode
        ),
    )
