"""What a person has switched off, and where we only look."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.model.settings import AutomationMode
from orchestrator.state.switches import Switches


def look(given: Given) -> Iterator[Finding]:
    off = Switches(root=given.runtime / "state").off()
    for switch in off:
        yield warn(switch.words, f"agent-os on {switch.name}".strip(), switch.name)
    watching = (
        [r.key for r in given.loaded.repos if r.automation_mode is AutomationMode.OBSERVE] if given.loaded else []
    )
    for key in watching:
        yield warn("it is only observed: nothing is done there", "agent-os mode full, once you agree", key)
    if not (off or watching):
        yield ok("everything is on")


CHECK = Check(name="switches", why="What is switched off stays so until a person switches it on.", look=look)
