"""The commands. Each is one call of an operation; what comes back is plain text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestrator import operations, telegram
from orchestrator.bot import words
from orchestrator.github.errors import Unavailable
from orchestrator.model.chat import CHOICES, ActionKind, Button, Keyboard, Offer, Update
from orchestrator.model.operators import Right
from orchestrator.model.plan import Plan, PlanState
from orchestrator.operations import OrderRefused, cards, explain, filing, people, plans, steer, switch
from orchestrator.services import Services
from orchestrator.state.actions import Actions

LATE = timedelta(minutes=15)
ALWAYS = frozenset({"off", "stop"})
"""What ends something is carried out however late it is heard."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    text: str
    keyboard: Keyboard = ()


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One command as it was given."""

    rest: str
    """What stands behind its name."""
    person: str
    cause: str
    """Names the update: what it makes is made once."""
    again: bool
    """It was begun before, by a process that died: it may have happened."""


@dataclass(frozen=True, kw_only=True)
class Command:
    right: Right
    usage: str
    says: str
    run: Callable[[Services, Ask], Reply]


def carry_out(services: Services, said: Update, person: str, *, again: bool) -> Reply:
    """Raises what the operations raise."""
    text = said.text.strip()
    if not text.startswith("/"):
        return Reply(text="I take orders, not conversation: /help" if said.private else "")
    if said.carried:
        return Reply(text="That is forwarded, so it is somebody else's text and no order of yours. Write it yourself.")
    first, rest = _two(text[1:])
    name, _, bot = first.casefold().partition("@")
    if bot and not said.private and bot != _mine(services):
        return Reply(text="")  # in a group with several bots: meant for another one
    command = COMMANDS.get(name)
    if command is None:
        return Reply(text=f"/{name[:30]} is none of my commands; /help lists them")
    people.require(services, person, command.right)
    if not again and _late(services, said) and command.right is not Right.SEE and name not in ALWAYS:
        at = datetime.fromtimestamp(said.written, UTC)
        return Reply(
            text=f"You wrote that at {at:%Y-%m-%d %H:%M} UTC and I hear it only now: write it again if it holds."
        )
    return command.run(services, Ask(rest=rest, person=person, cause=f"telegram-{said.id}", again=again))


def _late(services: Services, said: Update) -> bool:
    """Telegram keeps for a day what nobody fetched; an order of yesterday is not what its person wants today."""
    return said.written > 0 and services.now() - datetime.fromtimestamp(said.written, UTC) > LATE


def _mine(services: Services) -> str:
    """What this bot is called. Raises Unavailable while nobody tells: then the order comes again."""
    told = telegram.name(services.settings.telegram).casefold()
    if not told:
        raise Unavailable("Telegram does not say what this bot is called")
    return told


def _status(services: Services, ask: Ask) -> Reply:
    off = switch.switches(services).off
    return Reply(text=words.status(operations.status(services), [o.text for o in off], cards.home(services)))


def _tasks(services: Services, ask: Ask) -> Reply:
    return Reply(text=words.tasks(cards.home(services)))


def _plan(services: Services, ask: Ask) -> Reply:
    waiting = [p for p in plans.plans(services, ask.rest) if p.state is PlanState.PENDING]
    if waiting:
        return Reply(text=words.plan(waiting[0], more=len(waiting) - 1), keyboard=_buttons(services, waiting[0]))
    newest = plans.newest(services, ask.rest)
    return Reply(text=words.plan(newest[0]) if newest else "No plan was made yet.")


def _buttons(services: Services, plan: Plan) -> Keyboard:
    """The same action as that of the alert about it: pressed here or there, it is decided once."""
    subject = f"plan:{plan.id}"
    made = Actions(root=services.settings.runtime / "state").offer(
        Offer(kind=ActionKind.PLAN, target=plan.id),
        signature=f"plan|{subject}|pending",
        subject=subject,
        now=services.now(),
    )
    return (tuple(Button(text=text, data=made.data(choice)) for choice, text in CHOICES[made.kind]),)


def _on(services: Services, ask: Ask) -> Reply:
    return Reply(text=switch.turn(services, on=True, what=ask.rest, person=ask.person).text)


def _off(services: Services, ask: Ask) -> Reply:
    what, why = _two(ask.rest)
    turned = switch.turn(services, on=False, what=what, person=ask.person, why=why or "ordered in Telegram")
    return Reply(text=f"{turned.text}; so does /on {what}".rstrip())


def _stop(services: Services, ask: Ask) -> Reply:
    if not ask.rest:
        return _off(services, ask)
    id, why = _two(ask.rest)
    line = steer.stop(services, _id(services, id), person=ask.person, why=why)
    return Reply(text=f"{line.id} is being stopped; its work is kept, and a retry takes it up again")


def _task(services: Services, ask: Ask) -> Reply:
    repo, text = _addressed(services, ask.rest)
    filed = filing.file(services, repo, text, ask.person, cause=ask.cause)
    return Reply(text=f"{filed.text}\n{filed.title}\n{filed.url}")


def _addressed(services: Services, rest: str) -> tuple[str, str]:
    """`key: text` names the repository; anything else before a colon is part of the mission."""
    name, colon, text = rest.partition(":")
    found = services.settings.repo(name.strip()) if colon and " " not in name.strip() else None
    return (found.key, _unquoted(text)) if found is not None else ("", _unquoted(rest))


def _unquoted(text: str) -> str:
    """Quotes round the whole are how a mission is set off from the command, as in a shell; phones make curly ones."""
    text = text.strip()
    inner = text[1:-1]
    around = len(text) > 2 and text[0] + text[-1] in ('""', "“”", "„“", "''") and not set(inner) & {text[0], text[-1]}
    return inner.strip() if around else text


def _send(services: Services, ask: Ask) -> Reply:
    id, text = _two(ask.rest)
    if not text:
        raise OrderRefused("say to whom and what: /send TASK TEXT")
    id = _id(services, id)
    if not (ask.again and _said_before(services, id, text, ask.person)):
        steer.send(services, id, text, person=ask.person)
    return Reply(text=f"{id} is told, now or when its next agent begins")


def _said_before(services: Services, id: str, text: str, person: str) -> bool:
    """Whoever was killed over this very update had put the message there already."""
    same = (person, str(services.redact(text.strip())))
    return any((o.by, o.text) == same for o in (*services.orders.pending(id), *services.orders.heard(id)))


def _explain(services: Services, ask: Ask) -> Reply:
    if not ask.rest:
        raise OrderRefused("say what to explain: /explain TASK, or /explain owner/name#N")
    return Reply(text=words.explained(explain.explain(services, _id(services, ask.rest.split()[0]))))


def _two(text: str) -> tuple[str, str]:
    """The first word, and the rest; also where a line ends after the first word."""
    parts = text.split(maxsplit=1)
    return (parts[0] if parts else ""), (parts[1].strip() if len(parts) > 1 else "")


def _id(services: Services, said: str) -> str:
    """A number alone is an issue of the only repository there is: on a phone every character counts."""
    number = said.lstrip("#")
    repos = services.settings.repos
    if not (number.isascii() and number.isdigit()) or len(repos) != 1:
        return said
    mine = [t.id for t in operations.tasks(services) if t.issue == int(number)]
    return mine[-1] if mine else f"{repos[0].name}#{number}"


def _help(services: Services, ask: Ask) -> Reply:
    lines = [f"{c.usage}: {c.says}" for name, c in COMMANDS.items() if name != "start"]
    return Reply(text="\n".join([*lines, "", f"You are {ask.person} here."]))


COMMANDS = {
    "status": Command(right=Right.SEE, usage="/status", says="what is going on", run=_status),
    "tasks": Command(right=Right.SEE, usage="/tasks", says="what is open, by who needs to act", run=_tasks),
    "plan": Command(right=Right.SEE, usage="/plan [REPO]", says="the sprint plan that waits, or the last", run=_plan),
    "task": Command(right=Right.ORDER, usage="/task [REPO:] TEXT", says="file an issue and set it Ready", run=_task),
    "send": Command(right=Right.ORDER, usage="/send TASK TEXT", says="tell a task's agent something", run=_send),
    "stop": Command(right=Right.ORDER, usage="/stop [TASK]", says="end a task; alone: everything, as /off", run=_stop),
    "off": Command(right=Right.ORDER, usage="/off [REPO or ROLE]", says="switch off, at once", run=_off),
    "on": Command(right=Right.ORDER, usage="/on [REPO or ROLE]", says="switch on again", run=_on),
    "explain": Command(
        right=Right.SEE, usage="/explain TASK", says="why it does not move, and what would", run=_explain
    ),
    "help": Command(right=Right.SEE, usage="/help", says="this", run=_help),
    "start": Command(right=Right.SEE, usage="/start", says="this", run=_help),
}
