"""The hub's SQLite file: one connection, one writer at a time, rows as typed values."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from orchestrator.hub.clock import Clock
from orchestrator.hub.lag import Lags

Row = TypeVar("Row")
Value = str | int | float | None

TIMELINE = ("events", "comments", "reviews")
SCHEMA = Path(__file__).with_name("schema.sql")


_SHAPES: dict[type, tuple[frozenset[str], frozenset[str]]] = {}


def _shape(kind: type) -> tuple[frozenset[str], frozenset[str]]:
    """Field names of a row type, and those that hold booleans (SQLite keeps them as 0 and 1). Worked out once."""
    if kind not in _SHAPES:
        hints = get_type_hints(kind)
        names = frozenset(field.name for field in dataclasses.fields(kind))
        _SHAPES[kind] = names, frozenset(name for name in names if hints[name] in (bool, bool | None))
    return _SHAPES[kind]


def marks(values: Sequence[object]) -> str:
    """`?,?,?` for an `IN (...)` of that many values."""
    return ",".join("?" * len(values))


class Database:
    """Every statement of the hub goes through here. Safe to use from any thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.clock = clock
        self.lags = Lags()
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=512)
        self._connection.row_factory = sqlite3.Row
        # A test bed may lose the last instant in a power cut; a killed process loses nothing with WAL.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;")
        self._connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        newest = [self.value(f"SELECT max(seq) FROM {table}") or 0 for table in TIMELINE]
        self._sequence = itertools.count(max(newest) + 1)

    def close(self) -> None:
        """Write the log back into the main file, so that a copy of the folder is a whole world."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()

    def now(self) -> str:
        """The hub's time as stored in every row."""
        return self.clock.stamp()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; nested uses join the outermost. Rolled back when the body raises."""
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, kind: type[Row], sql: str, *args: Value) -> list[Row]:
        """All result rows as values of `kind` (a dataclass whose fields are columns of the result)."""
        names, booleans = _shape(kind)
        with self._lock:
            cursor = self._connection.execute(sql, args)
            columns = [column[0] for column in cursor.description]
            found = cursor.fetchall()
        wanted = [(i, name, name in booleans) for i, name in enumerate(columns) if name in names]
        return [
            kind(**{name: (bool(row[i]) if flag and row[i] is not None else row[i]) for i, name, flag in wanted})
            for row in found
        ]

    def row(self, kind: type[Row], sql: str, *args: Value) -> Row | None:
        """The first result row, or None."""
        found = self.rows(kind, sql, *args)
        return found[0] if found else None

    def tuples(self, sql: str, *args: Value) -> list[tuple[Any, ...]]:
        """Plain result rows, for joins and counts."""
        with self._lock:
            return [tuple(row) for row in self._connection.execute(sql, args).fetchall()]

    def value(self, sql: str, *args: Value) -> Any:
        """The first column of the first row, or None."""
        with self._lock:
            row = self._connection.execute(sql, args).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, *args: Value) -> int:
        """Execute one statement; the number of rows it touched."""
        with self._lock:
            return self._connection.execute(sql, args).rowcount

    def insert(self, table: str, **values: Value) -> int:
        """Insert one row and return its id. A fault rule with a lag in force hides it from lists for that long."""
        if table in TIMELINE:
            values["seq"] = next(self._sequence)
        with self._lock:
            sql = f"INSERT INTO {table} ({','.join(values)}) VALUES ({marks(list(values))})"
            identity = self._connection.execute(sql, tuple(values.values())).lastrowid or 0
        self.lags.inserted(table, identity)
        return identity

    def update(self, table: str, identity: int, **values: Value) -> None:
        """Set columns of the row with that id."""
        assignments = ",".join(f"{name}=?" for name in values)
        self.run(f"UPDATE {table} SET {assignments} WHERE id=?", *values.values(), identity)

    def by_ids(self, kind: type[Row], table: str, ids: Iterable[int]) -> list[Row]:
        """The rows with those ids, in the order of the ids asked for; unknown ones are left out."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        found = self.rows(kind, f"SELECT * FROM {table} WHERE id IN ({marks(wanted)})", *wanted)
        places = {identity: place for place, identity in enumerate(wanted)}
        return sorted(found, key=lambda row: places[row.id])  # type: ignore[attr-defined]
