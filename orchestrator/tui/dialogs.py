"""What stands over the screen for a moment: a question before an order, and the list of keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from orchestrator.tui.orders import ORDERS

KEYS = (
    ("h j k l, arrows", "move"),
    ("n p", "next and previous page"),
    ("Tab", "running, board, history"),
    ("Enter", "one task, its transcript full size; Escape comes back"),
    ("g G", "top and end of a transcript"),
    ("q", "quit; the work goes on"),
)


class Ask(ModalScreen[str | None]):
    """Answers with the text, or "yes"; None: not given."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave")]

    def __init__(self, question: str, *, needs_text: bool) -> None:
        super().__init__()
        self._question, self._needs_text = question, needs_text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question, markup=False)
            if self._needs_text:
                yield Input()
            hint = "Enter gives the order, Escape does not" if self._needs_text else "y: yes   n, Escape: no"
            yield Static(hint, classes="hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    def key_y(self) -> None:
        if not self._needs_text:
            self.dismiss("yes")

    def key_n(self) -> None:
        if not self._needs_text:
            self.dismiss(None)

    def action_leave(self) -> None:
        self.dismiss(None)


class Help(ModalScreen[None]):
    """The keys. Capital letters give orders, small ones only look."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "leave")]

    def compose(self) -> ComposeResult:
        orders = [(o.key, o.name + (" (asks first)" if o.asks else "")) for o in ORDERS]
        rows = [*KEYS, ("", ""), *orders]
        with Vertical():
            yield Static("\n".join(f"{key:16} {what}" for key, what in rows), markup=False)
            yield Static("Escape closes this", classes="hint", markup=False)

    def action_leave(self) -> None:
        self.dismiss()
