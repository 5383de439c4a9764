"""What a finished quarter must show, looked at from outside: ledger, hub and stores, not the planner's word."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from benchmarks.quarter import exporter
from benchmarks.quarter.stage import REPOS, SLEEPS, SLEPT, SPRINT_DAYS, START, Stage
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import TaskId
from orchestrator.model.times import parse, stamp
from orchestrator.state.scores import Scores

LATE_WEEKS = 6
"""The last so many weeks are compared with the first EARLY_WEEKS."""
EARLY_WEEKS = 3
ALIKE = 0.9
"""Titles of two issues of ours that are more alike than this, letter by letter, are one issue filed twice."""
_EVIDENCE = re.compile(r"`([a-z]+:[^`\s]+)`")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One quarter in figures."""

    seed: int
    weekly: tuple[tuple[int, int, int], ...]
    """Per week how many issues of the paying, the hurting and the idle area plans promoted."""
    rewards: tuple[float, ...]
    """The objective's score of every repository, over the late weeks."""
    early_rewards: tuple[float, ...]
    merged: int
    of_its_own: int
    """Merged work on issues that the program had filed."""
    without_verdict: tuple[str, ...]
    filed: int
    without_evidence: tuple[str, ...]
    twice: tuple[str, ...]
    cadence: tuple[str, ...]
    crashes: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Were there scores early and late?"""
        return bool(self.rewards and self.early_rewards)

    def share(self, weeks: slice) -> tuple[float, float]:
        """Of the promoted issues of these weeks: the paying and the hurting area's part."""
        chosen = self.weekly[weeks]
        total = sum(map(sum, chosen)) or 1
        return sum(w[0] for w in chosen) / total, sum(w[1] for w in chosen) / total

    @property
    def lean(self) -> float:
        """How far the late choices lean to the area that pays: its share less the hurting one's, -1 to 1."""
        paying, hurting = self.share(slice(-LATE_WEEKS, None))
        return paying - hurting


def look(stage: Stage) -> Seen:
    world = stage.world
    records = list(world.services.ledger.read())
    promoted = [r for r in records if r.kind == EventKind.PROMOTED.value]
    return Seen(
        seed=stage.seed,
        weekly=_weekly(stage, promoted),
        rewards=tuple(_rewards(stage, last=True)),
        early_rewards=tuple(_rewards(stage, last=False)),
        merged=sum(len(one) for one in stage.landed.values()),
        of_its_own=sum(not one.area for landed in stage.landed.values() for one in landed),
        without_verdict=tuple(_without_verdict(stage)) if stage.attribution else (),
        filed=len(stage.filed_by_us()),
        without_evidence=tuple(_without_evidence(stage, records)),
        twice=tuple(_twice(stage)),
        cadence=tuple(_cadence(stage, records)),
        crashes=tuple(dict.fromkeys(world.crashes())),
    )


def _weekly(stage: Stage, promoted: list[Record]) -> tuple[tuple[int, int, int], ...]:
    weeks = [Counter[str]() for _ in range(stage.weeks)]
    for record in promoted:
        week = (parse(record.at) - START).days // 7
        area = stage.area_of.get((record.repo, int(str(record.data["issue"]))), "")
        if 0 <= week < stage.weeks:
            weeks[week][area] += 1
    return tuple((w[exporter.PAYS], w[exporter.HURTS], w[exporter.IDLES]) for w in weeks)


def _rewards(stage: Stage, *, last: bool) -> list[float]:
    """The objective's score as the program kept it, averaged per repository over the late or the early weeks; only
    where something was measured."""
    early, late = START + timedelta(weeks=EARLY_WEEKS + 1), START + timedelta(weeks=stage.weeks - LATE_WEEKS)
    history = Scores(runtime=stage.world.settings.runtime)
    found = []
    for repo in REPOS:
        kept = [s for s in history.history(repo.split("/")[1]) if s.coverage > 0]
        values = [s.total for s in kept if (parse(s.at) >= late if last else parse(s.at) < early)]
        if values:
            found.append(sum(values) / len(values))
    return found


def _without_verdict(stage: Stage) -> list[str]:
    """Merges whose window has passed and that lack the record of a check."""
    missing = []
    now = stage.world.services.now()
    for repo in REPOS:
        outcomes = stage.world.services.outcomes
        judged = {(m.task, m.check) for m in outcomes.measured(repo)}
        shipped = {s.task: s for s in outcomes.shipped(repo)}
        merged = {r.task: parse(r.at) for r in stage.world.events(EventKind.MERGED) if r.repo == repo}
        for task, at in merged.items():
            if now - at < timedelta(days=exporter.WINDOW_DAYS + 1):
                continue
            if task not in shipped:
                missing.append(f"{task}: its merge is not recorded")
            missing += [f"{task}/{c}" for c in exporter.METRICS if (task, c) not in judged]
    return missing


