"""Settings: the configuration as a form and as text, the objectives as text; earlier versions to go back to."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused, settings_edit, settings_form
from orchestrator.operations.settings_edit import CONFIG, Saved
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


def _files(asked: Asked) -> list[tuple[str, str]]:
    return [
        (name, name if name == CONFIG else name.replace("-", " ", 1)) for name in settings_edit.names(asked.services)
    ]


PAGES = (
    Page(name="settings", path="/settings", show=form, nav="Settings"),
    Page(name="settings-text", path="/settings/{file}", show=text, section="settings"),
)
ORDERS = (
    Order(name="settings-form", right=Right.ORDER, run=save_form, fields=("group", "base", *settings_form.NAMES)),
    Order(name="settings-text", right=Right.ORDER, run=save_text, fields=("file", "base", "text")),
    Order(name="settings-undo", right=Right.ORDER, run=undo, fields=("file", "base", "version")),
)  # fmt: skip
