"""STRATEGY.md of a repository: `runtime/analysis/<key>/STRATEGY.md`, begun from the repository's own.

It goes to the base branch only where anything of ours may land there without a person and memory is committed; else it
stays here, where planning and prompts read it. When people change the repository's own, theirs is what we go on from.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from orchestrator import disk
from orchestrator.git import Pushed
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.outcome import HypothesisVerdict, Measured
from orchestrator.model.plan import Plan, PlanState
from orchestrator.model.settings import MemoryMode, RepoSettings
from orchestrator.model.task import Folder
from orchestrator.model.times import parse
from orchestrator.pipeline import considering, propose
from orchestrator.planning import waiting
from orchestrator.policy import attribute
from orchestrator.policy import strategy as policy
from orchestrator.policy.strategy import Sprint
from orchestrator.services import Services

FILE = "STRATEGY.md"
TRIES = 3
MOST_LINES = 30


def file(services: Services, repo: RepoSettings) -> Path:
    return services.settings.runtime / "analysis" / repo.key / FILE


def current(services: Services, repo: RepoSettings, *, own: str | None = None) -> str:
    """The text as it is to be read. `own`: the repository's, where it was read already."""
    theirs = _repositorys(services, repo) if own is None else own
    kept = _kept(services, repo)
    if kept is None:
        return theirs
    return kept if _based_on(services, repo) == _digest(theirs) or not theirs else policy.carried(theirs, kept)


def update(services: Services, repo: RepoSettings, plan: Plan) -> str:
    """Writes the sprint of an applied plan. Doing it again changes nothing. Returns the text."""
    theirs = _repositorys(services, repo)
    text = current(services, repo, own=theirs) or policy.EMPTY
    if plan.id not in policy.ids(text):
        sprint = Sprint(
            plan=plan.id,
            day=plan.at[:10],
            retrospective=tuple(str(services.redact(line)) for line in retrospective(services, repo, plan)),
            plan_lines=tuple(str(services.redact(line)) for line in _planned(plan)),
        )
        text = policy.focus(policy.add(text, sprint), _areas(services, repo))
    _keep(services, repo, text, theirs)
    if _commits(services, repo):
        _commit(services, repo, plan, text)
    return text


def retrospective(services: Services, repo: RepoSettings, plan: Plan | None = None) -> tuple[str, ...]:
    """What became of the sprint before `plan` (or of the last one): work, measurements and verdicts since."""
    applied = [p for p in services.plans.of(repo.key) if p.state is PlanState.APPLIED]
    before = [p for p in applied if (p.at < plan.at if plan else not waiting.ahead(p, services.now()))]
    if not before:
        return ()
    last = before[0]
    numbers = {i.issue for i in last.items}
    lines = [_work(services, repo, numbers)]
    since = parse(last.at)
    fresh = [m for m in services.outcomes.measured(repo.name) if m.check and parse(m.at) >= since]
    verdicts = Counter(m.hypothesis for m in fresh if m.hypothesis is not None)
    if verdicts:
        lines.append("Hypotheses: " + ", ".join(f"{verdicts[v]} {v.value}" for v in HypothesisVerdict if verdicts[v]))
    lines += [_told(m) for m in fresh[:MOST_LINES]]
    unmeasured = numbers - {m.issue for m in services.outcomes.measured(repo.name) if m.issue is not None}
    if unmeasured:
        lines.append("Not measured yet: " + ", ".join(f"#{n}" for n in sorted(unmeasured)))
    return tuple(lines)


def _work(services: Services, repo: RepoSettings, numbers: set[int]) -> str:
    """How many of the issues merged, and what became of the others."""
    merged = {s.issue for s in services.outcomes.shipped(repo.name)} & numbers
    ends: Counter[str] = Counter()
    for number in numbers - merged:
        tasks = considering.tasks_of(services, repo, number)
        ends[_end(tasks[-1][0]) if tasks else "not begun"] += 1
    # Where outcomes are not attributed nothing tells of merges but the mailbox.
    ends["merged"] += len(merged)
    told = ", ".join(f"{n} {end}" for end, n in sorted(ends.items()) if n)
    return f"Of {len(numbers)} issues: {told or 'none was begun'}"


def _end(folder: Folder) -> str:
    match folder:
        case Folder.DONE:
            return "merged"
        case Folder.BLOCKED | Folder.ESCALATED | Folder.FAILED | Folder.CORRUPT:
            return "failed"
        case _:
            return "at work"


