"""The pager and the phone: each alert once over deaths, every hostile text whole, each order once, whatever fails.

`PROVE_SEED` chooses texts and faults. Deaths are SIGKILLs of a process of its own at the worst moment: Telegram has
taken the message, and the answer is not there yet.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.proof import Report
from orchestrator import notify, telegram, wiring
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public
from orchestrator.roles import bot
from orchestrator.services import Services
from tests.journeys.world import World
from tests.stubs.telegram import Telegram, clean, running

SEED = int(os.environ.get("PROVE_SEED", "20261126"))
HERE = Path(__file__).resolve().parents[2]
STRINGS = 1_000
ORDERS = 6
ODD = (
    "a_b*c[d](e`f", "<b>&amp;</b>", "\u202eevil\u2066x\u2069", "\x00\x01\x1b[31mred\x7f", "half \ud83d pair",
    "\udfff\ud83d", "@everyone",
    "👩‍👩‍👧‍👦🏳️‍🌈", "z̸̡͝a̸l̷g̴o̵", "שלום مرحبا", "\u200b\u200c\ufeff", "{{7*7}} ${x} %s %(a)s", "'; DROP TABLE x; --", "/off",
    "\r\n\r\n\t\v\f", "||spoiler|| ~~~ ```", "https://example.com/?a=1&b=_x_", "\U0010ffff\ue000", "𝒳" * 40, "ﷺ" * 30,
)  # fmt: skip


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    with installation() as (world, pager):
        alerts(report, world, pager, deaths=(2, 5, 8))
    with installation() as (world, pager):
        hostile(report, world, pager, STRINGS)
        long_texts(report, world, pager, 40)
        lost_answers(report, world, pager, 10)
    with installation() as (world, pager):
        orders(report, world, pager, ORDERS, deaths=(2, 4, 5))


@contextmanager
def installation() -> Iterator[tuple[World, Telegram]]:
    with tempfile.TemporaryDirectory() as tmp, running() as pager:
        world = World(Path(tmp), top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
        try:
            yield world, pager
        finally:
            world.close()


def alerts(report: Report, world: World, pager: Telegram, deaths: tuple[int, ...]) -> None:
    """Every kind of the table, raised again by every start; killed at these messages."""
    killed = dying(world, pager, "alerts", deaths)
    told = Counter(line for m in pager.messages for line in m.split("\n") if line.startswith("kind "))
    wrong = {k.value: n for k in AlertKind if (n := told[f"kind {k.value}"]) != 1}
    recorded = Counter(str(r.data["alert"]) for r in world.events(EventKind.ALERT))
    report.figures["kinds"] = len(AlertKind)
    report.hold("restarts_after_kill", killed, at_least=len(deaths))
    report.hold("kinds_not_told_exactly_once", len(wrong), at_most=0)
    report.hold("kinds_not_recorded_exactly_once", sum(recorded[k.value] != 1 for k in AlertKind), at_most=0)


def hostile(report: Report, world: World, pager: Telegram, number: int) -> None:
    """Each text is an alert of its own, under 429, 5xx and connections that break before anything was taken."""
    draw = random.Random(SEED)
    services, missing, tries, faults = world.services, 0, 0, Counter[str]()
    for n in range(number):
        before = len(pager.messages)
        body = services.redact(f"text {n}\n{odd(draw)}\nend {n}")
        faults[fault(draw, pager)] += 1
        told = Alert(kind=AlertKind.COMPLETED, subject=f"text:{n}", state="x", text=body, link="https://example.com/")
        notify.alert(services, told)
        while services.outbox.pending() and tries < number * 3:
            tries += 1
            notify.flush(services)
        wanted = body if len(body) <= notify.LONGEST else body[: notify.LONGEST - 1].rstrip()
        new = pager.messages[before:]
        missing += len(new) != 1 or clean(wanted) not in new[0]
    report.hold("hostile_texts", number, at_least=number)
    report.hold("hostile_texts_lost_changed_or_doubled", missing, at_most=0)
    report.figures["faults"] = dict(sorted(faults.items()))
    report.figures["flushed_again"] = tries


def long_texts(report: Report, world: World, pager: Telegram, number: int) -> None:
    """Texts of many messages: each piece within Telegram's limit, all of it there."""
    draw = random.Random(SEED + 1)
    wrong = 0
    for n in range(number):
        before = len(pager.messages)
        text = world.services.redact(f"text {n} " + " ".join(odd(draw) for _ in range(draw.randint(20, 200))))
        answer = telegram.send(world.settings.telegram, Public(text))
        came = "".join("".join(pager.messages[before:]).split())
        wrong += not isinstance(answer, telegram.Sent) or came != "".join(clean(text).split())
    report.hold("long_texts_not_whole", wrong, at_most=0)


