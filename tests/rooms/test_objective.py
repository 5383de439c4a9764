"""Objective files: what they mean, every error with its place, and what a role makes of a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config.objective import load
from orchestrator.model.objective import Check, Direction, Interpretation, Metric, Objective, Source
from orchestrator.model.planning import SourceType
from orchestrator.yamlread.problems import ConfigError

CHECKOUT = Path(__file__).parents[2]
ENV = {"HOME": "/home/ada", "DATA": "/data"}


def read(tmp: Path, text: str) -> Objective:
    path = tmp / "app.yaml"
    path.write_text(text)
    return load(path, repo="app", env=ENV)


def refused(tmp: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp, text)
    return str(caught.value).splitlines()


def test_the_example_is_good_and_says_what_the_page_says() -> None:
    found = load(CHECKOUT / "example.objective.yaml", repo="app", env=ENV)
    assert [(m.id, m.weight) for m in found.metrics] == [
        ("traffic", 0.20), ("conversion", 0.35), ("retention", 0.25), ("arpu", 0.20),
    ]  # fmt: skip
    assert (found.window_days, found.repo) == (28, "app")
    assert all(m.source and m.outcome_check for m in found.metrics)
    assert found.metrics[0].outcome_check == Check(
        source=Source(path="~/.local/share/agent-os/evidence/repo1/ga4_traffic_post_merge.yaml"),
        window_days=7,
        comparison_window="7 days after the merge against 7 days before",
    )


def test_every_field_of_the_shape_stands_in_the_example() -> None:
    text = (CHECKOUT / "example.objective.yaml").read_text()
    for field in (
        "primary_outcome", "north_star", "evaluation_window_days", "interpretation_scores", "version", "repo",
        "product_name", "id", "name", "weight", "direction", "unit", "dead_band", "guard", "source", "outcome_check",
        "type", "path", "url", "measurement_window_days", "comparison_window",
    ):  # fmt: skip
        assert re.search(rf"\b{field}\b", text), field


def test_the_least_file_has_the_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, "north_star: Grow\nmetrics: [{id: Sales}]")
    assert found.primary_outcome == "Grow"
    assert found.metrics == (Metric(id="sales", name="sales"),)
    assert dict(found.scores)[Interpretation.INCONCLUSIVE] == -0.35
    assert found.metric("SALES") is found.metrics[0]


def test_short_spellings(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
primary_outcome: Grow
evaluation_window_days: 14
interpretation_scores: {unchanged: -0.1}
metrics:
  - {id: a, weight: -2, direction: Lower, source: $DATA/a.yaml, outcome_check: https://x.example/a.yaml}
  - {id: b, direction: down, source: {type: web, url: "https://x.example/b"}, outcome_check: {type: file, path: b.yaml}}
  - {id: c, direction: up, dead_band: 0, guard: true, unit: EUR}
""",
    )
    a, b, c = found.metrics
    assert (a.weight, a.direction, a.source) == (0, Direction.DECREASE, Source(path="$DATA/a.yaml"))
    web = Source(type=SourceType.WEB, url="https://x.example/a.yaml")
    assert a.outcome_check == Check(source=web, window_days=14)
    assert b.source == Source(type=SourceType.WEB, url="https://x.example/b")
    assert (c.direction, c.dead_band, c.guard, c.unit, c.outcome_check) == (Direction.INCREASE, 0, True, "EUR", None)
    assert dict(found.scores)[Interpretation.UNCHANGED] == -0.1
    assert dict(found.scores)[Interpretation.REGRESSED] == -1


