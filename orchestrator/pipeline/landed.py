"""After a merge of ours: the base branch is watched, and what grew too large is noted for a follow-up issue.

A merge can turn the base red though its head was green: something else landed in between, or a check runs on the base
only. Then a revert is proposed (`auto_revert`) or a person told; the revert itself is merged by a person.
"""

from __future__ import annotations

from datetime import timedelta

from orchestrator import notify
from orchestrator.gate import paths
from orchestrator.git import Merged, Pushed, Repository
from orchestrator.github import commits, pulls
from orchestrator.github.errors import Invalid, NotFound
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import CheckState
from orchestrator.model.settings import AutomationMode, Checks, RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy import ci_words
from orchestrator.services import Services
from orchestrator.state.grown import Grown, Growth
from orchestrator.state.watched import Landing

APPEAR = timedelta(minutes=30)
"""A base branch whose checks have not begun by then has none."""
WATCHED = timedelta(hours=24)
MOST = 5
"""Files noted of one merge."""


def begin(services: Services, task: Task) -> None:
    """After the merge was compared: its base is watched, unless the repository has no CI. Safe to repeat."""
    repo = services.repo(task)
    if task.merge_sha is None or repo.checks is Checks.NONE:
        return
    landing = Landing(
        sha=task.merge_sha, repo=task.repo, task=task.id, base=task.base, pull=task.pull_request or 0,
        title=task.title, at=stamp(services.now()),
    )  # fmt: skip
    services.landings.add(landing)


def watch(services: Services, landing: Landing) -> None:
    """Looks at what landed lately, until nothing more is to be seen of it."""
    repo = services.settings.repo(landing.repo)
    if repo is None or _over(services, repo, landing):
        services.landings.drop(landing.sha)


def _over(services: Services, repo: RepoSettings, landing: Landing) -> bool:
    age = services.now() - parse(landing.at)
    try:
        state = commits.state(services.github, repo.name, Sha(landing.sha))
    except (NotFound, Invalid):  # the repository or the commit is not there: not yet, or not any more
        state = None
    if state is CheckState.RED:
        _red(services, repo, landing)
        return True
    return state is CheckState.GREEN or age > (WATCHED if state is CheckState.PENDING else APPEAR)


def _red(services: Services, repo: RepoSettings, landing: Landing) -> None:
    repository = services.repository(repo)
    repository.fetch()
    before = repository.parent(Sha(landing.sha))
    if before is not None and commits.state(services.github, repo.name, before) is CheckState.RED:
        return  # it was red before us; whoever made it so was told then
    ours = repo.auto_revert and repo.automation_mode is AutomationMode.FULL
    opened = _revert(services, repo, repository, landing, before) if ours and before else 0
    services.record(
        EventKind.REVERTED, repo=repo.name, task_id=landing.task, sha=landing.sha, pull=landing.pull, revert=opened
    )
    what = f"Pull request #{opened} takes it back." if opened else "Nothing was reverted."
    text = services.redact(f"{landing.base} of {repo.name} is red since #{landing.pull} landed. {what}")
    action = f"merge #{opened}, or mend {landing.base}" if opened else f"mend {landing.base}, or revert #{landing.pull}"
    notify.alert(
        services,
        Alert(kind=AlertKind.SYSTEM, subject=f"red:{repo.name}", state=landing.sha, text=text, action=action),
    )


def _revert(services: Services, repo: RepoSettings, repository: Repository, landing: Landing, before: Sha) -> int:
    """The pull request that takes the merge back on top of today's base; 0 where that conflicts or is refused."""
    tip, tree = repository.head(landing.base), repository.tree_of(before)
    if tip is None or tree is None:
        return 0
    at = parse(landing.at)
    undone = repository.commit_tree(tree, (Sha(landing.sha),), "undone", at)
    merged = repository.merge_tree(tip, undone)
    if not isinstance(merged, Merged) or merged.tree == repository.tree_of(tip):  # somebody took it back already
        return 0
    title = services.redact(f'Revert "{services.redact.head(ci_words.title(landing.title), 180)}"')
    message = services.redact(f"{title}\n\nThis reverts commit {landing.sha}, after which {landing.base} went red.")
    head = repository.commit(f"{landing.task}-revert", merged.tree, (tip,), message, at)
    branch = f"agent/{landing.task}-revert"
    if not isinstance(repository.push(branch, head, expect=repository.remote_head(branch)), Pushed):
        return 0
    body = services.redact(
        f"`{landing.base}` went red after #{landing.pull} landed.\n\nThis reverts commit {landing.sha}. A person "
        f"merges it, or closes it and mends the branch.\n\nTask: `{landing.task}`"
    )
    return pulls.open(services.github, repo.name, branch, landing.base, title, body).number


def oversized(services: Services, task: Task) -> None:
    """Notes each source file that this merge brought above `gate.module_lines`, for `planning.oversized` to file. Safe
    to repeat."""
    repo = services.repo(task)
    limit = repo.gate.module_lines
    if not limit or task.merge_sha is None or repo.automation_mode is not AutomationMode.FULL:
        return
    repository = services.repository(repo)
    before, tree = repository.parent(task.merge_sha), repository.tree_of(task.merge_sha)
    if before is None or tree is None:
        return
    grown = []
    for change in repository.changes(before, tree):
        if change.status not in "AM" or not paths.is_handwritten(change.path):
            continue
        lines = _lines(repository, task.merge_sha, change.path)
        if lines > limit >= _lines(repository, before, change.path):
            grown.append((change.path, lines))
    noted = Grown(root=services.settings.runtime / "state")
    for path, lines in grown[:MOST]:
        growth = Growth(
            path=path, lines=lines, limit=limit, sha=task.merge_sha, task=task.id, pull=task.pull_request or 0
        )
        noted.add(repo.key, growth, services.now())


def _lines(repository: Repository, ref: str, path: str) -> int:
    """Lines of a text file; 0 of anything else."""
    data = repository.read(ref, path)
    return 0 if data is None or b"\0" in data[:8000] else len(data.splitlines())
