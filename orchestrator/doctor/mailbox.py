"""The tasks' files: readable, each once, and nothing beside them."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, named, ok, warn
from orchestrator.mailbox.box import Mailbox
from orchestrator.model.task import Folder


def look(given: Given) -> Iterator[Finding]:
    box = Mailbox(root=given.runtime / "mailbox", locks=given.runtime / "state" / "locks")
    seen = box.survey()
    clean = True
    for each in seen.corrupt:
        clean = False
        yield warn(
            f"{each.folder.value}/{each.id}.md cannot be read: {each.why}",
            "correct the file; else it goes to corrupt/ at the next tick",
            each.id,
        )
    for id in box.ids(Folder.CORRUPT):
        clean = False
        yield warn(
            f"corrupt/{id}.md was set aside", f"see corrupt/{id}.reason, correct the file, move it to inbox/", id
        )
    for twin in seen.duplicates:
        clean = False
        where = named([f.value for f in twin.folders])
        yield warn(f"it stands in {where}", "remove the copy that you did not mean", twin.id)
    if seen.ignored:
        clean = False
        yield warn(f"no task files: {named(seen.ignored)}", "move them out of runtime/mailbox")
    if clean:
        yield ok(f"tasks: {len(seen.entries)}, all readable")


CHECK = Check(name="mailbox", why="A task that cannot be read is worked on by nobody.", look=look, quick=True)
