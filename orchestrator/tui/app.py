"""`agent-os top`: the terminal screen. Reads and orders run in threads beside it; it only draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType

from orchestrator.github.errors import GitHubError
from orchestrator.model.errors import Told
from orchestrator.services import Services
from orchestrator.state.store import CorruptState
from orchestrator.tui import look, orders
from orchestrator.tui.dialogs import Ask, Help
from orchestrator.tui.orders import ORDERS, Order
from orchestrator.tui.pieces import Changed
from orchestrator.tui.screens import Main, Shows

_T = TypeVar("_T")

EVERY = 1.0
"""Seconds between two looks."""


class Top(App[None]):
    CSS_PATH = "top.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit"),
        Binding("question_mark", "help"),
        *(Binding(o.key, f"order('{o.name}')") for o in ORDERS),
    ]

    def __init__(self, services: Services, *, person: str, rows: int = 2, columns: int = 2) -> None:
        # The terminal's own sixteen colours; with NO_COLOR none at all.
        super().__init__(ansi_color=True)
        self._services, self._person, self._grid = services, person, (rows, columns)
        self._reads = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._gives = ThreadPoolExecutor(1, thread_name_prefix="order")
        self._looking = False

    def on_mount(self) -> None:
        self.push_screen(Main(self._services, *self._grid))
        self.set_interval(EVERY, self.look)
        self.call_after_refresh(self.look)

    def on_unmount(self) -> None:
        self._reads.shutdown(wait=False, cancel_futures=True)
        self._gives.shutdown(wait=True)  # an order that was given is carried out

    async def look(self) -> None:
        """One look at a time: a slow disk makes the screen old, never stuck."""
        shown = self.screen if isinstance(self.screen, Shows) else None
        if self._looking or shown is None:
            return
        self._looking = True
        try:
            over = getattr(shown, "view", "") == "history"
            seen = await self._read(partial(look.look, self._services, over=over))
            shown.put(seen)
            readers = shown.readers()
            told = await self._read(partial(look.heard, [*readers.values()]))
            for (place, reader), lines in zip(readers.items(), told):
                shown.heard(place, reader, lines)
        finally:
            self._looking = False

    async def _read(self, what: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, what)

    async def on_changed(self, event: Changed) -> None:
        self.run_worker(self.look())

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_order(self, name: str) -> None:
        order = orders.named(name)
        task = self.screen.chosen() if isinstance(self.screen, Shows) else ""
        if not task:
            self.say(f"{name}: no task is chosen here", bad=True)
            return
        try:
            head = orders.head(self._services, order, task)  # now: it may be another when the answer comes
        except Told as why:
            self.say(str(why), bad=True)
            return
        if order.asks:
            about = f"{task} at {head[:12]}" if head else task
            asked = Ask(order.asks.format(id=about), needs_text=order.needs_text)
            self.push_screen(asked, partial(self._answered, order, task, head))
        else:
            self._answered(order, task, head, "yes")

    def _answered(self, order: Order, task: str, head: str, text: str | None) -> None:
        if text is not None:
            self.run_worker(self._give(order, task, text, head))

    async def _give(self, order: Order, task: str, text: str, head: str) -> None:
        given = partial(orders.give, self._services, order, task, self._person, text, head)
        try:
            words = await asyncio.get_running_loop().run_in_executor(self._gives, given)
        except (Told, GitHubError, CorruptState) as why:
            self.say(str(why), bad=True)
        else:
            self.say(words)
        await self.look()

    def say(self, words: str, *, bad: bool = False) -> None:
        told = look.clean(self._services, words)
        self.notify(told, severity="error" if bad else "information", timeout=8, markup=False)
