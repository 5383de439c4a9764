"""How agent runs are confined here, tried now."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok, warn
from orchestrator.model.confinement import Level, Sandbox

MEND = "apt-get install bubblewrap; then `agent-os sandbox test`, and docs/sandbox.md for AppArmor"


def look(given: Given) -> Iterator[Finding]:
    probes = given.machine.probe()
    best = next((p for p in probes if p.holds), None)
    level = best.level if best is not None else Level.NONE
    why = "; ".join(f"{p.level.value}: {p.why}" for p in probes if not p.holds)
    if level is Level.NONE:
        yield (fail if given.loaded is None or _wanted(given) else warn)(f"no confinement holds here ({why})", MEND)
    elif level is Level.LANDLOCK:
        yield warn(f"only Landlock holds, which leaves processes and memory unconfined ({why})", MEND)
    else:
        yield ok(f"{level.value} holds")
    for repo in given.loaded.repos if given.loaded is not None else ():
        if repo.sandbox is Sandbox.OFF:
            yield warn("its agents run unconfined, as configured", "sandbox: prefer", repo.key)


def _wanted(given: Given) -> bool:
    return any(repo.sandbox is not Sandbox.OFF for repo in given.settings.repos)


CHECK = Check(
    name="sandbox",
    why="An agent runs what strangers' text may have told it to run.",
    look=look,
)