def _without_evidence(stage: Stage, records: list[Record]) -> list[str]:
    """Issues of ours that cite nothing, or something that is not there."""
    seqs = {str(r.seq) for r in records}
    wrong = []
    for repo, number in stage.filed_by_us():
        body = stage.body(repo, number)
        section = body.partition("## Evidence")[2].partition("\n## ")[0]
        cited = _EVIDENCE.findall(section)
        if not cited:
            wrong.append(f"{repo}#{number} cites nothing")
        wrong += [f"{repo}#{number} cites {one}" for one in cited if not _there(stage, repo, one, seqs)]
    return wrong


def _there(stage: Stage, repo: str, cited: str, seqs: set[str]) -> bool:
    kind, _, rest = cited.partition(":")
    world = stage.world
    match kind:
        case "ledger":
            return rest in seqs
        case "task":
            return world.services.mailbox.find(TaskId(rest)) is not None
        case "issue":
            name, _, number = rest.partition("#")
            return number in world.admin.snapshot()["repos"][name]["issues"]
        case "file":
            sha, _, path = rest.partition(":")
            return world.admin.show(repo, sha, path) is not None
        case "commit":
            return bool(re.fullmatch(r"[0-9a-f]{40}", rest)) and world.admin.show(repo, rest, "README.md") is not None
        case "outcome":
            task, _, check = rest.partition("/")
            return any(m.task == task and m.check == check for r in REPOS for m in world.services.outcomes.measured(r))
        case "finding":
            text = (world.settings.runtime / "analysis" / "agent_scorer_findings.json").read_text()
            return rest in text or any(rest in str(r.data) for r in world.events(EventKind.SCORED))
        case "run":
            return rest in (world.settings.runtime / "metrics" / "agent_stats.jsonl").read_text()
        case _:
            return False


def _twice(stage: Stage) -> list[str]:
    """Pairs of issues of ours in one repository that are one: the same mark, or nearly the same title."""
    found = []
    snapshot = stage.world.admin.snapshot()["repos"]
    for repo in REPOS:
        ours = [(n, snapshot[repo]["issues"][str(n)]) for r, n in stage.filed_by_us() if r == repo]
        for (a, one), (b, other) in itertools.combinations(ours, 2):
            marks = [set(re.findall(r"agent-os:key=\S+", str(i["body"]))) for i in (one, other)]
            alike = SequenceMatcher(None, str(one["title"]).casefold(), str(other["title"]).casefold()).ratio()
            if marks[0] & marks[1] or alike >= ALIKE:
                found.append(f"{repo}#{a} and #{b}: {one['title']!r}, {other['title']!r}")
    return found


def _cadence(stage: Stage, records: list[Record]) -> list[str]:
    """Plans that came too early or too late, weekly findings that were skipped or doubled."""
    wrong = []
    for repo in REPOS:
        made = [parse(r.at) for r in records if r.kind == EventKind.PLANNED.value and r.repo == repo and _made(r)]
        wrong += _gaps(f"plans of {repo}", made, timedelta(days=SPRINT_DAYS[repo]), stage.weeks)
    slots = Counter(
        str(r.data["slot"]) for r in records if r.kind == EventKind.SCORED.value and r.data["what"] == "week"
    )
    wrong += [f"the findings of {slot} came {n} times" for slot, n in slots.items() if n > 1]
    monday, end = START.replace(hour=7), stage.world.services.now()
    mondays = [monday + timedelta(weeks=w) for w in range(stage.weeks + 1) if monday + timedelta(weeks=w) <= end]
    asleep = START + timedelta(weeks=SLEEPS)
    missed = [m for m in mondays if stamp(m) not in slots and not asleep <= m <= asleep + SLEPT]
    wrong += [f"no findings for {m:%m-%d}" for m in missed]
    return wrong


def _made(record: Record) -> bool:
    return record.data.get("state") in ("applied", "pending")


def _gaps(what: str, times: list[datetime], period: timedelta, weeks: int) -> list[str]:
    """Neither less than a period apart (but for an hour and a half, by which the clock was set back) nor more than one
    apart, but for the days that the machine slept."""
    wrong = []
    asleep = START + timedelta(weeks=SLEEPS)
    for one, other in itertools.pairwise(times):
        slept = one <= asleep + timedelta(days=8) and other >= asleep
        if other - one < period - timedelta(hours=26):
            wrong.append(f"{what}: {one:%m-%d %H:%M} and {other:%m-%d %H:%M} are too close")
        if other - one > period + timedelta(hours=26) + (SLEPT if slept else timedelta()):
            wrong.append(f"{what}: nothing between {one:%m-%d %H:%M} and {other:%m-%d %H:%M}")
    if len(times) < timedelta(weeks=weeks - 3) / period:
        wrong.append(f"{what}: only {len(times)} in {weeks} weeks")
    return wrong
