"""What a proof is: a named run that prints figures and says whether they hold.

A proof compares side by side in one run, is seeded, and prints its seed. Milliseconds are reported; ratios and counts
decide. `holds` is false as soon as anything was skipped or could not be proven.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Figures = dict[str, object]


@dataclass
class Report:
    """Filled by a running proof."""

    figures: Figures = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    """What does not hold, in words."""
    skipped: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)

    def hold(self, name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
        """Records a figure together with its bound; a figure outside it fails the proof."""
        self.figures[name] = round(value, 3)
        if at_most is not None:
            self.figures[f"{name}_at_most"] = at_most
            if value > at_most:
                self.failures.append(f"{name} is {value}, allowed {at_most}")
        if at_least is not None:
            self.figures[f"{name}_at_least"] = at_least
            if value < at_least:
                self.failures.append(f"{name} is {value}, wanted {at_least}")

    @property
    def holds(self) -> bool:
        return not (self.failures or self.skipped or self.not_proven)


Proof = Callable[[Report], None]


def run(name: str, proof: Proof) -> tuple[bool, str]:
    """(holds, the one JSON line). A proof that crashes does not hold, and says why."""
    report = Report()
    began = time.monotonic()
    try:
        proof(report)
    except Exception as error:  # noqa: BLE001 - a crash is an answer here: the proof does not hold
        report.failures.append(f"{type(error).__name__}: {error}")
    line = {
        "proof": name,
        "holds": report.holds,
        "figures": report.figures,
        "skipped": report.skipped,
        "not_proven": report.not_proven,
        "seconds": round(time.monotonic() - began, 1),
    }
    if report.failures:
        line["failures"] = report.failures
    return report.holds, json.dumps(line, ensure_ascii=False)
