"""The demo with real agent programs as its engineers: from the issue to the merge, the stub as model."""

from __future__ import annotations

from benchmarks.proof import Report
from orchestrator import sandbox
from orchestrator.model.confinement import Level
from tests.contract.agents import demo
from tests.contract.agents.install import CannotInstall
from tests.contract.agents.scenarios import FIRST


def prove(report: Report) -> None:
    if not any(p.holds for p in sandbox.probe() if p.level is Level.BUBBLEWRAP):
        report.not_proven.append("the agents ran without a sandbox: this machine cannot hold bubblewrap")
    ended: dict[str, str] = {}
    for name in FIRST:
        try:
            told = demo.run(name)
        except CannotInstall as why:
            report.not_proven.append(str(why))
            continue
        merged = [i for i in told["issues"] if i["outcome"] == "merged"]
        ended[name] = f"{len(merged)} merged, {told['requests_to_the_model']} model requests, {told['seconds']} s"
        if told["exit"] or not merged:
            report.failures.append(f"{name}: {'; '.join(told.get('differences', [])[:3]) or told['stderr'][-300:]}")
        if told["keys_seen"] != [demo.KEY]:
            report.failures.append(f"{name}: its provider saw {len(told['keys_seen'])} keys, one is the user's")
    report.hold("programs", len(ended), at_least=len(FIRST))
    report.figures["ended"] = ended
