"""Evidence files: reader and published schema are of one mind, errors name their place, nothing hostile hurts."""

from __future__ import annotations

import csv
import json
import os
import random
import stat
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import evidence
from orchestrator.evidence import EvidenceError
from orchestrator.model.evidence import Point, Snapshot
from orchestrator.model.planning import Privacy, Trust
from orchestrator.model.times import parse

CHECKOUT = Path(__file__).parents[2]
SCHEMA = json.loads((CHECKOUT / "docs/evidence.schema.json").read_text())
DAY = {"value": 1, "from": "2026-03-19", "to": "2026-03-20"}
WHOLE: dict[str, Any] = {
    "metric": "conversion",
    "value": 0.03,
    "unit": "share",
    "observed_at": "2026-03-19T08:00:00+02:00",
    "period": {"from": "2026-03-12", "to": "2026-03-19"},
    "baseline": {"value": 0.02, "from": "2026-03-05", "to": "2026-03-12"},
    "series": [DAY, {"value": 2, "from": "2026-03-18", "to": "2026-03-19"}],
    "provenance": "GA4",
    "trust": "high",
    "privacy": "internal",
    "summary": "Went up.",
}


def read(tmp: Path, text: str | bytes, name: str = "x_latest.yaml") -> Snapshot:
    path = tmp / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return evidence.read(path)


def refused(tmp: Path, text: str | bytes, name: str = "x_latest.yaml") -> str:
    with pytest.raises(EvidenceError) as caught:
        read(tmp, text, name)
    return str(caught.value)


def test_a_whole_file_is_read_with_its_times_in_utc_and_its_points_in_order(tmp_path: Path) -> None:
    found = read(tmp_path, yaml.safe_dump(WHOLE))
    assert found == Snapshot(
        file=str(tmp_path / "x_latest.yaml"),
        metric="conversion",
        value=0.03,
        unit="share",
        observed_at="2026-03-19T06:00:00Z",
        period=("2026-03-12T00:00:00Z", "2026-03-19T00:00:00Z"),
        baseline=Point(value=0.02, start="2026-03-05T00:00:00Z", end="2026-03-12T00:00:00Z"),
        series=(
            Point(value=2, start="2026-03-18T00:00:00Z", end="2026-03-19T00:00:00Z"),
            Point(value=1, start="2026-03-19T00:00:00Z", end="2026-03-20T00:00:00Z"),
        ),
        provenance="GA4",
        trust=Trust.HIGH,
        privacy=Privacy.INTERNAL,
        summary="Went up.",
    )


def test_what_a_file_does_not_say_is_the_careful_default(tmp_path: Path) -> None:
    found = read(tmp_path, "value: 3")
    assert (found.trust, found.privacy, found.observed_at) == (Trust.LOW, Privacy.RESTRICTED, "")
    assert read(tmp_path, yaml.safe_dump({"series": [DAY]})).observed_at == "2026-03-20T00:00:00Z"


def test_prose_files_are_their_summary(tmp_path: Path) -> None:
    assert read(tmp_path, "# Week 12\n\nGood.\n", "x.md").summary == "# Week 12\n\nGood."
    assert read(tmp_path, "value: 3", "x.txt").value is None


def test_the_examples_of_the_page_are_read(tmp_path: Path) -> None:
    blocks = (CHECKOUT / "docs/evidence.md").read_text().split("```yaml\n")[1:]
    found = [read(tmp_path, block.split("```")[0]) for block in blocks]
    assert [f.metric for f in found] == ["conversion", "conversion"]
    assert (found[0].value, len(found[1].series)) == (0.0312, 2)


