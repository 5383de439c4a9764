"""The escalation note: what was tried, and the place for a person's answer (sections of the seed, ORIGIN 4.7)."""

from __future__ import annotations

from orchestrator.model.task import Task


def write(task: Task) -> str:
    last = task.attempts[-1] if task.attempts else None
    models = ", ".join(dict.fromkeys(a.agent for a in task.attempts)) or "none"

    def bullets(items: tuple[str, ...]) -> str:
        return "\n".join(f"- {' '.join(i.split())}" for i in items) or "- None"

    def gathered(name: str) -> tuple[str, ...]:
        found = [item for a in task.attempts for item in getattr(a, name)]
        return tuple(dict.fromkeys(found))

    parts = [
        ("Parent Task ID", task.parent or task.id),
        ("Branch", task.branch),
        ("Repo", task.repo),
        ("Task Type", task.type.value),
        ("Models Tried", models),
        ("Final Status", last.status.value if last and last.status else "none"),
        ("Blocker Code", task.reason.partition(":")[0]),
        ("Summary", f"{task.reason.partition(': ')[2]}\n\n{last.summary if last else ''}".strip()),
        ("Original Task", f"{task.title}\n\n{task.url}".strip()),
        ("Found By The Gate", bullets(last.findings if last else ())),
        ("Completed", bullets(gathered("done"))),
        ("Blockers", bullets(gathered("blockers"))),
        ("Next Suggested Step", last.next_step if last and last.next_step else "None"),
        ("Files Changed", bullets(gathered("files_changed"))),
        ("Tests Run", bullets(gathered("tests_run"))),
        ("Decisions", bullets(gathered("decisions"))),
        ("Risks", bullets(gathered("risks"))),
        ("Attempted Approaches", bullets(gathered("attempted_approaches"))),
    ]
    # Agents' words may not pose as a section of the note: an answer is only what a person adds below.
    text = "\n\n".join(f"## {name}\n\n{_plain(value)}" for name, value in parts)
    return (
        f"# Escalation Note\n\n{text}\n\n---\n\n"
        "To answer, add a section `## Retry Decision` below with `action: retry`, `action: reroute` and\n"
        "`agent: NAME`, or `action: stop`, and a `reason:`. Or move the task file to inbox/.\n"
    )


def _plain(text: str) -> str:
    return "\n".join(f"\\{line}" if line.lstrip().startswith("#") else line for line in text.splitlines())
