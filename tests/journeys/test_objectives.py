"""Objective, evidence and score as a person and the roles meet them: real files, the real command line, no GitHub."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestrator import wiring
from orchestrator.cli import app
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.objective import Interpretation
from orchestrator.model.outcome import Measured, Shipped
from orchestrator.model.times import parse, stamp
from orchestrator.operations import score_plot
from orchestrator.planning import feedback, objectives
from orchestrator.services import Services
from orchestrator.state.scores import Scores

CHECKOUT = Path(__file__).parents[2]
REPO = RepoName("ada/app")


class Office:
    """A root with a configuration, an objective and an evidence folder, and somebody at its command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.evidence = root / "evidence" / "app"
        self.objective = root / "objectives" / "app.yaml"
        repos = [{"repo": name, "verify": "none"} for name in ("ada/app", "ada/lib")]
        config = {
            "projects": {"main": {"owner": "ada", "repos": repos}},
            "github": {"url": "http://127.0.0.1:9"},
            "evidence_dir": "~/evidence",
        }
        (root / "config.yaml").write_text(yaml.safe_dump(config))
        (root / "clock").write_text("0\n")
        self.env = {
            "HOME": str(root), "ORCH_ROOT": str(root), "USER": "olga", "AGENT_OS_CLOCK": str(root / "clock"),
            "HUB_TOKEN": "x", "PATH": os.environ["PATH"], "EVIDENCE": str(self.evidence),
        }  # fmt: skip
        self.services: Services = wiring.build(
            wiring.settings(root / "config.yaml", root, self.env), self.env, kind="test", id="story"
        )

    def wants(self, **changes: Any) -> None:
        text = (CHECKOUT / "example.objective.yaml").read_text()
        whole = yaml.safe_load(text.replace("~/.local/share/agent-os/evidence/repo1", "$EVIDENCE")) | changes
        self.objective.parent.mkdir(exist_ok=True)
        self.objective.write_text(yaml.safe_dump(whole, sort_keys=False))

    def exports(self, name: str, text: str) -> None:
        self.evidence.mkdir(parents=True, exist_ok=True)
        (self.evidence / name).write_text(text)

    def types(self, *words: str) -> Result:
        return CliRunner().invoke(app.main, list(words), env=self.env)

    def told(self, *words: str) -> Any:
        done = self.types(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def pass_days(self, days: float) -> None:
        (self.root / "clock").write_text(f"{days * 86400}\n")

    def ships(self, pull: int, *checks: str, days_ago: float, found: dict[str, Interpretation]) -> None:
        """A merge and what was measured of it."""
        at = self.services.now() - timedelta(days=days_ago)
        task, direction = f"app-{pull}", "type:implementation"
        self.services.outcomes.ship(
            Shipped(
                event="merged",
                repo=REPO,
                task=task,
                issue=pull,
                pull=pull,
                checks=checks,
                direction=direction,
                at=stamp(at),
            )
        )
        for check, verdict in found.items():
            self.services.outcomes.measure(
                Measured(
                    repo=REPO,
                    task=task,
                    issue=pull,
                    pull=pull,
                    check=check,
                    direction=direction,
                    interpretation=verdict,
                    movement=None,
                    merged_at=stamp(at),
                    at=stamp(at + timedelta(days=7)),
                )
            )


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path)
    monkeypatch.setenv("EVIDENCE", str(made.evidence))
    yield made
    made.services.github.close()


def test_the_example_with_evidence_behind_a_variable_is_checked_and_shown(office: Office) -> None:
    """D13: paths with ~ and variables are filled in, for planning and for outcomes."""
    office.wants()
    office.exports("ga4_traffic_latest.yaml", "metric: traffic\nvalue: 1200\nunit: sessions\nobserved_at: 2026-11-01\n")
    office.exports("ga4_traffic_post_merge.yaml", "series:\n- {value: 7, from: 2026-11-01, to: 2026-11-02}\n")
    checked = office.told("objective", "check", "app")
    assert checked["problems"] == []
    assert len(checked["missing"]) == 6
    shown = office.told("objective", "show", "ada/app")
    traffic = shown["metrics"][0]
    assert traffic["latest"] == "1200 sessions, observed 2026-11-01T00:00:00Z"
    assert traffic["outcome"] == "7, 1 points, observed 2026-11-02T00:00:00Z"
    assert "conversion  35%" in office.types("objective", "show", "app").stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("value: many\n", "traffic: source: ga4_traffic_latest.yaml:1: value: got 'many', expected a number"),
        ("metric: arpu\nvalue: 1\n", "traffic: source: ga4_traffic_latest.yaml is about arpu, not traffic"),
        ("value: 1\n\0", "traffic: source: $EVIDENCE/ga4_traffic_latest.yaml: not text in UTF-8"),
    ],
)
def test_evidence_that_cannot_be_used_is_told_with_its_place(office: Office, text: str, told: str) -> None:
    office.wants()
    office.exports("ga4_traffic_latest.yaml", text)
    done = office.types("objective", "check", "app")
    assert done.exit_code == 1
    assert told in done.stderr


