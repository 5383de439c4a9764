"""A changed GitHub workflow is one: YAML that can be read, with jobs that GitHub would run.

GitHub shows a broken workflow as no checks at all, which looks like a repository without CI.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.gate import yaml_tree
from orchestrator.gate.base import TEXTS, failed, listed, passed, unjudged
from orchestrator.gate.yaml_tree import Broken, Node
from orchestrator.model.gate import Evidence, Finding
from orchestrator.model.globs import matches

name = "workflows"
stage = TEXTS
version = 1

_PLACES = (".github/workflows/*.yml", ".github/workflows/*.yaml")
_KEYS = ("name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs")


def check(evidence: Evidence) -> Finding:
    touched = [c.path for c in evidence.changes if c.status != "D" and matches(c.path, _PLACES)]
    if not touched:
        return passed(name)
    if (unknown := unjudged(name, evidence)) is not None:
        return unknown
    texts = {f.path: f.after for f in evidence.files or ()}
    found = [f"{path!r}: {problem}" for path in touched for problem in _problems(texts.get(path))]
    return failed(name, f"Mend the workflow: {listed(found)}") if found else passed(name)


def _problems(text: str | None) -> list[str]:
    if text is None:
        return ["it is no text"]
    try:
        tree = yaml_tree.read(text)
    except Broken as broken:
        return [str(broken)]
    return list(_workflow(tree))


def _workflow(tree: Node) -> Iterator[str]:
    if not isinstance(tree, dict):
        yield "it is no mapping with `on` and `jobs`"
        return
    for key in tree:
        if key not in _KEYS:
            yield f"GitHub knows no key {key[:80]!r} at the top"
    if not tree.get("on"):
        yield "`on` is missing: nothing would start it"
    jobs = tree.get("jobs")
    if not isinstance(jobs, dict) or not jobs:
        yield "`jobs` is missing or empty"
        return
    for id, job in jobs.items():
        for problem in _job(job, jobs):
            yield f"job {id[:80]!r}: {problem}"


def _job(job: Node, jobs: dict[str, Node]) -> Iterator[str]:
    if not isinstance(job, dict):
        yield "it is no mapping"
        return
    needs = job.get("needs") or []
    for other in needs if isinstance(needs, list) else [needs]:
        if not isinstance(other, str) or other not in jobs:
            yield f"`needs` names {str(other)[:80]!r}, which is no job of this file"
    if "uses" in job:
        if not isinstance(job["uses"], str) or "steps" in job or "runs-on" in job:
            yield "`uses` names one workflow, and has no `steps` or `runs-on` beside it"
        return
    if not job.get("runs-on"):
        yield "`runs-on` is missing"
    steps = job.get("steps")
    if not isinstance(steps, list) or not steps:
        yield "`steps` is missing or empty"
        return
    for n, step in enumerate(steps, 1):
        if not isinstance(step, dict) or ("uses" in step) == ("run" in step):
            yield f"step {n} has neither or both of `run` and `uses`"
