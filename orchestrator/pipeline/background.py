"""What the repository tells an agent: its goal, strategy and memory, from the base branch, never from the work."""

from __future__ import annotations

import re

from orchestrator.agents import contract
from orchestrator.git import Repository
from orchestrator.model.names import Sha
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.pipeline import lessons
from orchestrator.pipeline.prompt import LIMITS, Context
from orchestrator.policy import sections
from orchestrator.services import Services

_GOAL = re.compile(r"^##\s+Goal\s*$(.*?)(?=^##?\s|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def gather(services: Services, task: Task, repo: RepoSettings, conflicts: tuple[str, ...]) -> Context:
    repository = services.repository(repo)
    base = task.base_sha
    codebase = _text(repository, base, "CODEBASE.md")
    readme = _text(repository, base, "README.md")
    goal = _GOAL.search(readme)
    return Context(
        product_goal=(goal[1] if goal else readme)[: LIMITS["Product goal"]],
        strategy=_text(repository, base, "STRATEGY.md")[: LIMITS["Strategy"]],
        principles=_text(repository, base, "PLANNING_PRINCIPLES.md")[: LIMITS["Planning principles"]],
        memory=services.memory.for_prompt(repo.key, codebase, LIMITS["Repository memory"]),
        lessons=lessons.for_prompt(services, repo),
        contract=contract.render_template(),
        diff=_diff(repository, task),
        conflicts=conflicts,
    )


def _diff(repository: Repository, task: Task) -> str:
    """The patch of the earlier attempts, so that the next one sees what there is without running git."""
    head = task.candidate_sha or task.pushed_sha
    if head is None or task.base_sha is None or not repository.has(head):
        return ""
    return repository.patch(task.base_sha, head)


def _text(repository: Repository, base: Sha | None, path: str) -> str:
    if base is None:
        return ""
    data = repository.read(base, path)
    return sections.visible(data.decode("utf-8", "replace")) if data else ""
