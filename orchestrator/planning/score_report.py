"""`metrics_report.md`: the scorer's week for people, readable with `cat`."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.model.findings import AgentScore, Finding, Week

_HEAD = ("success", "tasks", "failed", "merged", "USD", "USD per merge", "stopped most by")


def text(week: Week, *, runs: int, unread: int) -> str:
    """`runs`: agent runs of the window; `unread`: lines of the metrics that could not be read."""
    rule = f"Below {week.threshold:.0%} success, with four tasks or more, an agent is degraded."
    parts = [
        "# Agents, the last seven days",
        f"Written {week.generated_at}: {runs} runs in {week.window_days:g} days. {rule}",
    ]
    if not week.whole:
        parts.append("The metrics were rotated away within the window: its first days are missing here.")
    if unread:
        parts.append(f"{unread} lines of the metrics could not be read.")
    parts.append(_findings(week.findings))
    if not week.scores:
        return "\n\n".join([*parts, "No agent ran."]) + "\n"
    tables = (
        ("All work", ("agent",), [s for s in week.scores if not s.repo and not s.type]),
        ("By repository", ("agent", "repository"), [s for s in week.scores if s.repo]),
        ("By type of task", ("agent", "type"), [s for s in week.scores if s.type]),
    )
    parts += [f"## {title}\n\n{_table(names, scores)}" for title, names, scores in tables]
    return "\n\n".join(parts) + "\n"


def _findings(found: Iterable[Finding]) -> str:
    lines = [f"- {f.summary}. Cause: {f.cause.value}. `{f.id}`" for f in found]
    return "## Findings\n\n" + ("\n".join(lines) or "None.")


def _table(names: tuple[str, ...], scores: Iterable[AgentScore]) -> str:
    rows = [[*names, *_HEAD]]
    for s in scores:
        where = [s.agent, *([s.repo or s.type] if len(names) > 1 else [])]
        each = "" if s.usd_per_merged is None else f"{s.usd_per_merged:.2f}"
        usd = "unknown" if s.usd is None else f"{s.usd:.2f}" + ("+" if s.unpriced else "")
        stopped = f"{s.blocker} ({s.blocked})" if s.blocker else ""
        rows.append([*where, f"{s.rate:.0%}", str(s.tasks), str(s.failures), str(s.merged), usd, each, stopped])
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    rows.insert(1, ["-" * w for w in widths])
    return "\n".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |" for row in rows)
