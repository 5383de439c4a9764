"""Duplicates: the real sentence model on labelled pairs, alone and with an agent for the band; and its time."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import alike
from benchmarks.alike import Labelled, Rates
from benchmarks.proof import Report
from orchestrator.embedding import Embedding
from orchestrator.embedding.store import Store, digest
from orchestrator.model.planning import Similarity
from orchestrator.policy import dedupe

os.environ.setdefault("OMP_NUM_THREADS", "1")

SEED = 20261126
SEEDS = 20
DRAWS = 1000
KNOWN = 10_000
SETS = ("known", "second_reports", "other_words")
"""The first decides, the others are reported; why, its head says."""
BOUNDS = Similarity()


def prove(report: Report) -> None:
    model = alike.weights()
    if model is None:
        report.not_proven.append("the sentence model is not installed (bin/setup --dev --semantic)")
        return
    report.figures["seed"] = SEED
    with tempfile.TemporaryDirectory(prefix="dedupe-") as folder:
        embedding = Embedding(model=str(model), cache=Path(folder))
        for name in SETS:
            judge(report, name, embedding, decides=name == SETS[0])
        speed(report, embedding)


def judge(report: Report, name: str, embedding: Embedding, *, decides: bool) -> None:
    labelled = alike.load(name)
    pairs, values = labelled.pairs, alike.scores(embedding, labelled)
    report.figures[f"{name}: pairs, of them duplicates"] = [len(pairs), sum(pair.same for pair in pairs)]
    for percent in range(50, 95, 5):
        found = alike.at(pairs, values, percent / 100)
        report.figures[f"{name}: model alone at 0.{percent}"] = [round(found.precision, 3), round(found.recall, 3)]
    first = alike.at(pairs, values, BOUNDS.threshold)
    runs = both(labelled, values, BOUNDS)
    f1, where = alike.best(pairs, by_words(labelled))
    report.figures[f"{name}: words alone, best threshold"] = round(where, 3)
    own = alike.at(pairs, by_words(labelled), dedupe.LEXICAL.threshold)
    report.figures[f"{name}: words at {dedupe.LEXICAL.threshold}"] = [round(own.precision, 3), round(own.recall, 3)]
    report.hold(f"{name}: words alone, best f1", f1, at_most=0.75 if decides else None)
    report.hold(f"{name}: stage one precision", first.precision, at_least=0.98 if decides else None)
    limit = 0.90 if decides else None
    report.hold(f"{name}: both, worst precision", min(run.precision for run in runs), at_least=limit)
    report.hold(f"{name}: both, worst recall", min(run.recall for run in runs), at_least=limit)
    for lower in (0.5, 0.4, 0.3):
        wider = both(labelled, values, replace(BOUNDS, ask_from=lower))
        worst = [round(min(run.precision for run in wider), 3), round(min(run.recall for run in wider), 3)]
        report.figures[f"{name}: both, were an agent asked from {lower}"] = worst
    if decides:
        draws = [alike.drawn(pairs, values, SEED + n) for n in range(DRAWS)]
        again = sorted(alike.both(p, v, BOUNDS, alike.erring(SEED + n)).recall for n, (p, v) in enumerate(draws))
        report.figures[f"{name}: both, recall, 5th of 100 draws of its entries"] = round(again[DRAWS // 20], 3)
        report.figures[f"{name}: asked of an agent"] = sum(BOUNDS.ask_from <= v < BOUNDS.threshold for v in values)


def both(labelled: Labelled, values: Sequence[float], bounds: Similarity) -> list[Rates]:
    return [alike.both(labelled.pairs, values, bounds, alike.erring(SEED + n)) for n in range(SEEDS)]


def by_words(labelled: Labelled) -> list[float]:
    return alike.scores(Embedding(model="", cache=Path()), labelled)


def speed(report: Report, embedding: Embedding) -> None:
    """The vectors of all known issues are cached; the draft is new."""
    import numpy as np

    draw = np.random.default_rng(SEED)
    texts = [f"Issue {n}: something about part {n % 97}" for n in range(KNOWN)]
    vectors = draw.standard_normal((KNOWN, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    Store(embedding.cache, embedding.model).add({digest(t): v for t, v in zip(texts, vectors, strict=True)})
    began = time.perf_counter()
    ready = embedding.known(texts)
    report.figures["10,000 known, made ready from the cache, ms"] = round((time.perf_counter() - began) * 1000, 1)
    began = time.perf_counter()
    ready.cosines("A draft nobody has seen\nIts vector is not known yet.")
    report.figures["a draft encoded and compared, ms"] = round((time.perf_counter() - began) * 1000, 1)
    ours, bare = [], []
    for n in range(50):
        vector = vectors[n]
        began = time.perf_counter()
        ready.cosines(texts[n])
        middle = time.perf_counter()
        vectors @ vector
        bare.append(time.perf_counter() - middle)
        ours.append(middle - began)
    report.figures["a draft compared, ms (wanted 50)"] = round(statistics.median(ours) * 1000, 2)
    report.figures["bare matrix product, ms"] = round(statistics.median(bare) * 1000, 2)
    ratio = statistics.median(o / b for o, b in zip(ours, bare, strict=True))
    report.hold("compared, in bare products", ratio, at_most=5)