ERRORS = [
    ("value: 3\nunits: EUR", "x_latest.yaml:2: units: got 'EUR', expected a known key (did you mean unit?)"),
    ("metric: a\n\nvalue: '3'", "x_latest.yaml:3: value: got '3', expected a number from -1e+30 to 1e+30"),
    ("value: .nan", "x_latest.yaml:1: value: got '.nan', expected a number"),
    ("value: .inf", "x_latest.yaml:1: value: got '.inf', expected a number"),
    ("value: 1e31", "x_latest.yaml:1: value: got 1e+31, expected a number"),
    ("value: true", "x_latest.yaml:1: value: got true, expected a number"),
    ("metric: a\ntrust: hihg\nvalue: 1", "x_latest.yaml:2: trust: got 'hihg', expected one of low, medium, high"),
    ("value: 1\nobserved_at: yesterday", "x_latest.yaml:2: observed_at: got 'yesterday', expected a time with a zone"),
    ("value: 1\nobserved_at: 2026-03-19T08:00:00", "x_latest.yaml:2: observed_at:"),
    ("value: 1\nobserved_at: 2026-02-30", "x_latest.yaml:2: observed_at:"),
    ("value: 1\nperiod: {from: 2026-03-19}", "x_latest.yaml:2: period.to: got nothing, expected a text"),
    ("value: 1\nperiod:\n  from: 2026-03-19\n  to: 2026-03-19", "x_latest.yaml:4: period.to: got '2026-03-19'"),
    (
        "series:\n- {value: 1, from: 2026-03-01, to: 2026-03-03}\n- {value: 1, from: 2026-03-02, to: 2026-03-04}",
        "x_latest.yaml:3: series[1].from: got '2026-03-02', expected points that do not overlap",
    ),
    ("metric: a", "x_latest.yaml:1: expected a value, a series or a summary"),
    ("summary: '  '", "x_latest.yaml:1: expected a value, a series or a summary"),
    ("metric: a b\nvalue: 1", "x_latest.yaml:1: metric: got 'a b'"),
    ("- 1", "x_latest.yaml:1: got a list, expected a mapping"),
    ("", "expected a mapping"),
    ("a: &x 1\nvalue: *x", "x_latest.yaml:2: value: got *x, expected the value written out"),
    ("value: !!python/object:os.system 1", "expected the value without a tag"),
    ("value: 1\nvalue: 2", "x_latest.yaml:2: value: got 'value', expected this key once; it stands on line 1"),
]


@pytest.mark.parametrize(("text", "told"), ERRORS)
def test_errors_name_file_line_field_and_what_was_expected(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(tmp_path, text)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = refused(tmp_path, "value: x\ntrust: y\nperiod: z")
    assert [line.split(":")[1] for line in told.splitlines()] == ["1", "2", "3"]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 34)  # 16 GB that take no room: reading them would not end in time


HOSTILE: list[tuple[str, Callable[[Path], object]]] = [
    ("a pipe", fifo),
    ("16 GB", huge),
    ("a device", lambda p: p.symlink_to("/dev/zero")),
    ("a folder", lambda p: p.mkdir()),
    ("nothing", lambda p: None),
    ("binary", lambda p: p.write_bytes(os.urandom(1000) + b"\0")),
    ("not UTF-8", lambda p: p.write_bytes("value: ä".encode("latin-1"))),
    ("a laugh", lambda p: p.write_text("a: &a [x,x]\n" + "\n".join(f"k{n}: &b{n} [*a,*a]" for n in range(200)))),
    ("200,000 brackets", lambda p: p.write_text("[" * 200_000)),
    ("deep flow", lambda p: p.write_text("value: " + "{a: " * 5000 + "1" + "}" * 5000)),
    ("many keys", lambda p: p.write_text("\n".join(f"k{n}: 1" for n in range(20_000)))),
]


