"""How a run is confined: bubblewrap, else Landlock, else not at all. Knows no agent; told what it needs, it wraps it.

with egress.serve(rules, inside=level is Level.BUBBLEWRAP) as way_out:
    box = sandbox.box(level, wish, way_out.control)
    with contextlib.closing(box):
        process.stream(box.wrap(argv), pass_fds=box.pass_fds, started=box.meter.begin, interrupt=box.interrupt, ...)
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.model.confinement import Level, Probe, Sandbox
from orchestrator.sandbox import boxes, remembered
from orchestrator.sandbox.boxes import Box
from orchestrator.sandbox.wish import Wish

__all__ = ["Box", "Wish", "box", "choose", "probe"]


def box(level: Level, wish: Wish, control: int = -1) -> Box:
    """The box for one run. `control`: the egress's descriptor that the launcher hands its listeners to; -1 = none."""
    match level:
        case Level.BUBBLEWRAP:
            return boxes.bubblewrapped(wish, control)
        case Level.LANDLOCK:
            return boxes.landlocked(wish)
        case Level.NONE:
            return boxes.none(wish)


def probe(kept: Path | None = None) -> tuple[Probe, ...]:
    """The live self-test of every level, best first; NONE always holds. `kept`: a file that remembers the answer for
    this boot and these programs, so that it is not asked before every run."""
    return remembered.probes(kept)


def choose(wanted: Sandbox, probes: tuple[Probe, ...]) -> Level | None:
    """The best level that holds here; None where `required` and none does."""
    if wanted is Sandbox.OFF:
        return Level.NONE
    best = next((p.level for p in probes if p.holds), Level.NONE)
    return None if wanted is Sandbox.REQUIRED and best is Level.NONE else best