def test_figures_in_another_unit_are_named_and_weigh_nothing_in_a_plan(office: Office) -> None:
    file = "$EVIDENCE/traffic_latest.yaml"
    office.wants(metrics=[{"id": "traffic", "unit": "sessions", "source": file, "outcome_check": file}])
    at = stamp(office.services.now() - timedelta(hours=1))
    office.exports("traffic_latest.yaml", f"value: 1\nunit: visits\nobserved_at: {at}\ntrust: high\nprivacy: public\n")
    why = "the file counts in visits, the objective in sessions"
    done = office.types("objective", "check", "app")
    assert done.exit_code == 1
    assert f"traffic: source: traffic_latest.yaml: {why}" in done.stderr
    assert f"traffic: outcome_check: traffic_latest.yaml: {why}" in done.stderr
    (entry,) = feedback.entries(office.services, office.services.settings.repos[0])
    assert entry.guarded == (why,)
    assert why in (office.root / "runtime/analysis/app/PRODUCTION_FEEDBACK.md").read_text()


def test_evidence_outside_of_the_known_folders_is_not_read(office: Office) -> None:
    office.wants(metrics=[{"id": "keys", "source": "/etc/passwd"}])
    done = office.types("objective", "check", "app")
    assert done.exit_code == 1
    assert "outside of the folders that may be read" in done.stderr
    assert "root:" not in done.output


def test_a_person_writes_evidence_and_nobody_elses_is_written_over(office: Office) -> None:
    order = (
        "evidence",
        "add",
        "app",
        "--metric",
        "Traffic",
        "--value",
        "12.5",
        "--unit",
        "sessions",
        "--trust",
        "high",
    )
    path = office.told(*order)["file"]
    assert path == str(office.evidence / "traffic_latest.yaml")
    again = office.types(*order)
    assert again.exit_code == 1
    assert "--replace writes over it" in str(again.exception)
    assert office.types(*order, "--replace").exit_code == 0
    assert office.types(*order, "--post-merge").exit_code == 0
    found = office.told("evidence", "ls", "app")
    assert [line["file"] for line in found] == ["traffic_latest.yaml", "traffic_post_merge.yaml"]
    snapshot = found[0]["snapshot"]
    assert (snapshot["value"], snapshot["trust"], snapshot["privacy"]) == (12.5, "high", "internal")
    assert snapshot["provenance"] == "typed by olga"
    assert abs(office.services.now() - parse(snapshot["observed_at"])) < timedelta(minutes=5)
    orders = [r for r in office.services.ledger.read() if r.kind == EventKind.ORDER.value]
    assert [(r.actor.id, r.data["order"]) for r in orders] == [("olga", "evidence add")] * 3


@pytest.mark.parametrize(
    ("metric", "value"), [("../../x", "1"), (".hidden", "1"), ("a/b", "1"), ("a\nb", "1"), ("a", "nan"), ("a", "inf")]
)
def test_an_order_that_would_write_elsewhere_or_nonsense_is_refused(office: Office, metric: str, value: str) -> None:
    before = sorted(office.root.rglob("*.yaml"))
    done = office.types("evidence", "add", "app", "--metric", metric, "--value", value)
    assert done.exit_code == 1
    assert sorted(office.root.rglob("*.yaml")) == before


def test_a_listing_follows_no_link_out_of_the_evidence_folder(office: Office) -> None:
    secret = office.root / "secrets.yaml"
    secret.write_text("token: correct-horse-battery-staple\n")
    office.exports("good_latest.yaml", "value: 1\n")
    (office.evidence / "linked_latest.yaml").symlink_to(office.evidence / "good_latest.yaml")
    (office.evidence / "out_latest.yaml").symlink_to(secret)
    (office.evidence / "out.md").symlink_to("/etc/passwd")
    done = office.types("evidence", "ls", "app")
    assert done.exit_code == 1
    assert done.stdout.count("outside of the folders that may be read") == 2
    assert "correct-horse" not in done.stdout
    assert "root:" not in done.stdout
    assert "linked_latest.yaml" in done.stdout


