"""One objective file: what the business wants of a repository (docs/objectives.md). Read with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from orchestrator.config.schema_evidence import Block, Share, Text
from orchestrator.model.objective import DEAD_BAND, SCORES, Check, Direction, Interpretation, Metric, Objective, Source
from orchestrator.model.planning import SourceType
from orchestrator.yamlread import files, lines
from orchestrator.yamlread.explain import ONE_AT_A_TIME, typed
from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, ConfigError, Problem

MOST_CHECKS = 12
MOST_METRICS = 50
_WORDS: Mapping[str, Direction] = {
    **dict.fromkeys(("increase", "up", "higher"), Direction.INCREASE),
    **dict.fromkeys(("decrease", "down", "lower"), Direction.DECREASE),
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")

Weight = Annotated[float, Meta(ge=-1e30, le=1e30)]
Counts = Annotated[float, Meta(ge=-1, le=1)]
Days = Annotated[float, Meta(ge=1, le=3660)]


class _Source(Block, kw_only=True):
    type: SourceType
    path: str | None = None
    url: str | None = None


class _Check(_Source, kw_only=True):
    measurement_window_days: Annotated[float, Meta(gt=0, le=3660)] | None = None
    comparison_window: str | None = None


class _Metric(Block, kw_only=True):
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,80}\Z")]
    name: str | None = None
    weight: Weight | None = None
    direction: str | None = None
    unit: str | None = None
    dead_band: Share | None = None
    guard: bool | None = None
    source: Text | _Source | None = None
    outcome_check: Text | _Check | None = None


class _File(Block, kw_only=True):
    version: int | str | None = None
    repo: str | None = None
    product_name: str | None = None
    primary_outcome: Text | None = None
    north_star: Text | None = None
    evaluation_window_days: Days | None = None
    interpretation_scores: dict[Interpretation, Counts] | None = None
    metrics: Annotated[list[_Metric], Meta(max_length=MOST_METRICS)]


def load(path: Path, *, repo: str, env: Mapping[str, str], text: str | None = None) -> Objective:
    """The objective of the repository with key `repo`. `env`: what variables in paths may name. `text`: judged as if it
    stood in the file.

    Raises ConfigError naming every problem by file, line, field, value and what was expected; also for a missing file.
    """
    document = lines.read(files.text(path) if text is None else text, path.name)
    with ONE_AT_A_TIME:
        said = typed(document, _File, "docs/objectives.md")
    return _Reading(document=document, env=env).objective(said, path, repo)


class _Reading:
    """What types cannot say; everything wrong is gathered before it is told."""

    def __init__(self, *, document: Document, env: Mapping[str, str]) -> None:
        self.document = document
        self.env = env
        self.problems: list[Problem] = []

    def objective(self, said: _File, path: Path, repo: str) -> Objective:
        outcome = (said.primary_outcome or said.north_star or "").strip()
        if not outcome:
            self._bad(("primary_outcome",), "what the business wants, in one sentence")
        days = 28.0 if said.evaluation_window_days is None else said.evaluation_window_days
        if not said.metrics:
            self._bad(("metrics",), "at least one metric")
        metrics = tuple(self._metrics(said.metrics, days))
        checks = sum(1 for m in metrics if m.outcome_check)
        if checks > MOST_CHECKS:
            self._bad(("metrics",), f"at most {MOST_CHECKS} metrics with an outcome_check", f"{checks} of them")
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda p: p.line))
        scores = {**dict(SCORES), **(said.interpretation_scores or {})}
        return Objective(
            file=path,
            repo=repo,
            primary_outcome=outcome,
            window_days=days,
            metrics=metrics,
            scores=tuple(scores.items()),
        )

    def _metrics(self, said: list[_Metric], days: float) -> Iterator[Metric]:
        first: dict[str, int] = {}
        for n, each in enumerate(said):
            at: At = ("metrics", n)
            id = each.id.casefold()
            line = self.document.line((*at, "id"))
            if first.setdefault(id, line) != line:
                self._bad((*at, "id"), f"each id once; it stands on line {first[id]} already", each.id)
            yield Metric(
                id=id,
                name=each.name or id,
                weight=1.0 if each.weight is None else max(0.0, each.weight),
                direction=self._direction((*at, "direction"), each.direction),
                unit=each.unit or "",
                dead_band=DEAD_BAND if each.dead_band is None else each.dead_band,
                guard=bool(each.guard),
                source=None if each.source is None else self._source((*at, "source"), each.source),
                outcome_check=self._check((*at, "outcome_check"), each.outcome_check, days),
            )

    def _direction(self, at: At, said: str | None) -> Direction:
        found = Direction.INCREASE if said is None else _WORDS.get(said.strip().lower())
        if found is None:
            self._bad(at, f"which way is better: {', '.join(_WORDS)}", said)
        return found or Direction.INCREASE

    def _check(self, at: At, said: str | _Check | None, days: float) -> Check | None:
        if said is None:
            return None
        if isinstance(said, str):
            return Check(source=self._source(at, said), window_days=days)
        window = said.measurement_window_days
        return Check(
            source=self._source(at, said),
            window_days=days if window is None else window,
            comparison_window=said.comparison_window or "",
        )

    def _source(self, at: At, said: str | _Source) -> Source:
        """A plain text is an address when it begins with https://, else a path."""
        if isinstance(said, str):
            web = said.lower().startswith(("https://", "http://"))
            said = _Source(type=SourceType.WEB, url=said) if web else _Source(type=SourceType.FILE, path=said)
            wanted = other = at
        else:
            wanted, other = (*at, "url"), (*at, "path")
            if said.type is SourceType.FILE:
                wanted, other = other, wanted
        right, wrong = (said.url, said.path) if said.type is SourceType.WEB else (said.path, said.url)
        if wrong:
            self._bad(other, f"no {other[-1]} beside type: {said.type.value}", wrong)
        elif not right:
            self._bad(wanted, f"the {wanted[-1]} of a {said.type.value} source")
        elif said.type is SourceType.WEB:
            self._address(wanted, right)
        else:
            self._path(wanted, right)
        return Source(type=said.type, path=said.path or "", url=said.url or "")

    def _address(self, at: At, url: str) -> None:
        try:
            parts = urlsplit(url)
            good = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
        except ValueError:
            good = False
        if not good:
            self._bad(at, "an https address without a user name", re.sub(r"//[^/@]*@", "//...@", url))

    def _path(self, at: At, path: str) -> None:
        if "\0" in path or "\n" in path:
            self._bad(at, "a path on one line", path)
        for match in _VARIABLE.finditer(path):
            if (match[1] or match[2]) not in self.env:
                self._bad(at, f"a path whose variables are set; {match[1] or match[2]} is not", path)

    def _bad(self, at: At, expected: str, value: object = "") -> None:
        self.problems.append(self.document.problem(at, expected, value))
