"""The real sentence model on the labelled pairs: what `bin/prove dedupe` shows, in its short form. One story, so that
the model is loaded in one worker of the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import alike
from benchmarks.proof import Report
from benchmarks.proofs import dedupe as proof
from orchestrator.embedding import Embedding
from orchestrator.policy.dedupe import Method

pytest.importorskip("sentence_transformers", reason="the sentence model is not installed (bin/setup --semantic)")


def test_the_thresholds_hold_on_the_labelled_set_with_the_real_model(tmp_path: Path) -> None:
    model = alike.weights()
    assert model is not None, "bin/setup --dev --semantic brings it"
    embedding = Embedding(model=str(model), cache=tmp_path / "vectors")
    report = Report()
    proof.judge(report, "known", embedding, decides=True)
    assert report.failures == []

    labelled = alike.load("known")
    first = embedding.known(labelled.texts[:2])
    assert first.method is Method.MODEL
    again = Embedding(model=str(model), cache=tmp_path / "vectors").known(labelled.texts[:2])
    assert again.cosines(labelled.texts[0]) == first.cosines(labelled.texts[0])
