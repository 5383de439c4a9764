"""Evidence that an issue cites has to exist: each id is looked up where its kind of fact is kept.

The kinds, all of them recorded facts that a person can look at:

- `ledger:<seq>`              an event of the ledger
- `run:<task>/<n>/<started>`  one agent run of metrics/agent_stats.jsonl, by its key
- `task:<id>`                 a task of the mailbox
- `outcome:<task>/<check>`    a measurement of metrics/outcome_attribution.jsonl
- `finding:<id>`              a finding of the scorer that is not out of date
- `cadence:<job>/<subject>`   when a job was due
- `issue:<owner/name>#<n>`    an issue of a managed repository
- `commit:<sha>`              a commit of the draft's repository
- `file:<sha>:<path>`         a file in one of its commits
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from orchestrator.github import issues
from orchestrator.mailbox.box import Unreadable
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.settings import RepoSettings
from orchestrator.services import Services
from orchestrator.state.findings import Findings
from orchestrator.state.runs import Runs

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LEDGER = re.compile(r"ledger:([1-9][0-9]{0,14})")
_ISSUE = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)#([1-9]\d{0,8})")


def missing(services: Services, repo: RepoSettings, ids: Sequence[str]) -> tuple[str, ...]:
    """The ids that name nothing, in order; those of unknown kinds too. Raises CorruptState, and what git and GitHub
    raise when they cannot be asked."""
    seqs = {id: seq for id in ids if (seq := _seq(id))}
    recorded = _recorded(services, set(seqs.values()))
    return tuple(
        id for id in ids if not (seqs[id] in recorded if id in seqs else _there(services, repo, id))
    )  # fmt: skip


def _there(services: Services, repo: RepoSettings, id: str) -> bool:
    kind, _, rest = id.partition(":")
    look = _LOOKS.get(kind)
    return look is not None and bool(rest) and look(services, repo, rest)


def _seq(id: str) -> int:
    """The number of a ledger event; 0 for any other id."""
    found = _LEDGER.fullmatch(id)
    return int(found[1]) if found else 0


def _recorded(services: Services, wanted: set[int]) -> set[int]:
    """Which of these events the ledger has, in one pass over what lies between the first and the last of them."""
    if not wanted:
        return set()
    found: set[int] = set()
    last, one_chain = max(wanted), len(services.ledger.chains()) < 2
    for record in services.ledger.read(min(wanted) - 1):
        if record.seq in wanted:
            found.add(record.seq)
        if found == wanted or (one_chain and record.seq >= last):
            break
    return found


def _run(services: Services, repo: RepoSettings, rest: str) -> bool:
    return Runs(runtime=services.settings.runtime).has(rest)


def _task(services: Services, repo: RepoSettings, rest: str) -> bool:
    try:
        return services.mailbox.find(TaskId(rest)) is not None
    except Unreadable:
        return True  # its file is there, and broken: that too is a fact


def _outcome(services: Services, repo: RepoSettings, rest: str) -> bool:
    task, _, check = rest.partition("/")
    found = (m for r in services.settings.repos for m in services.outcomes.measured(r.name))
    return any(m.task == task and m.check == check for m in found)


def _finding(services: Services, repo: RepoSettings, rest: str) -> bool:
    return any(f.id == rest for f in Findings(runtime=services.settings.runtime).read(services.now()))


def _cadence(services: Services, repo: RepoSettings, rest: str) -> bool:
    job, _, subject = rest.partition("/")
    return services.cadence.next_due(job, subject) is not None


def _issue(services: Services, repo: RepoSettings, rest: str) -> bool:
    found = _ISSUE.fullmatch(rest)
    managed = services.settings.repo(found[1]) if found else None
    if found is None or managed is None:
        return False
    ref = (RepoName(managed.name), int(found[2]))
    return ref in issues.state_of(services.github, [ref])


def _commit(services: Services, repo: RepoSettings, rest: str) -> bool:
    if _SHA.fullmatch(rest) is None:
        return False
    repository = services.repository(repo)
    if not (repository.path / "HEAD").exists() or not repository.has(rest):
        repository.fetch()
    return repository.has(rest)


def _file(services: Services, repo: RepoSettings, rest: str) -> bool:
    sha, _, path = rest.partition(":")
    if not _commit(services, repo, sha):
        return False
    try:
        return services.repository(repo).read(sha, path) is not None
    except ValueError:  # no path inside a tree
        return False


Look = Callable[[Services, RepoSettings, str], bool]
_LOOKS: dict[str, Look] = {
    "run": _run,
    "task": _task,
    "outcome": _outcome,
    "finding": _finding,
    "cadence": _cadence,
    "issue": _issue,
    "commit": _commit,
    "file": _file,
}
