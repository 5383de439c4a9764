"""Settings: configuration and objectives as forms and as text; earlier versions to go back to."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused, objective_form, settings_edit, settings_form
from orchestrator.operations.settings_edit import CONFIG, OBJECTIVE, Invalid, Saved
from orchestrator.web.page import Answer, Asked, Crumb, Given, Order, Page, Shown


def form(asked: Asked) -> Shown:
    file = settings_edit.show(asked.services, CONFIG)
    groups: tuple[settings_form.Group, ...] = ()
    problem = ""
    try:
        groups = settings_form.form(asked.services)
    except OrderRefused as why:  # not readable: the text says where
        problem = str(why)
    values = {"file": file, "groups": groups, "problem": problem, "files": _files(asked)}
    return Shown(template="settings.html", title="Settings", crumbs=(Crumb(words="Settings"),), values=values)


def text(asked: Asked) -> Shown:
    file = settings_edit.show(asked.services, asked.path["file"])
    values = {"file": file, "files": _files(asked), "rows": max(12, min(40, file.text.count("\n") + 2))}
    crumbs = (Crumb(words="Settings", href="/settings"), Crumb(words=file.title))
    return Shown(template="settings_text.html", title=file.title, crumbs=crumbs, values=values)


def objective(asked: Asked) -> Shown:
    repo = asked.path["repo"]
    file = settings_edit.show(asked.services, OBJECTIVE + repo)
    found, problem = None, ""
    try:
        found = objective_form.form(asked.services, repo)
    except Invalid as why:  # not readable: the text says where
        problem = "\n".join(map(str, file.problems)) or str(why)
    values = {"file": file, "files": _files(asked), "form": found, "problem": problem, "repo": repo}
    crumbs = (Crumb(words="Settings", href="/settings"), Crumb(words=file.title))
    return Shown(template="objective_form.html", title=file.title, crumbs=crumbs, values=values)


def save_objective(given: Given) -> Answer:
    saved = objective_form.save(
        given.services,
        given["repo"],
        given.fields,
        metric=given["metric"],
        base=given["base"],
        person=given.person,
    )
    return _saved(saved)


def add_metric(given: Given) -> Answer:
    return _saved(
        objective_form.add(given.services, given["repo"], given.fields, base=given["base"], person=given.person)
    )


def remove_metric(given: Given) -> Answer:
    return _saved(
        objective_form.remove(given.services, given["repo"], given["metric"], base=given["base"], person=given.person)
    )


def save_form(given: Given) -> Answer:
    group = next((g for g in settings_form.form(given.services) if g.id == given["group"]), None)
    if group is None:
        raise OrderRefused("the form has no such part any more; load the page again")
    values = {field.id: given[field.name] for field in group.fields if field.name in given.fields}
    return _saved(settings_form.save(given.services, values, base=given["base"], person=given.person))


def save_text(given: Given) -> Answer:
    return _saved(
        settings_edit.save(given.services, given["file"], given["text"], base=given["base"], person=given.person)
    )


def undo(given: Given) -> Answer:
    version = given["version"]
    if version and not (version.isascii() and version.isdigit() and len(version) < 8):
        raise OrderRefused("no such version")
    return _saved(
        settings_edit.undo(
            given.services,
            given["file"],
            base=given["base"],
            person=given.person,
            version=int(version) if version else None,
        )
    )


def _saved(saved: Saved) -> Answer:
    if saved.version is None and not saved.changed:
        return Answer(text="Nothing was changed.")
    what = ", ".join(saved.changed[:6]) or "comments"
    return Answer(text="\n".join((f"Written: {what}. Undo is below.", *(f"warning: {w}" for w in saved.warnings))))


def _files(asked: Asked) -> list[tuple[str, str, str]]:
    """(name, words, address) of each; an objective's form comes before its text."""
    return [
        (name, "Configuration as text", f"/settings/{name}")
        if name == CONFIG
        else (name, name.replace("-", " of ", 1).capitalize(), f"/objectives/{name.removeprefix(OBJECTIVE)}/edit")
        for name in settings_edit.names(asked.services)
    ]


PAGES = (
    Page(name="settings", path="/settings", show=form, nav="Settings"),
    Page(name="settings-text", path="/settings/{file}", show=text, section="settings"),
    Page(name="objective-form", path="/objectives/{repo}/edit", show=objective, section="settings"),
)
ORDERS = (
    Order(name="settings-form", right=Right.ORDER, run=save_form, fields=("group", "base", *settings_form.NAMES)),
    Order(name="objective-form", right=Right.ORDER, run=save_objective,
          fields=("repo", "base", "metric", *objective_form.WHOLE, *objective_form.METRIC)),
    Order(name="objective-add", right=Right.ORDER, run=add_metric,
          fields=("repo", "base", "id", "primary_outcome", *objective_form.METRIC)),
    Order(name="objective-remove", right=Right.ORDER, run=remove_metric, fields=("repo", "base", "metric")),
    Order(name="settings-text", right=Right.ORDER, run=save_text, fields=("file", "base", "text")),
    Order(name="settings-undo", right=Right.ORDER, run=undo, fields=("file", "base", "version")),
)  # fmt: skip