HEAD = "primary_outcome: Grow\nmetrics:\n"
ERRORS = [
    ("primary_outcome: Grow", "app.yaml:1: metrics: got nothing, expected a list"),
    ("primary_outcome: Grow\nmetrics: []", "app.yaml:2: metrics: expected at least one metric"),
    ("metrics: [{id: a}]", "app.yaml:1: primary_outcome: expected what the business wants, in one sentence"),
    (
        "primary_outcom: x\nmetrics: [{id: a}]",
        "primary_outcom: got 'x', expected a known key (did you mean primary_outcome?)",
    ),
    (HEAD + "  - name: x", "app.yaml:3: metrics[0].id: got nothing, expected a text of the form"),
    (HEAD + "  - id: a b", "app.yaml:3: metrics[0].id: got 'a b'"),
    (
        HEAD + "  - id: a\n  - id: A",
        "app.yaml:4: metrics[1].id: got 'A', expected each id once; it stands on line 3 already",
    ),
    (
        HEAD + "  - id: a\n    wieght: 1",
        "app.yaml:4: metrics[0].wieght: got 1, expected a known key (did you mean weight?)",
    ),
    (HEAD + "  - id: a\n    weight: heavy", "app.yaml:4: metrics[0].weight: got 'heavy', expected a number"),
    (HEAD + "  - id: a\n    weight: .nan", "app.yaml:4: metrics[0].weight: got '.nan', expected a number"),
    (
        HEAD + "  - id: a\n    direction: sideways",
        "app.yaml:4: metrics[0].direction: got 'sideways', expected which way is better",
    ),
    (HEAD + "  - id: a\n    dead_band: 2", "app.yaml:4: metrics[0].dead_band: got 2, expected a number from 0 to 1"),
    (
        HEAD + "  - id: a\n    guard: yes",
        "app.yaml:4: metrics[0].guard: got 'yes', expected true or false (did you mean true?)",
    ),
    (
        HEAD + "  - id: a\n    source: {type: file}",
        "app.yaml:4: metrics[0].source.path: expected the path of a file source",
    ),
    (
        HEAD + "  - id: a\n    source: {type: web, path: x}",
        "metrics[0].source.path: got 'x', expected no path beside type: web",
    ),
    (
        HEAD + "  - id: a\n    source: {type: ftp, path: x}",
        "metrics[0].source.type: got 'ftp', expected one of web, file",
    ),
    (
        HEAD + "  - id: a\n    source: http://x.example/a",
        "metrics[0].source: got 'http://x.example/a', expected an https address",
    ),
    (HEAD + "  - id: a\n    source: https://u:hunter2@x.example/", "metrics[0].source: got 'https://...@x.example/'"),
    (HEAD + "  - id: a\n    source: $NOPE/a.yaml", "expected a path whose variables are set; NOPE is not"),
    (
        HEAD + "  - id: a\n    outcome_check: {type: file, path: x, measurement_window_days: 0}",
        "app.yaml:4: metrics[0].outcome_check.measurement_window_days: got 0, expected a number above 0",
    ),
    (
        "evaluation_window_days: 0.5\n" + HEAD + "  - id: a",
        "app.yaml:1: evaluation_window_days: got 0.5, expected a number from 1",
    ),
    (
        "interpretation_scores: {improvd: 1}\n" + HEAD + "  - id: a",
        "interpretation_scores.improvd: got 'improvd', expected as key one of",
    ),
    (
        "interpretation_scores: {improved: 2}\n" + HEAD + "  - id: a",
        "interpretation_scores.improved: got 2, expected a number from -1 to 1",
    ),
    (
        HEAD + "\n".join(f"  - {{id: m{n}, outcome_check: m.yaml}}" for n in range(13)),
        "app.yaml:2: metrics: got '13 of them', expected at most 12 metrics with an outcome_check",
    ),
]


@pytest.mark.parametrize(("text", "told"), ERRORS)
def test_errors_name_file_line_field_and_what_was_expected(tmp_path: Path, text: str, told: str) -> None:
    lines = refused(tmp_path, text)
    assert len(lines) == 1
    assert told in lines[0]


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in str(refused(tmp_path, HEAD + "  - id: a\n    source: https://u:hunter2@x.example/"))


def test_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = refused(tmp_path, "metrics:\n- {id: a, direction: x}\n- {id: a, source: http://x}")
    assert [line.split(":")[1] for line in lines] == ["1", "2", "3", "3"]


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"app\.yaml: got no file, expected a file"):
        load(tmp_path / "app.yaml", repo="app", env=ENV)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("metrics", "id", "weight", "source", "outcome_check", "type", "path", "primary_outcome")
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_an_objective_or_an_error_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8", errors="replace")
    try:
        problems = [] if load(path, repo="app", env=ENV).metrics else ["an objective without a metric"]
    except ConfigError as error:
        problems = [str(p) for p in error.problems if p.file != "any.yaml" or not p.expected]
    assert problems == []
