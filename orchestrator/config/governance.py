"""The gate's and the reviewer's rules of one repository, from the three levels of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from orchestrator.config import hosts
from orchestrator.config.agents import Roster
from orchestrator.config.level import Level
from orchestrator.config.placed import Notes
from orchestrator.config.schema_shared import Gate
from orchestrator.model.governance import ApprovalMode, BannedPattern, GateRules, ReviewRules, Risk
from orchestrator.yamlread.problems import near

_PLAIN = ("max_files", "max_lines", "max_module_lines", "module_lines", "base_tests", "test_report")
_GLOBS = ("protected_paths", "unprotected_paths", "test_paths")


def gate(level: Level, notes: Notes) -> GateRules:
    """Key by key, the innermost wins; `banned` is checked to be an expression that google-re2 takes."""
    tree, where = notes.block("gate", level.places)
    try:
        said = msgspec.convert(tree, Gate)
    except msgspec.ValidationError:  # told by the check of the whole file already
        return GateRules()
    values = {n: v for n in _PLAIN if (v := getattr(said, n)) is not None}
    values |= {n: tuple(v) for n in _GLOBS if (v := getattr(said, n)) is not None}
    for name in _GLOBS:
        for n, glob in enumerate(values.get(name, ())):
            if glob.startswith("!"):  # as in .gitignore; here it would be the begin of a name, and match nothing
                notes.bad((*where[name], n), "a glob without `!`; `unprotected_paths` takes paths out", glob)
    if said.static is not None:
        values["static"] = tuple((name, command.strip()) for name, command in said.static.items())
    banned = []
    for n, rule in enumerate(said.banned or ()):
        if why := _unfit(rule.pattern):
            notes.bad(
                (*where["banned"], n, "pattern"), f"a regular expression that google-re2 takes ({why})", rule.pattern
            )
        banned.append(
            BannedPattern(pattern=rule.pattern, reason=rule.reason, hint=rule.hint or "", paths=tuple(rule.paths or ()))
        )
    report = values.get("test_report", "")
    if report.startswith("/") or ".." in report.split("/"):
        notes.bad(where["test_report"], "a path inside of the checkout", report)
    return GateRules(banned=tuple(banned), **values)


def review(level: Level, roster: Roster, notes: Notes) -> ReviewRules:
    names = {"mode": "review", "minutes": "review_minutes", "usd": "review_usd", "label": "approval_label"}
    values = {field: v for field, key in names.items() if (v := level.find(key)[0]) is not None}
    agents, at = level.find("reviewers")
    if agents is not None:
        values["agents"] = roster.check(at, agents)
    said, at = level.find("approval")
    approval = dict(ReviewRules().approval)
    choice = [risk.value for risk in Risk]
    for key, mode in (said or {}).items():
        if key not in choice:
            notes.bad((*at, key), f"one of {', '.join(choice)} as key{near(key, choice)}", key)
        else:
            approval[Risk(key)] = ApprovalMode(mode)
    return ReviewRules(approval=tuple(approval.items()), **values)


def readable(level: Level, *, base: Path, env: Mapping[str, str], notes: Notes) -> tuple[str, ...]:
    said, at = level.find("readable")
    return tuple(
        str(hosts.expand(path, base=base, env=env, at=(*at, n), notes=notes)) for n, path in enumerate(said or ())
    )


def _unfit(pattern: str) -> str:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        return str(error.args[0].decode() if isinstance(error.args[0], bytes) else error)
    return ""