def _told(one: Measured) -> str:
    moved = "" if one.movement is None else f" {one.movement:+.1%}"
    share = "" if one.share >= 1 else f" (share {one.share:.2f})"
    verdict = f", hypothesis {one.hypothesis.value}" if one.hypothesis else ""
    return f"#{one.issue or one.pull} {one.check}: {one.interpretation.value}{moved}{share}{verdict}"


def _planned(plan: Plan) -> list[str]:
    lines = [f"Focus: {plan.focus}"] if plan.focus else []
    for item in plan.items:
        if item.issue not in plan.promoted:
            continue
        hoped = item.hypothesis
        expects = f" Expects {hoped.metric} {hoped.expected.value} by {hoped.size:.0%} or more." if hoped else ""
        lines.append(f"#{item.issue} {_line(item.title)}: {_line(item.rationale)}{expects}")
    lines += [f"Left out: #{one.issue} {_line(one.why)}" for one in plan.left_out if one.issue in _wanted(plan)]
    return lines[:MOST_LINES]


def _wanted(plan: Plan) -> set[int]:
    return {i.issue for i in plan.items}


def _areas(services: Services, repo: RepoSettings) -> tuple[str, ...]:
    plans = [p for p in services.plans.of(repo.key) if p.state is PlanState.APPLIED][:5]
    worked = Counter(i.direction for p in plans for i in p.items if i.issue in p.promoted)
    credit = attribute.credit(services.outcomes.measured(repo.name)) if repo.outcome_attribution.enabled else {}
    directions = sorted(worked, key=lambda d: (-worked[d], d))
    return policy.areas([(_line(d), credit[d].mean if d in credit else None) for d in directions])


def _line(text: str) -> str:
    """One line of Markdown that opens nothing: no heading, no comment, no mark of ours."""
    return " ".join(text.replace("<!--", "").replace("-->", "").split())[:300]


def _repositorys(services: Services, repo: RepoSettings) -> str:
    """The base branch's own text, empty when it has none."""
    repository = services.repository(repo)
    repository.fetch(max_age=600)
    tip = repository.head(repository.default_branch())
    data = repository.read(tip, FILE) if tip else None
    return data.decode("utf-8", "surrogateescape") if data else ""


def _kept(services: Services, repo: RepoSettings) -> str | None:
    try:
        return file(services, repo).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _keep(services: Services, repo: RepoSettings, text: str, theirs: str) -> None:
    path = file(services, repo)
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, text.encode("utf-8", "surrogateescape"))
    _note(services, repo, theirs)


def _note(services: Services, repo: RepoSettings, theirs: str) -> None:
    disk.replace(_basis(services, repo), (_digest(theirs) + "\n").encode())


def _based_on(services: Services, repo: RepoSettings) -> str:
    try:
        return _basis(services, repo).read_text().strip()
    except FileNotFoundError:
        return ""


def _basis(services: Services, repo: RepoSettings) -> Path:
    """Beside it: the digest of the repository's own text that it goes on from."""
    return file(services, repo).with_suffix(".basis")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _commits(services: Services, repo: RepoSettings) -> bool:
    return repo.memory is MemoryMode.COMMIT and propose.ours_to_merge(services, repo)


def _commit(services: Services, repo: RepoSettings, plan: Plan, text: str) -> None:
    """Onto the base, with what stands there when it lands; refused, it stays in runtime until the next sprint."""
    repository = services.repository(repo)
    for _ in range(TRIES):
        repository.fetch()
        base = repository.default_branch(ask=True)
        tip = repository.head(base)
        if tip is None:
            return
        data = repository.read(tip, FILE)
        theirs = data.decode("utf-8", "surrogateescape") if data else ""
        if plan.id in policy.ids(theirs):
            return
        new = text if _based_on(services, repo) == _digest(theirs) else policy.carried(theirs, text)
        message = services.redact(f"Sprint {plan.at[:10]} in {FILE}")
        content = new.encode("utf-8", "surrogateescape")
        sha = repository.write_file_commit(tip, FILE, content, message, parse(plan.at))
        if isinstance(repository.push_base(base, sha, expect=tip), Pushed):
            _keep(services, repo, new, new)
            services.record(EventKind.EFFECT, repo=repo.name, effect=f"strategy:{TaskId(plan.id)}", sha=sha)
            return
