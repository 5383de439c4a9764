"""Objectives: the score of each repository; of one, its history, metrics, hypotheses, outcomes and findings."""

from __future__ import annotations

from markupsafe import Markup

from orchestrator.operations import charts, objectives, objectives_page
from orchestrator.operations.charts import Point
from orchestrator.operations.objectives_page import ObjectivePage
from orchestrator.web.page import Asked, Crumb, Page, Shown


def all_repos(asked: Asked) -> Shown:
    settings = asked.services.settings
    lines = [
        (settings.repo(line.repo), line, asked.services.redact(line.note)) for line in objectives.table(asked.services)
    ]
    return Shown(template="objectives.html", title="Objectives", crumbs=(Crumb(words="Objectives"),),
                 values={"lines": lines})  # fmt: skip


def one(asked: Asked) -> Shown:
    seen = objectives_page.page(asked.services, asked.path["repo"])
    history = [Point(at=s.at, value=s.total if s.coverage > 0 else None) for s in seen.history]
    coverage = [Point(at=s.at, value=s.coverage) for s in seen.history]
    values = {
        "seen": seen,
        "edit": f"/objectives/{seen.repo}/edit",
        "chart": _svg(charts.line(f"Score of {seen.name}", history)),
        "coverage": _svg(charts.line("Coverage", coverage, scale=(0, 1))),
        "metrics": _metrics(seen),
    }
    crumbs = (Crumb(words="Objectives", href="/objectives"), Crumb(words=seen.repo))
    return Shown(template="objective.html", title=f"Objective of {seen.name}", crumbs=crumbs, values=values)


def _metrics(seen: ObjectivePage) -> list[tuple[object, object, Markup]]:
    """(metric, its score, its chart) of each."""
    if seen.shown is None or seen.score is None:
        return []
    scores = {m.id: m for m in seen.score.metrics}
    return [(m, scores.get(m.id), _svg(charts.line(m.name, _points(seen, m.id)))) for m in seen.shown.metrics]


def _points(seen: ObjectivePage, id: str) -> list[Point]:
    return [Point(at=s.at, value=s.metrics.get(id)) for s in seen.history]


def _svg(text: str) -> Markup:
    """Ours: `charts` escapes what came from elsewhere."""
    return Markup(text)


PAGES = (
    Page(name="objectives", path="/objectives", show=all_repos, nav="Objectives"),
    Page(name="objective", path="/objectives/{repo}", show=one, section="objectives"),
)