@pytest.mark.parametrize(("name", "make"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_a_hostile_file_is_refused_within_a_second(tmp_path: Path, name: str, make: Callable[[Path], object]) -> None:
    path = tmp_path / "x_latest.yaml"
    make(path)
    start = time.monotonic()
    with pytest.raises(EvidenceError):
        evidence.read(path)
    assert time.monotonic() - start < 1, name


def test_only_known_kinds_of_files_are_read(tmp_path: Path) -> None:
    assert "expected a file that ends in .yaml" in refused(tmp_path, "value: 1", "x.csv")


# --- the schema and the reader

SPOILED: list[tuple[str, Any]] = [
    ("metric", "a b"), ("metric", ""), ("metric", 3), ("metric", "a\n"), ("metric", "x" * 81),
    ("value", "3"), ("value", True), ("value", 1e31), ("value", -1e31), ("value", [1]),
    ("unit", 3), ("unit", "x" * 201),
    ("observed_at", "yesterday"), ("observed_at", "2026-03-19T08:00:00"), ("observed_at", "2026-W12-4"),
    ("observed_at", "20260319"), ("observed_at", "2026-03-19T08:00:00Z\n"), ("observed_at", 20260319),
    ("period", {"from": "2026-03-19"}), ("period", "a week"), ("period", {"from": "x", "to": "y"}),
    ("period", {"from": "2026-03-12", "to": "2026-03-19", "days": 7}),
    ("baseline", {"value": 1}), ("baseline", 1), ("baseline", DAY | {"unit": "x"}),
    ("series", DAY), ("series", [1]), ("series", [DAY | {"value": "x"}]), ("series", [DAY | {"to": None}]),
    ("provenance", ["x"]), ("provenance", "x" * 2001), ("trust", "highest"), ("trust", True), ("privacy", "secret"),
    ("summary", 3), ("summary", "x" * 50_001), ("more", 1),
]  # fmt: skip
FINE: list[tuple[str, Any]] = [
    *((key, None) for key in WHOLE),
    ("value", -4), ("value", 1e30), ("observed_at", "2026-03-19"), ("observed_at", "2026-03-19 08:00Z"),
    ("observed_at", "2026-03-19T08:00:00.5Z"), ("series", []), ("metric", "A.b-c_9"), ("summary", ""),
]  # fmt: skip


def agree(document: object) -> bool:
    """Whether both take it. JSON is YAML, so the reader gets the very document."""
    schema = jsonschema_rs.is_valid(SCHEMA, document)
    try:
        evidence.parse(json.dumps(document), "x.json")
    except EvidenceError:
        assert not schema, f"the schema takes it, the reader does not: {document}"
        return False
    assert schema, f"the reader takes it, the schema does not: {document}"
    return True


@pytest.mark.parametrize(("key", "value"), SPOILED, ids=[f"{k}={str(v)[:20]!r}" for k, v in SPOILED])
def test_reader_and_schema_refuse_the_same(key: str, value: Any) -> None:
    assert not agree(WHOLE | {key: value})


@pytest.mark.parametrize(("key", "value"), FINE, ids=[f"{k}={str(v)[:20]!r}" for k, v in FINE])
def test_reader_and_schema_take_the_same(key: str, value: Any) -> None:
    assert agree(WHOLE | {key: value})


@settings(max_examples=120, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.one_of(st.just(good), st.none(), st.sampled_from([v for k, v in SPOILED if k == key] or [good]))
            for key, good in WHOLE.items()
        },
    )
)
def test_reader_and_schema_are_of_one_mind_about_any_mixture(document: dict[str, Any]) -> None:
    said = any(document.get(key) not in (None, "") for key in ("value", "series", "summary"))
    assert agree(document) is False or said


# --- written by order, and by the example exporter


