"""What the repository tells an agent: its goal, strategy and memory, from the base branch, never from the work."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.agents import contract
from orchestrator.git import Repository
from orchestrator.model import cutting
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.task import Task, TaskType
from orchestrator.pipeline import lessons
from orchestrator.pipeline.prompt import LIMITS, Context
from orchestrator.policy import feedback, guarding, sections
from orchestrator.policy.guarding import Rules
from orchestrator.services import Services
from orchestrator.state.artifacts import Artifacts, fingerprint

_GOAL = re.compile(r"^##\s+Goal\s*$(.*?)(?=^##?\s|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_STRATEGIC = (TaskType.ARCHITECTURE, TaskType.RESEARCH, TaskType.CONTENT, TaskType.DESIGN)
PAGES = ("README.md", "STRATEGY.md", "PLANNING_PRINCIPLES.md", "CODEBASE.md")
_README = 64_000
"""Bytes that a goal is looked for in."""
_PAGE = 8_000
"""Bytes that are looked at of the other pages, CODEBASE.md apart: several times what a prompt has room for."""


def gather(services: Services, task: Task, repo: RepoSettings, conflicts: tuple[str, ...]) -> Context:
    """Every text is chosen to its size before anything is done with it; what is left out is named."""
    repository = services.repository(repo)
    left_out: list[str] = []
    found = repository.read_all(task.base_sha, PAGES) if task.base_sha else (None,) * len(PAGES)
    pages = dict(zip(PAGES, found, strict=True))
    readme = _text(pages, "README.md", left_out, _README)
    goal = _GOAL.search(readme)
    # The planner's own page is newer than the repository's, which it began from.
    if (ours := Artifacts(runtime=services.settings.runtime).page(repo.key, "STRATEGY.md")) is not None:
        pages["STRATEGY.md"] = ours
    memory = services.memory.recall(
        repo.key,
        (pages["CODEBASE.md"] or b"").decode("utf-8", "replace"),
        LIMITS["Repository memory"],
        visible=sections.visible,
    )
    return Context(
        product_goal=goal[1] if goal else cutting.head(readme, LIMITS["Product goal"]),
        strategy=_text(pages, "STRATEGY.md", left_out),
        principles=_text(pages, "PLANNING_PRINCIPLES.md", left_out),
        feedback=_feedback(services, repo) if strategic(task) else "",
        research=_research(services, repo) if strategic(task) else "",
        memory=memory.text,
        lessons=lessons.for_prompt(services, repo),
        contract=contract.render_template(),
        diff=_diff(repository, task),
        conflicts=conflicts,
        left_out=(*left_out, *memory.left_out),
    )


def strategic(task: Task) -> bool:
    """Work that what production says should steer: strategic by its type or label, or measured by an outcome."""
    told = bool(task.config_snapshot and task.config_snapshot.get("strategic"))
    return told or task.type in _STRATEGIC or bool(task.outcome_checks)


def _feedback(services: Services, repo: RepoSettings) -> str:
    """Of what the planning roles read last, the entries that weigh now."""
    block = repo.production_feedback
    return _quoted(services, repo, block.artifact_file, block, guarding.rules(block), LIMITS["Production feedback"])


def _research(services: Services, repo: RepoSettings) -> str:
    block = repo.planning_research
    if not block.enabled:
        return ""
    rules = guarding.research_rules(block)
    return _quoted(services, repo, block.artifact_file, block, rules, LIMITS["Planning research"])


def _quoted(services: Services, repo: RepoSettings, file: str, block: object, rules: Rules, most: int) -> str:
    """Nothing when it was read by another configuration: a source that was taken out says nothing any more."""
    known = Artifacts(runtime=services.settings.runtime).read(repo.key, file)
    if known is None or known.block != fingerprint(block) or repo.automation_mode is AutomationMode.DISPATCHER_ONLY:
        return ""
    return feedback.quoted(guarding.judged(known.kept, rules, services.now()), most)


def _diff(repository: Repository, task: Task) -> str:
    """The patch of the earlier attempts, so that the next one sees what there is without running git."""
    head = task.candidate_sha or task.pushed_sha
    if head is None or task.base_sha is None or not repository.has(head):
        return ""
    return repository.patch(task.base_sha, head)


def _text(pages: Mapping[str, bytes | None], path: str, left_out: list[str], most: int = _PAGE) -> str:
    data = pages[path]
    if data is None:
        return ""
    if len(data) > most:
        left_out.append(f"{len(data) - most} bytes at the end of {path}")
    return sections.visible(cutting.head(data[: most + 4].decode("utf-8", "replace"), most))