def test_an_id_that_no_metric_has_is_refused_with_a_hint_and_marked_in_the_listing(office: Office) -> None:
    office.wants()
    order = ("evidence", "add", "app", "--metric", "convrsion", "--value", "1")
    done = office.types(*order)
    assert done.exit_code == 1
    assert "no metric has this id (did you mean conversion?); --force writes it all the same" in str(done.exception)
    assert office.types(*order, "--force").exit_code == 0
    assert office.types("evidence", "add", "app", "--metric", "Traffic", "--value", "1").exit_code == 0
    assert {x["file"]: x["unknown"] for x in office.told("evidence", "ls", "app")} == {
        "convrsion_latest.yaml": "no metric has this id (did you mean conversion?)", "traffic_latest.yaml": "",
    }  # fmt: skip
    assert (
        "convrsion (no metric has this id (did you mean conversion?))" in office.types("evidence", "ls", "app").stdout
    )


def test_a_figure_observed_in_the_future_is_refused(office: Office) -> None:
    order = ("evidence", "add", "app", "--metric", "traffic", "--value", "1", "--observed-at")
    for days, code in ((-1, 0), (1, 1)):
        at = stamp(office.services.now() + timedelta(days=days))
        done = office.types(*order, at, "--replace")
        assert done.exit_code == code
    assert "in the future" in str(done.exception)
    assert "a time with a zone" in str(office.types(*order, "tomorrow", "--replace").exception)


def test_a_broken_file_is_listed_with_its_fault(office: Office) -> None:
    office.exports("a_latest.yaml", "value: 1\n")
    office.exports("b_latest.yaml", "value: x\n")
    done = office.types("evidence", "ls", "app")
    assert done.exit_code == 1
    assert "b_latest.yaml:1: value: got 'x'" in done.stdout


def test_the_score_is_told_kept_once_a_day_and_drawn(office: Office) -> None:
    office.wants(primary_outcome="From $5 to $\\frac{ 売上 ✓")  # no formula, and letters that fonts have not
    assert office.told("score")[0] == {
        "repo": "ada/app", "total": None, "coverage": 0.0, "measured": 0, "inconclusive": 0, "metrics": 4,
        "note": "no metric has a value yet",
    }  # fmt: skip
    checks = ("traffic", "conversion", "retention", "arpu")
    office.ships(1, *checks, days_ago=40, found={"conversion": Interpretation.INCONCLUSIVE})
    office.ships(2, *checks, days_ago=30, found={"conversion": Interpretation.IMPROVED})
    report = office.told("objective", "score", "app")
    assert abs(report["score"]["total"] - 0.1225) < 1e-9
    assert report["score"]["coverage"] == pytest.approx(1)
    assert report["regressed"] is False
    told = office.types("objective", "score", "app").stdout
    assert "score +0.1225, 100% of the weight has a value, 3 of 4 metrics inconclusive" in told
    assert office.told("score")[0]["inconclusive"] == 3
    png = office.root / "runtime/analysis/app/score.png"
    assert report["picture"] == str(png)
    assert png.read_bytes().startswith(b"\x89PNG")
    office.told("objective", "score", "app")
    assert len(Scores(runtime=office.services.settings.runtime).history("app")) == 1, "nothing changed today"
    office.pass_days(1)
    assert len(office.told("objective", "score", "app")["history"]) == 2
    office.ships(3, *checks, days_ago=10, found={"conversion": Interpretation.REGRESSED})
    report = office.told("objective", "score", "app")
    assert abs(report["score"]["total"] + 0.2275) < 1e-9
    assert [round(line["total"], 4) for line in report["history"]] == [0.1225, 0.1225, -0.2275]
    assert office.told("score")[0]["note"] == "regressed: a finding"
    assert office.told("score")[1]["note"] == "no objective"
    assert "100%" in office.types("score").stdout


def test_without_the_plotting_library_the_score_says_how_to_get_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.wants()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert office.told("objective", "score", "app")["picture"] == score_plot.MISSING
    assert not (office.root / "runtime/analysis/app/score.png").exists()


def test_a_wrong_objective_is_one_alert_per_fault_and_the_roles_go_on_without(office: Office) -> None:
    repo = office.services.settings.repos[0]
    assert objectives.of(office.services, repo) is None
    office.wants(evaluation_window_days="often")
    for _ in range(3):
        assert objectives.of(office.services, repo) is None
    office.wants(evaluation_window_days=0)
    assert objectives.scored(office.services, repo) is None
    alerts = [r.data for r in office.services.ledger.read() if r.kind == EventKind.ALERT.value]
    assert len(alerts) == 2
    assert "app.yaml:2: evaluation_window_days: got 'often', expected a number from 1 to 3660" in str(alerts[0]["text"])
    office.wants()
    assert objectives.scored(office.services, repo) is not None


@pytest.mark.parametrize(
    "words", [("objective", "show", "nope"), ("evidence", "ls", "nope"), ("objective", "score", "lib")]
)
def test_what_is_not_there_is_told_in_one_sentence(office: Office, words: tuple[str, ...]) -> None:
    done = office.types(*words)
    assert done.exit_code == 1
    assert "expected one of app, lib" in str(done.exception) or "copy example.objective.yaml" in str(done.exception)
