"""An example exporter: the days of a CSV become one evidence file, written whole or not at all.

It stands alone, on the standard library and PyYAML: copy it next to your own data and change what you need.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml


def main(argv: list[str] | None = None) -> int:
    said = _arguments(argv)
    try:
        with open(said.csv, newline="", encoding="utf-8-sig") as file:
            days = read(csv.DictReader(file), said.date, said.value)
        write(said.out, snapshot(days[-said.days :], said))
    except OSError as error:
        print(f"{error.filename or said.out}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return 1
    except (ValueError, csv.Error) as error:
        print(f"{said.csv}: {error}", file=sys.stderr)  # noqa: T201 - a program of its own
        return 1
    print(f"wrote {said.out}: {min(len(days), said.days)} days")  # noqa: T201
    return 0


def read(rows: Iterable[dict[str, str]], date: str, value: str) -> list[tuple[datetime.date, float]]:
    """The days in order. Raises ValueError naming the line: a figure that is guessed at is worse than none."""
    days: dict[datetime.date, float] = {}
    for n, row in enumerate(rows, start=2):
        try:
            day, figure = datetime.date.fromisoformat(row[date].strip()), float(row[value])
        except KeyError as error:
            raise ValueError(f"no column {error}") from None
        except (ValueError, AttributeError, TypeError):
            raise ValueError(f"line {n}: expected a day like 2026-03-19 and a number") from None
        if day > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):
            raise ValueError(f"line {n}: {day} is in the future")  # tomorrow in UTC is today somewhere
        if not math.isfinite(figure):
            raise ValueError(f"line {n}: {row[value]} is no measurement")
        if day in days:
            raise ValueError(f"line {n}: {day} stands twice")
        days[day] = figure
    if not days:
        raise ValueError("no lines")
    return sorted(days.items())


def snapshot(days: list[tuple[datetime.date, float]], said: argparse.Namespace) -> dict[str, Any]:
    """The newest week as value, the week before as baseline, every day in the series."""

    def until(day: datetime.date) -> str:
        return str(day + datetime.timedelta(days=1))  # the end of a span does not belong to it

    def mean(part: list[tuple[datetime.date, float]]) -> float:
        return round(sum(figure for _, figure in part) / len(part), 6)

    week, before = days[-7:], days[-14:-7]
    found: dict[str, Any] = {
        "metric": said.metric,
        "value": mean(week),
        "unit": said.unit,
        # Of a day that is not over the figure is as old as this run: nothing is observed in the future.
        "observed_at": min(
            f"{until(week[-1][0])}T00:00:00Z", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        ),
        "period": {"from": str(week[0][0]), "to": until(week[-1][0])},
    }
    if before:
        found["baseline"] = {"value": mean(before), "from": str(before[0][0]), "to": until(before[-1][0])}
    found["series"] = [{"value": figure, "from": str(day), "to": until(day)} for day, figure in days]
    found |= {"provenance": said.provenance or Path(said.csv).name, "trust": said.trust, "privacy": said.privacy}
    return found


def write(out: Path, found: dict[str, Any]) -> None:
    """Beside its place first, then renamed: whoever reads sees the old file or the new one."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            yaml.safe_dump(found, file, sort_keys=False, allow_unicode=True)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, out)
    except BaseException:
        os.unlink(name)
        raise


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no metric id: up to 80 of letters, digits, _ . -")
    return text


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of days from 1")
    return int(text)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", help="one line per day, in any order, with a head line")
    parser.add_argument("--metric", required=True, type=_id, help="its id in the objective")
    parser.add_argument("--out", required=True, type=lambda text: Path(text).expanduser())
    parser.add_argument("--date", default="date", help="column of the day (default: date)")
    parser.add_argument("--value", default="value", help="column of the figure (default: value)")
    parser.add_argument("--unit", default="")
    parser.add_argument("--days", type=_days, default=90, help="newest days that go out (default: 90)")
    parser.add_argument("--provenance", default="", help="where the figures come from (default: the file's name)")
    parser.add_argument("--trust", default="medium", choices=("low", "medium", "high"))
    parser.add_argument("--privacy", default="internal", choices=("public", "internal", "restricted"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
