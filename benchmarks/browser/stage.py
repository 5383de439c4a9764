"""A world with work in every state, and the page before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator import wiring
from orchestrator.cli import ticking
from orchestrator.web.desk import Desk
from orchestrator.web.guard import Guard
from orchestrator.web.serving import Web
from tests.journeys.world import World, says, works

STEPS = [
    {"say": "I read calc.py and its tests. The function has no counterpart for subtraction."},
    {"run": "ls"},
    {"usage": {"input": 18200, "output": 950, "cost": 0.21}},
]


def world(tmp: Path, **more: Any) -> World:
    """One task blocked, one in review that waits for a person, one that waits for a worker, one on hold, one pending
    plan of two issues."""
    tmp.mkdir(exist_ok=True)
    made = World(
        tmp,
        **{
            "approval": {"low": "human", "medium": "human"},
            "plan_approval": "required",
            "plan_size": 3,
            "planner_agents": ["anna"],
            "groomer_cadence_days": 0,
            **more,
        },
    )
    blocked = says("blocked", "missing_credentials", blockers=["STRIPE_KEY is not set on this machine"])
    made.play(
        {"when": {"title": "Stripe"}, "steps": [{"say": "Stripe wants a key that is not here."}, *blocked]},
        {"when": {"kind": "ask"}, "steps": [{"answer": {"promote": [], "rationales": [], "focus": ""}}]},
        {"steps": [*STEPS, *works("subtract.py", "def subtract(a, b):\n    return a - b\n")]},
    )
    made.issue("Subtract numbers as well as add them")
    made.issue("Charge customers through Stripe")
    made.round()
    made.ci()
    made.monitor()
    for title in ("Tell what a rounding did", "Add numbers of any size", "Write the first page of a manual"):
        made.issue(title, ready=False)
    ticking.once(made.services, "planner")
    made.issue("Speed up the nightly import")
    made.issue("Let the report be sent by mail")
    made.dispatch()
    return made


def desk(made: World) -> Desk:
    file = made.tmp / "config.yaml"

    def build() -> Any:
        return wiring.build(wiring.settings(file, made.tmp, made.env), made.env, kind="operator", id="ada")

    return Desk(build, person="ada")


def web(made: World, *, guarded: bool = True, guard: Guard | None = None) -> Web:
    return Web(desk(made), port=0, guarded=guarded, guard=guard)
