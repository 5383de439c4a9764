"""What each program has to be understood as saying in each scenario of the model stub."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.agents import AGENTS
from orchestrator.model.result import FailureClass as Class

FIRST = ("claude", "codex", "gemini", "opencode")
"""Run through every scenario."""
OTHERS = ("qwen", "copilot", "grok", "kimi", "cline", "aider", "mini-swe-agent")
THIN = ("ok", "401", "429", "hang")
"""What the others run through."""
TOLD = 3600
"""Seconds until the quota returns, where the provider tells."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One column of the table."""

    name: str
    url: str
    """As the stub reads it."""
    expected: Class
    reset: bool = False
    """The provider told when the quota returns: the outcome has to know it."""
    artefact: bool = False
    """The run leaves hello.txt and a valid result file."""
    then: str = ""
    """A second run goes on with the first one's session in this scenario, and is the one that is judged; the first ends
    with a quota."""
    ask: bool = False
    """A question of the control plane instead of work."""
    silence: float = 60
    wall: float = 150


def _refused(name: str, expected: Class, url: str = "", *, reset: bool = False) -> Scenario:
    return Scenario(name=name, url=url or name, expected=expected, reset=reset)


SCENARIOS: dict[str, Scenario] = {
    s.name: s
    for s in (
        Scenario(name="ok", url="ok", expected=Class.NONE, artefact=True),
        _refused("401", Class.AUTH),
        _refused("403", Class.AUTH),
        _refused("404", Class.MISCONFIGURED),
        _refused("429", Class.QUOTA),
        _refused("429-told", Class.QUOTA, f"429~ra={TOLD}", reset=True),
        # It gets over one short refusal by itself, or ends with a quota; both are right, see `Cell.judge`.
        _refused("429-once", Class.NONE, "429~n=1~ra=1"),
        _refused("500", Class.SERVER),
        _refused("503", Class.SERVER),
        _refused("529", Class.SERVER),
        _refused("sserr", Class.SERVER),
        _refused("drop", Class.NETWORK),
        Scenario(name="hang", url="hang", expected=Class.NO_OUTPUT, silence=60, wall=120),
        _refused("ctx", Class.CONTEXT_OVERFLOW),
        # A run that only talked ended well; that there is no result file is seen by whoever reads the contract.
        Scenario(name="text", url="text", expected=Class.NONE),
        Scenario(name="toolfail", url="toolfail", expected=Class.NONE),
        _refused("credit", Class.QUOTA),
        # As Anthropic says it in the field; for the other formats the same as "credit".
        _refused("oldcredit", Class.QUOTA),
        _refused("usagelimit", Class.QUOTA, f"usagelimit~reset={TOLD}", reset=True),
        Scenario(name="ask", url="json", expected=Class.NONE, ask=True),
        Scenario(
            name="resume", url=f"ok~steps=2~quota_after=1~reset={TOLD}", then="ok~steps=2", expected=Class.NONE,
            artefact=True,
        ),
    )
}  # fmt: skip
NOT_RECORDED = ("ask", "resume")
"""Of these the reply and the second run are of interest, not the lines."""


def of(name: str) -> tuple[Scenario, ...]:
    """What one program is run through: `ask` and `resume` where its adapter says that it can."""
    can = AGENTS[name].capabilities
    wanted = tuple(SCENARIOS) if name in FIRST else (*THIN, *NOT_RECORDED)
    able = {"ask": can.json_ask, "resume": can.resume}
    return tuple(SCENARIOS[n] for n in wanted if able.get(n, True))


def recorded(name: str) -> tuple[Scenario, ...]:
    return tuple(s for s in of(name) if s.name not in NOT_RECORDED)