@given(st.floats(-1e30, 1e30, allow_nan=False), st.text(max_size=40), st.sampled_from(Trust))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again_or_refused_whole(
    tmp_path_factory: pytest.TempPathFactory, value: float, text: str, trust: Trust
) -> None:
    path = tmp_path_factory.mktemp("w") / "x_latest.yaml"
    wanted = Snapshot(file=str(path), metric="a", value=value, provenance=text, trust=trust, privacy=Privacy.PUBLIC)
    try:
        evidence.write(path, wanted)
    except EvidenceError:
        assert not path.exists()
        return
    found = evidence.read(path)
    assert (found.value, found.provenance, found.trust) == (value, text, trust)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def exported(*args: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "bin/evidence-from-csv"), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_example_exporter_makes_a_file_that_is_read(tmp_path: Path) -> None:
    days = [(f"2026-03-{n:02}", n) for n in range(1, 22)]
    random.Random(5).shuffle(days)
    with (tmp_path / "f.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("day", "rate"), *days])
    out = tmp_path / "new/traffic_latest.yaml"
    done = exported(
        str(tmp_path / "f.csv"), "--metric", "traffic", "--out", str(out), "--date", "day", "--value", "rate"
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = evidence.read(out)
    assert (found.metric, found.value, found.observed_at) == ("traffic", 18.0, "2026-03-22T00:00:00Z")
    assert found.baseline == Point(value=11.0, start="2026-03-08T00:00:00Z", end="2026-03-15T00:00:00Z")
    assert [p.value for p in found.series] == list(range(1, 22))
    assert [f.name for f in out.parent.iterdir()] == [out.name]


def test_the_example_exporter_guesses_no_figure_and_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("date,value\n2026-03-01,1\n2026-03-02,n/a\n")
    out = tmp_path / "t_latest.yaml"
    out.write_text("value: 1\n")
    done = exported(str(tmp_path / "f.csv"), "--metric", "t", "--out", str(out))
    assert done.returncode == 1
    assert "line 3: expected a day like 2026-03-19 and a number" in done.stderr
    assert out.read_text() == "value: 1\n"


def test_the_example_exporter_tells_wrong_words_and_a_missing_csv_in_one_line(tmp_path: Path) -> None:
    out = tmp_path / "t_latest.yaml"
    missing = exported(str(tmp_path / "no.csv"), "--metric", "t", "--out", str(out))
    assert (missing.returncode, missing.stderr) == (1, f"{tmp_path}/no.csv: No such file or directory\n")
    (tmp_path / "f.csv").write_text("date,value\n2026-03-01,1\n")
    for words, told in (
        (("--metric", "a b"), "'a b' is no metric id"),
        (("--metric", "t", "--days", "0"), "'0': expected a number of days from 1"),
    ):
        done = exported(str(tmp_path / "f.csv"), *words, "--out", str(out))
        assert done.returncode == 2
        assert told in done.stderr
    assert not out.exists()


def test_the_example_exporter_observes_nothing_in_the_future(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    out = tmp_path / "t_latest.yaml"
    (tmp_path / "f.csv").write_text(f"date,value\n{now:%Y-%m-%d},1\n")
    assert exported(str(tmp_path / "f.csv"), "--metric", "t", "--out", str(out)).returncode == 0
    assert parse(evidence.read(out).observed_at) <= datetime.now(UTC)
    (tmp_path / "f.csv").write_text(f"date,value\n{now + timedelta(days=3):%Y-%m-%d},1\n")
    done = exported(str(tmp_path / "f.csv"), "--metric", "t", "--out", str(out))
    assert done.returncode == 1
    assert "is in the future" in done.stderr


LONG = "sk-live-" + "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz", k=300))


@pytest.mark.parametrize(
    "text",
    [
        f"value: {LONG}", f"{LONG}: 1", f"value: &{LONG[:200]} 1", f"series: {LONG}", f"x: !{LONG[:90]} 1", f"{LONG}",
        f"trust: {LONG}", f"observed_at: {LONG}\nvalue: 1", f"a:\n{LONG}\nb:\nc: 1\nvalue: [", f"{LONG}: 1\n{LONG}: 1",
    ],
)  # fmt: skip
def test_an_error_repeats_at_most_forty_characters_of_a_file(tmp_path: Path, text: str) -> None:
    told = refused(tmp_path, text)
    assert not any(LONG[n : n + 41] in told for n in range(len(LONG) - 40))