def lost_answers(report: Report, world: World, pager: Telegram, number: int) -> None:
    """Telegram takes the message and the connection breaks: nobody can know, so it is sent again. A figure, no bound:
    the Bot API has no key by which it could tell the second from the first."""
    before, lost = len(pager.messages), 0
    for n in range(number):
        pager.cut = 1
        text = world.services.redact(f"answer {n} is lost")
        notify.alert(world.services, Alert(kind=AlertKind.SYSTEM, subject=f"cut:{n}", state="x", text=text))
        for _ in range(3):
            notify.flush(world.services)
        lost += not any(f"answer {n} is lost" in m for m in pager.messages)
    report.hold("lost_when_the_answer_is_lost", lost, at_most=0)
    report.figures["messages_when_10_answers_are_lost"] = len(pager.messages) - before


def orders(report: Report, world: World, pager: Telegram, number: int, deaths: tuple[int, ...]) -> None:
    """Messages to a task's agent, one after another; killed as these answers arrive, with faults in between."""
    draw = random.Random(SEED + 2)
    world.issue()
    world.dispatch()
    pager.messages.clear()
    pager.shown.clear()
    for n in range(number):
        pager.say(f"/send app-1 order {n} {draw.choice(ODD[:2])}")
        pager.say("/off", sender=666)
    pager.dropped = 1
    pager.broken = [0, 502]
    killed = dying(world, pager, "bot", deaths)
    put = Counter(o.text.split()[1] for o in world.services.orders.pending("app-1"))
    recorded = [r for r in world.events(EventKind.ORDER) if r.data["order"] == "send"]
    report.hold("bot_restarts_after_kill", killed, at_least=len(deaths))
    report.hold("orders_not_put_exactly_once", sum(put[str(n)] != 1 for n in range(number)), at_most=0)
    report.hold("orders_recorded", len(recorded), at_least=number, at_most=number)
    report.hold("orders_not_answered_exactly_once", abs(len(pager.messages) - number), at_most=0)
    report.hold("strangers_heard", len(world.services.switches.off()), at_most=0)


def dying(world: World, pager: Telegram, what: str, deaths: tuple[int, ...]) -> int:
    """Starts `what` again and again until it ends by itself twice; how often it was killed."""
    left, killed, ended = list(deaths), 0, 0
    child: subprocess.Popen[bytes] | None = None

    def at(number: int) -> None:
        if left and number >= left[0] and child is not None:
            left.pop(0)
            os.kill(child.pid, signal.SIGKILL)

    pager.on_message = at
    env = {**os.environ, **world.env, "PYTHONPATH": str(HERE)}
    while ended < 2:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.proofs.telegram", str(world.tmp), what], env=env, cwd=HERE
        )
        status = child.wait(timeout=120)
        killed += status == -signal.SIGKILL
        ended += status == 0
        if status not in (0, -signal.SIGKILL):
            raise RuntimeError(f"{what} ended with {status}")
    pager.on_message = None
    return killed


def fault(draw: random.Random, pager: Telegram) -> str:
    kind = draw.choice(("none", "none", "429", "5xx", "cut"))
    match kind:
        case "429":
            pager.limited = [draw.choice([0.01, 0.02, 3600])]
        case "5xx":
            pager.broken = [draw.choice([500, 502, 503])]
        case "cut":
            pager.dropped = 1
    return kind


def odd(draw: random.Random) -> str:
    parts = [draw.choice(ODD) for _ in range(draw.randint(1, 4))]
    if draw.random() < 0.05:
        parts.append(draw.choice(ODD) * draw.randint(100, 2_000))
    if draw.random() < 0.3:
        parts.append("".join(chr(draw.randrange(1, 0x10FFFF)) for _ in range(draw.randint(1, 60))))
    return draw.choice((" ", "\n", "")).join(parts)


def child(root: Path, what: str) -> None:
    """In a process of its own, which may be killed at any line."""
    settings = wiring.settings(root / "config.yaml", root, os.environ)
    services: Services = wiring.build(settings, os.environ, kind="test", id=what)
    if what == "bot":
        for _ in range(4):
            bot.tick(services, seconds=0)
        return
    for kind in AlertKind:
        text = services.redact(f"kind {kind.value}\nsome_file *and* [this")
        notify.alert(services, Alert(kind=kind, subject="all", state="x", text=text, link="https://example.com/"))
    notify.flush(services)


if __name__ == "__main__":
    child(Path(sys.argv[1]), sys.argv[2])
