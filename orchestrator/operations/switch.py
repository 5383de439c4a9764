"""The kill switch: everything, one repository or one role, off and on at once.

Off means: no role ticks, nothing is claimed, dispatched, pushed, merged or asked of a model; a run under way is ended
within seconds, its work is kept, and it goes on from there when it is switched on again. People are still heard.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.operators import Right
from orchestrator.model.roles import NAMES
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, allow
from orchestrator.services import Services
from orchestrator.state.switches import Scope, Switch

MOST_WHY = 300
"""Characters of a reason; it stands in one line."""


@dataclass(frozen=True, kw_only=True)
class Off:
    """One thing that is switched off."""

    what: str
    """As `turn` takes it: empty = everything, else a repository's key or a role's name."""
    scope: str
    """all, repo or role."""
    by: str
    at: str
    why: str
    text: str
    """In words."""


@dataclass(frozen=True, kw_only=True)
class Switches:
    off: tuple[Off, ...] = ()
    """Empty: all is on."""

    @property
    def everything(self) -> bool:
        """All work is switched off."""
        return any(o.scope == Scope.ALL.value for o in self.off)


@dataclass(frozen=True, kw_only=True)
class Switched:
    on: bool
    """What was ordered."""
    changed: bool
    """False: it was so already."""
    text: str
    """What is so now, in words."""
    now: Switches
    """All that is off now."""


def switches(services: Services) -> Switches:
    """What is switched off."""
    return Switches(off=tuple(_shown(s) for s in services.switches.off()))


def turn(services: Services, *, on: bool, what: str = "", person: str, why: str = "") -> Switched:
    """Switches `what` on or off: empty = everything, a repository (key or owner/name), or a role. At once, also for
    runs under way. Raises OrderRefused for a name that is neither."""
    scope, name = _meant(services, what)
    why = str(services.redact.head(" ".join(why.split()), MOST_WHY))
    # Recorded first: an order without a record must not take effect.
    _order(services, person, scope, name, on=on, why=why)
    if on:
        changed = services.switches.take(scope, name)
    else:
        changed = services.switches.put(Switch(scope=scope, name=name, by=person, at=stamp(services.now()), why=why))
    return Switched(on=on, changed=changed, text=_text(services, scope, name, on=on), now=switches(services))


def _meant(services: Services, what: str) -> tuple[Scope, str]:
    if not what or what == Scope.ALL.value:
        return Scope.ALL, ""
    repo = services.settings.repo(what)
    if repo is not None:
        return Scope.REPO, repo.key
    if what in NAMES:
        return Scope.ROLE, what
    repos = ", ".join(r.key for r in services.settings.repos)
    raise OrderRefused(f"{what!r} is no repository ({repos}) and no role ({', '.join(NAMES)})")


def _order(services: Services, person: str, scope: Scope, name: str, *, on: bool, why: str) -> None:
    allow(services, person, Right.ORDER)
    repo = services.settings.repo(name) if scope is Scope.REPO else None
    data = {"order": "on" if on else "off", "what": name or "everything"} | ({"why": why} if why else {})
    actor = Actor(kind="person", id=person)
    services.ledger.write(Event(kind=EventKind.ORDER, actor=actor, repo=repo.name if repo else "", data=dict(data)))


def _text(services: Services, scope: Scope, name: str, *, on: bool) -> str:
    left = services.switches.off()
    if not on:
        mine = next((s for s in left if (s.scope, s.name) == (scope, name)), None)
        again = f"agent-os on {name}".strip()
        return f"{mine.words if mine else 'switched off'}; `{again}` switches it on again"
    what = {Scope.ALL: "everything", Scope.REPO: f"repository {name}", Scope.ROLE: f"role {name}"}[scope]
    still = "; still off: " + "; ".join(s.words for s in left) if left else ""
    return f"{what} is switched on{still}"


def _shown(switch: Switch) -> Off:
    return Off(
        what=switch.name, scope=switch.scope.value, by=switch.by, at=switch.at, why=switch.why, text=switch.words
    )
