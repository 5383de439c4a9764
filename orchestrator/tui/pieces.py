"""The parts of the screen: a cell with one running task, a transcript, and tables. They take clean text only."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable, RichLog, Static

from orchestrator.operations.transcript import Kind, Line
from orchestrator.tui.look import Row, Running

STYLES = {Kind.BANNER: "bold", Kind.COMMAND: "cyan", Kind.EDIT: "green", Kind.TROUBLE: "red"}
KEPT = 2_000
"""Lines of a transcript that stay in memory; the whole stands in the log."""


class Changed(Message):
    """Something else is in sight now, and wants to be read."""


class Transcript(RichLog):
    """Lines as they come; stays where the reader has scrolled to."""

    def __init__(self) -> None:
        super().__init__(max_lines=KEPT, min_width=1, wrap=True, markup=False, highlight=False)

    def add(self, lines: Sequence[Line]) -> None:
        follows = self.is_vertical_scroll_end
        for line in lines:
            words = f"── {line.text} ──" if line.kind is Kind.BANNER else line.text
            self.write(Text(words, style=STYLES.get(line.kind, "")), scroll_end=follows)


class Cell(Vertical, can_focus=True):
    """One running task; none where the page is not full."""

    def __init__(self) -> None:
        super().__init__()
        self.task_id = ""
        self._what = Static(classes="what", markup=False)
        self._doing = Static(classes="doing", markup=False)
        self.lines = Transcript()
        self.lines.can_focus = False

    def compose(self) -> ComposeResult:
        yield self._what
        yield self.lines
        yield self._doing

    def put(self, running: Running | None) -> bool:
        """True when it is another task now, whose transcript begins anew."""
        other = self.task_id != (running.task if running else "")
        self.task_id = running.task if running else ""
        self.display = running is not None
        if other:
            self.lines.clear()
        self._what.update(running.what if running else "")
        self._doing.update(running.doing if running else "")
        return other


class Lines(DataTable[Text]):
    """A table of items, one a line."""

    def __init__(self, id: str, head: Sequence[str]) -> None:
        super().__init__(id=id, cursor_type="row")
        self._head = head
        self._rows: tuple[Row, ...] = ()

    def on_mount(self) -> None:
        self.add_columns(*(Text(h) for h in self._head))

    def put(self, rows: tuple[Row, ...]) -> None:
        """Drawn again only when something changed; the cursor stays with its task."""
        if rows == self._rows:
            return
        at = self.chosen()
        self._rows = rows
        self.clear()
        for row in rows:
            self.add_row(*(Text(c) for c in row.cells))
        places = [n for n, row in enumerate(rows) if at and row.task == at]
        if places:
            self.move_cursor(row=places[0])

    def chosen(self) -> str:
        """The task under the cursor; empty where there is none."""
        return self._rows[self.cursor_row].task if 0 <= self.cursor_row < len(self._rows) else ""

    def step(self, by: int, *, pages: bool = False) -> None:
        self.move_cursor(row=self.cursor_row + by * (max(1, self.size.height - 2) if pages else 1))
