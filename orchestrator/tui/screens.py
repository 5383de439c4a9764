"""The two screens: all tasks in three views, and one task."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, DataTable, Static

from orchestrator.operations.transcript import LAST, Line, Reader
from orchestrator.services import Services
from orchestrator.tui.look import BOARD, OVER, Row, Seen
from orchestrator.tui.orders import PLAN
from orchestrator.tui.pieces import Cell, Changed, Lines, Transcript

VIEWS = ("running", "board", "history")
FOOT = "? help  Tab view  Enter open  S send  H hold  X stop  R retry  A approve  J reject  q quit"
EMPTY = "Nothing runs.\n\nTab shows what waits, and for whom. Set an issue to Ready and it starts here."
NARROW, LOW = 36, 7
"""Columns and lines below which a cell shows nothing worth reading."""


class Shows(Screen[None]):
    """What the application asks of a screen."""

    def put(self, seen: Seen) -> None:
        """What was seen just now."""

    def readers(self) -> dict[Widget, Reader]:
        """The transcripts in sight."""
        return {}

    def heard(self, place: Widget, reader: Reader, lines: list[Line]) -> None:
        """What a transcript has told since."""

    def chosen(self) -> str:
        """The task that an order is about; empty: none."""
        return ""


class Main(Shows):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "view(1)"),
        Binding("shift+tab", "view(-1)"),
        Binding("h,left", "move(-1, 0)"),
        Binding("j,down", "move(0, 1)"),
        Binding("k,up", "move(0, -1)"),
        Binding("l,right", "move(1, 0)"),
        Binding("n", "page(1)"),
        Binding("p", "page(-1)"),
        Binding("enter", "open"),
    ]

    def __init__(self, services: Services, rows: int, columns: int) -> None:
        super().__init__()
        self._services, self._most = services, (rows, columns)
        self._grid = self._most
        self._head = Static(id="head", markup=False)
        self._cells = [Cell() for _ in range(rows * columns)]
        self._nothing = Static("", id="nothing", markup=False)
        self._tables = {"board": Lines("board", BOARD), "history": Lines("history", OVER)}
        self._readers: dict[Widget, Reader] = {}
        self._page = 0
        self._seen = Seen()
        self.view = VIEWS[0]

    def compose(self) -> ComposeResult:
        yield self._head
        with ContentSwitcher(initial=self.view, id="views"):
            with Container(id="running"):
                yield self._nothing
                yield from self._cells
            yield from self._tables.values()
        yield Static(FOOT, id="foot", markup=False)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fewer cells where the window has no room for them."""
        rows, columns = self._most
        self._grid = max(1, min(rows, event.size.height // LOW)), max(1, min(columns, event.size.width // NARROW))
        styles = self.query_one("#running").styles
        styles.grid_size_rows, styles.grid_size_columns = self._grid
        self._draw()

    def put(self, seen: Seen) -> None:
        if seen.trouble:
            self._title(seen.trouble)
            return
        self._seen = seen
        self._nothing.update(EMPTY)
        self._tables["board"].put(seen.board)
        if seen.over is not None:
            self._tables["history"].put(seen.over)
        self._draw()

    def readers(self) -> dict[Widget, Reader]:
        return dict(self._readers) if self.view == "running" else {}

    def heard(self, place: Widget, reader: Reader, lines: list[Line]) -> None:
        if isinstance(place, Cell) and self._readers.get(place) is reader:
            place.lines.add(lines)

    def chosen(self) -> str:
        if self.view == "running":
            return self.focused.task_id if isinstance(self.focused, Cell) else ""
        return self._tables[self.view].chosen()

    def action_view(self, by: int) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + by) % len(VIEWS)]
        self.query_one(ContentSwitcher).current = self.view
        if self.view != "running":
            self._tables[self.view].focus()
        self._draw()
        self.post_message(Changed())

    def action_page(self, by: int) -> None:
        if self.view != "running":
            self._tables[self.view].step(by, pages=True)
            return
        self._page = (self._page + by) % self._pages()
        self._draw()
        self._cells[0].focus()
        self.post_message(Changed())

    def action_move(self, x: int, y: int) -> None:
        if self.view != "running":
            self._tables[self.view].step(y)
            return
        rows, columns = self._grid
        at = self._cells.index(self.focused) if isinstance(self.focused, Cell) else 0
        row, column = min(rows - 1, max(0, at // columns + y)), min(columns - 1, max(0, at % columns + x))
        cell = self._cells[row * columns + column]
        if cell.task_id:
            cell.focus()

    def action_open(self) -> None:
        task = self.chosen()
        if task and not task.startswith(PLAN):
            self.app.push_screen(One(self._services, task))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        self.action_open()

    def _pages(self) -> int:
        size = self._grid[0] * self._grid[1]
        return max(1, -(-len(self._seen.running) // size))

    def _draw(self) -> None:
        size = self._grid[0] * self._grid[1]
        self._page = min(self._page, self._pages() - 1)
        shown = self._seen.running[self._page * size : (self._page + 1) * size]
        self._nothing.display = not shown
        for n, cell in enumerate(self._cells):
            running = shown[n] if n < len(shown) else None
            if cell.put(running):
                self._readers.pop(cell, None)
                if running is not None:
                    self._readers[cell] = Reader(self._services, running.task, last=LAST)
        if self.view == "running" and shown and not (isinstance(self.focused, Cell) and self.focused.task_id):
            self._cells[0].focus()
        self._title(self._seen.head)

    def _title(self, told: str) -> None:
        tabs = " ".join(f"[{v}]" if v == self.view else v for v in VIEWS)
        pages = self._pages()
        page = f"  page {self._page + 1} of {pages}" if self.view == "running" and pages > 1 else ""
        self._head.update(f"{tabs}{page}   {told}")


class One(Shows):
    """One task, its transcript as large as the window."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.pop_screen"),
        Binding("j", "scroll(1)"),
        Binding("k", "scroll(-1)"),
        Binding("n", "scroll(20)"),
        Binding("p", "scroll(-20)"),
        Binding("g", "end(False)"),
        Binding("G", "end(True)"),
    ]

    def __init__(self, services: Services, task: str) -> None:
        super().__init__()
        self._about = task
        self._reader = Reader(services, task, last=LAST)
        self._what = Static(task, classes="what", markup=False)
        self._facts = Static("", classes="facts", markup=False)
        self._lines = Transcript()

    def compose(self) -> ComposeResult:
        yield self._what
        yield self._facts
        yield self._lines
        yield Static(f"Escape back  g top  G end  {FOOT[FOOT.index('S send') :]}", id="foot", markup=False)

    def on_mount(self) -> None:
        self._lines.focus()
        self.post_message(Changed())

    def put(self, seen: Seen) -> None:
        running = next((r for r in seen.running if r.task == self._about), None)
        if running is not None:
            self._what.update(running.what)
            self._facts.update(running.doing)
            return
        row = next((r for r in (*seen.board, *(seen.over or ())) if r.task == self._about), Row(task="", cells=()))
        self._facts.update("  ".join(c for c in row.cells if c))

    def readers(self) -> dict[Widget, Reader]:
        return {self._lines: self._reader}

    def heard(self, place: Widget, reader: Reader, lines: list[Line]) -> None:
        self._lines.add(lines)

    def chosen(self) -> str:
        return self._about

    def action_scroll(self, by: int) -> None:
        self._lines.scroll_relative(y=by, animate=False)

    def action_end(self, end: bool) -> None:
        (self._lines.scroll_end if end else self._lines.scroll_home)(animate=False)
