"""When somebody else than the best known agent goes first, so that nobody is judged by the past alone.

Two ways, both decided by recorded facts and the task's id, never by chance: the same facts give the same choice. A
tenth of the new tasks, by a hash of their ids, goes to the agent that is known least in this type of task, once there
is enough known of the one it is compared with. And an agent that clear evidence put back gets one probe after twenty
tasks of the others, so that a mended one is found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from orchestrator.policy.health import Known, Run

SHARE = 10
"""Per cent of new tasks."""
SETTLED = 5
"""Runs of this type that the first agent must have had in a week: before that there is nothing to compare with."""
PROBE_AFTER = 20
"""Tasks that others worked on since it did."""


def chosen(task: str) -> bool:
    """Is this one of the tasks that are explored with? A tenth of all ids."""
    return int.from_bytes(hashlib.sha256(task.encode("utf-8", "replace")).digest()[:8], "big") % 100 < SHARE


def least_known(task: str, order: Sequence[tuple[str, str]], known: Mapping[str, Known]) -> str:
    """The agent to explore with, empty for none. `order`: as `health.ranked` answers; who is put back is not explored
    with."""
    ahead = [name for name, by in order if not by]
    if not ahead or not chosen(task) or known.get(ahead[0], Known()).runs < SETTLED:
        return ""
    least = min(ahead, key=lambda name: known.get(name, Known()).runs)
    return least if least != ahead[0] else ""


def probed(order: Sequence[tuple[str, str]], since: Mapping[str, int], running: Iterable[str]) -> str:
    """The agent that was put back and is asked once more, empty for none. `since`: tasks of the others since its last
    run. One that runs just now is being probed already."""
    busy = frozenset(running)
    back = [name for name, by in order if by and since.get(name, 0) >= PROBE_AFTER and name not in busy]
    return max(back, key=lambda name: since[name], default="")


def tasks_since(agent: str, runs: Mapping[str, Sequence[Run]], now: datetime) -> int:
    """How many tasks others have worked on since this agent's last run; 0 when none of its runs is known."""
    last = max((r.at for r in runs.get(agent, ()) if r.at <= now), default=None)
    if last is None:
        return 0
    return len({r.task for name, theirs in runs.items() if name != agent for r in theirs if last < r.at <= now})
