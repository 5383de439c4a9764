"""A repository's objective as a form: what is wanted, and each metric with weight, direction, evidence and window.

Each change is made in its place, so that comments stay; the loader judges the whole before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.config import objective as objective_file
from orchestrator.model.objective import Direction, Metric, Objective
from orchestrator.operations import OrderRefused, settings_edit
from orchestrator.operations.settings_edit import OBJECTIVE, Invalid, Saved
from orchestrator.operations.settings_form import Field, Kind
from orchestrator.services import Services
from orchestrator.yamlread import edit, entries, lines
from orchestrator.yamlread.edit import CannotEdit
from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, ConfigError

WHOLE = ("primary_outcome", "evaluation_window_days")
METRIC = ("name", "weight", "direction", "source", "check", "window")
"""Fields of one metric; `source` and `check` are a path or an https address."""
_WINDOW = "measurement_window_days"
_HELP = {
    "primary_outcome": "What the business wants, in one sentence; the planner reads it.",
    "evaluation_window_days": "Days for which a snapshot counts.",
    "name": "For people.",
    "weight": "Its share of the score; all together count as 1.",
    "direction": "Which way is better.",
    "source": "What is read for planning: a path (relative ones start at the repository) or an https address.",
    "check": "What is read after a merge; empty: merged work is not measured by it.",
    "window": "Days after a merge, before its outcome is measured.",
}
_LABEL = {
    "primary_outcome": "What is wanted",
    "evaluation_window_days": "Days of a snapshot",
    "name": "Name",
    "weight": "Weight",
    "direction": "Better is",
    "source": "Evidence for planning",
    "check": "Evidence after a merge",
    "window": "Days until it is measured",
}


@dataclass(frozen=True, kw_only=True)
class MetricForm:
    id: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class ObjectiveForm:
    file: str
    whole: tuple[Field, ...]
    metrics: tuple[MetricForm, ...]
    fresh: tuple[Field, ...]
    """Of a metric that is to be added, its id first."""


def form(services: Services, repo: str) -> ObjectiveForm:
    """Raises OrderRefused for an unknown repository; Invalid for a file that cannot be used: its text is to be mended
    first."""
    file = OBJECTIVE + repo
    text, hash = settings_edit.raw(services, file)
    objective = _objective(repo, text) if hash else None
    document = lines.read(text, "text") if objective else None
    days = objective.window_days if objective else Objective.window_days
    fresh = {"name": "as the id", "weight": "1", "direction": Direction.INCREASE.value, "window": f"{days:g}"}
    return ObjectiveForm(
        file=file,
        whole=tuple(_field(name, _said(document, (name,)), _holds(objective, name)) for name in WHOLE),
        metrics=tuple(
            MetricForm(id=m.id, title=m.name, fields=_fields(document, n, m, objective))
            for n, m in enumerate(objective.metrics if objective else ())
        ),
        fresh=(
            Field(id="id", name="id", label="Id", kind=Kind.TEXT,
                  help="What snapshots and issues call it: letters, digits, - _ and dots."),
            *(_field(name, "", fresh.get(name, "")) for name in METRIC),
        ),
    )  # fmt: skip


def save(
    services: Services, repo: str, values: Mapping[str, str], *, metric: str = "", base: str, person: str
) -> Saved:
    """Changes the fields of the metric, or without one those of the whole, whose value is another than the file's; an
    empty one takes the key away. Raises Invalid, OrderRefused."""
    file = OBJECTIVE + repo
    text, _ = settings_edit.raw(services, file)
    objective = _objective(repo, text)
    at: At = ("metrics", _number(objective, metric)) if metric else ()
    for name in METRIC if metric else WHOLE:
        if name not in values or (name == "window" and not values.get("check", "-").strip()):
            continue  # without evidence after a merge there is no window either
        said, value = _at(lines.read(text, "text"), at, name), " ".join(values[name].split())
        if value not in (" ".join(said.split()), " ".join(str(services.redact(said)).split())):
            text = _tried(_changed, text, at, name, value)
    return settings_edit.save_raw(services, file, text, base=base, person=person)


def add(services: Services, repo: str, values: Mapping[str, str], *, base: str, person: str) -> Saved:
    """One metric more; where there is no objective yet, a first one with `primary_outcome`. Raises Invalid,
    OrderRefused."""
    file = OBJECTIVE + repo
    text, hash = settings_edit.raw(services, file)
    entry = _entry({name: " ".join(value.split()) for name, value in values.items()})
    if hash:
        _objective(repo, text)
        text = _tried(entries.appended, text, ("metrics",), entry)
    else:
        wanted = edit.scalar(" ".join(values.get("primary_outcome", "").split()))
        text = "\n".join((f"primary_outcome: {wanted}", "metrics:", *(f"  {x}" for x in entries.block(entry)), ""))
    return settings_edit.save_raw(services, file, text, base=base, person=person)


def remove(services: Services, repo: str, metric: str, *, base: str, person: str) -> Saved:
    """Raises Invalid, OrderRefused: also for the last one, without which there is no objective."""
    file = OBJECTIVE + repo
    text, _ = settings_edit.raw(services, file)
    objective = _objective(repo, text)
    at = ("metrics", _number(objective, metric))
    if len(objective.metrics) == 1:
        raise OrderRefused(f"{metric} is the only metric; an objective has at least one. Add another one first")
    return settings_edit.save_raw(services, file, _tried(entries.removed, text, at), base=base, person=person)


def _objective(repo: str, text: str) -> Objective:
    try:
        return objective_file.load(Path(f"{repo}.yaml"), repo=repo, env=os.environ, text=text)
    except ConfigError as why:
        raise Invalid(why.problems) from None


def _number(objective: Objective, metric: str) -> int:
    found = next((n for n, m in enumerate(objective.metrics) if m.id == metric.casefold()), None)
    if found is None:
        raise OrderRefused(f"there is no metric {metric!r} any more; load the page again")
    return found


def _fields(document: Document | None, n: int, metric: Metric, objective: Objective | None) -> tuple[Field, ...]:
    days = metric.outcome_check.window_days if metric.outcome_check else objective.window_days if objective else None
    holds = {"name": metric.id, "weight": f"{metric.weight:g}", "direction": metric.direction.value,
             "window": f"{days:g}" if days is not None else ""}  # fmt: skip
    return tuple(_field(name, _at(document, ("metrics", n), name), holds.get(name, "")) for name in METRIC)


def _field(name: str, said: str, holds: str) -> Field:
    choice = name == "direction"
    number = name in ("weight", "window", "evaluation_window_days")
    return Field(
        id=name,
        name=name,
        label=_LABEL[name],
        help=_HELP[name],
        kind=Kind.CHOICE if choice else Kind.NUMBER if number else Kind.TEXT,
        choices=tuple(d.value for d in Direction) if choice else (),
        said=said,
        holds=holds,
    )


def _holds(objective: Objective | None, name: str) -> str:
    if name == "primary_outcome":
        return objective.primary_outcome if objective else ""
    return f"{objective.window_days if objective else Objective.window_days:g}"


def _at(document: Document | None, at: At, name: str) -> str:
    """What the file says of a field of the form."""
    if name == "window":
        return _said(document, (*at, "outcome_check", _WINDOW))
    if name not in ("source", "check"):
        return _said(document, (*at, name))
    at = (*at, "outcome_check" if name == "check" else name)
    found = document.get(at) if document else None
    if isinstance(found, dict):
        return _said(document, (*at, "url")) or _said(document, (*at, "path"))
    return _said(document, at)


def _said(document: Document | None, at: At) -> str:
    value = document.get(at) if document else None
    if value is None or isinstance(value, dict | list):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _changed(text: str, at: At, name: str, value: str) -> str:
    match name:
        case "window":
            return _window(text, (*at, "outcome_check"), value)
        case "source" | "check":
            return _place(text, (*at, "outcome_check" if name == "check" else name), value)
    return edit.edited(text, (*at, name), _source(name, value) if value else None)


def _place(text: str, at: At, value: str) -> str:
    """A path or an address, in the form that the file has for it."""
    if not value or not isinstance(lines.read(text, "text").get(at), dict):
        return edit.edited(text, at, edit.scalar(value) if value else None)
    web = value.lower().startswith(("https://", "http://"))
    right, wrong = ("url", "path") if web else ("path", "url")
    text = edit.edited(text, (*at, "type"), "web" if web else "file")
    return edit.edited(edit.edited(text, (*at, wrong), None), (*at, right), edit.scalar(value))


def _window(text: str, at: At, value: str) -> str:
    place = lines.read(text, "text").get(at)
    if place is None and value:
        raise OrderRefused("a metric that is measured after merges needs the evidence that is read then")
    if isinstance(place, str) and value:
        return edit.edited(text, at, entries.flow(_check(place) | {_WINDOW: lines.plain(value)}))
    return text if not isinstance(place, dict) else edit.edited(
        text, (*at, _WINDOW), _source("window", value) if value else None
    )  # fmt: skip


def _check(place: str) -> dict[str, Any]:
    web = place.lower().startswith(("https://", "http://"))
    return {"type": "web", "url": place} if web else {"type": "file", "path": place}


def _source(name: str, value: str) -> str:
    """YAML of a value; what is no number where one is wanted is judged by the loader, at its line."""
    number = name in ("weight", "window", "evaluation_window_days") and not isinstance(lines.plain(value), str)
    return value if number else edit.scalar(value)


def _entry(values: Mapping[str, str]) -> dict[str, Any]:
    """A metric as the file says it."""
    if not values.get("id"):
        raise OrderRefused("a metric needs an id: what snapshots and issues call it")
    entry: dict[str, Any] = {"id": values["id"]}
    entry |= {name: values[name] for name in ("name", "direction", "source") if values.get(name)}
    if values.get("weight"):
        entry["weight"] = lines.plain(values["weight"])
    if check := values.get("check"):
        days = values.get("window", "")
        entry["outcome_check"] = _check(check) | {_WINDOW: lines.plain(days)} if days else check
    elif values.get("window"):
        raise OrderRefused("a metric that is measured after merges needs the evidence that is read then")
    order = ("id", "name", "weight", "direction", "source", "outcome_check")
    return {name: entry[name] for name in order if name in entry}


def _tried(change: Any, *args: Any) -> str:
    try:
        return str(change(*args))
    except CannotEdit as why:
        raise OrderRefused(str(why)) from None
    except ConfigError as why:
        raise Invalid(why.problems) from None
