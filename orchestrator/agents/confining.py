"""How a repository's runs are confined on this machine."""

from __future__ import annotations

from pathlib import Path

from orchestrator import sandbox
from orchestrator.agents.running import Confinement
from orchestrator.model.confinement import Sandbox
from orchestrator.model.settings import RepoSettings
from orchestrator.sandbox import egress

PROBED = "sandbox.json"
"""Under runtime/state: what the self-test of the sandbox showed."""


def confinement(repo: RepoSettings, runtime: Path, *, readable: tuple[Path, ...] = ()) -> Confinement | str:
    """The best confinement that holds here, or why no agent may run where one is required."""
    if repo.sandbox is Sandbox.OFF:
        return Confinement()
    probes = sandbox.probe(runtime / "state" / PROBED)
    level = sandbox.choose(repo.sandbox, probes)
    if level is None:
        why = "; ".join(f"{p.level.value}: {p.why}" for p in probes if not p.holds)
        return f"sandbox: required, and this machine holds none ({why}); `agent-os sandbox test` says more"
    return Confinement(
        level=level,
        egress=True,
        hosts=(*egress.REGISTRIES, *repo.hosts),
        readable=(*readable, *map(Path, repo.readable)),
    )
