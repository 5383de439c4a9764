"""The planning rhythm of one repository and when two of its issues are one, from the three levels of the file."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from orchestrator.config.agents import PLANNERS, Roster
from orchestrator.config.level import Level
from orchestrator.config.placed import Notes
from orchestrator.model.planning import Cadence, Similarity
from orchestrator.yamlread.problems import At, near

_PLAIN = (
    "plan_size", "sprint_cadence_days", "planner_allow_early_refresh", "plan_approval", "stale_issue_days",
    "new_issues_per_day",
)  # fmt: skip


def cadence(level: Level, roster: Roster, keys: Mapping[At, str], notes: Notes) -> Cadence:
    """`keys`: the key of every repository of the file."""
    values = level.said(_PLAIN)
    for name in ("sprint_cadence_days", "groomer_cadence_days"):
        days = level.find(name)[0]
        values[name] = max(0.0, values.get("sprint_cadence_days", 7.0) if days is None else days)
    planners, at = level.find("planner_agents")
    values["planner_agents"] = roster.order(PLANNERS) if planners is None else roster.check(at, planners)
    after, at = level.find("plan_after")
    choice = sorted(set(keys.values()))
    for n, key in enumerate(after or ()):
        if key not in choice:
            notes.bad(
                (*at, n), f"the key of a repository of this file{near(key, choice) or ': ' + ', '.join(choice)}", key
            )
    values["plan_after"] = tuple(after or ())
    return Cadence(**values)


def similarity(level: Level, notes: Notes) -> Similarity:
    tree, where = notes.block("similarity", level.places)
    try:
        found = msgspec.convert(tree, Similarity)
    except msgspec.ValidationError:  # told by the check of the whole file already
        return Similarity()
    if found.ask_from > found.threshold:
        notes.bad(
            where.get("ask_from") or where["threshold"],
            f"ask_from at most threshold, {found.threshold}",
            found.ask_from,
        )
    return found
