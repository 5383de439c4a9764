"""The real sentence model on the labelled pairs: what `bin/prove dedupe` shows, in its short form. One story, so that
the model is loaded in one worker of the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import alike
from benchmarks.proof import Report
from benchmarks.proofs import dedupe as proof
from orchestrator.backlog import similar
from orchestrator.embedding import Embedding
from orchestrator.model.backlog import Draft
from orchestrator.model.names import RepoName
from orchestrator.policy.dedupe import Method
from tests.journeys.world import REPO, World

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
    _a_draft_in_a_small_world(tmp_path / "world", str(model))


def _a_draft_in_a_small_world(tmp: Path, model: str) -> None:
    """Other words for an open issue: no word comparison finds it, the model does, and the outcome says so."""
    tmp.mkdir()
    world = World(tmp, top={"similarity_model": model})
    try:
        world.issue("Drag and drop of attachments does nothing", ready=False, body="Dropped files are not attached.")
        number = world.issue(
            "Search by invoice number finds nothing", ready=False,
            body="Type the number of an existing invoice into the search field. The list stays empty.",
        )  # fmt: skip
        draft = Draft(
            key="k", repo=RepoName(REPO), title="Invoice lookup by its number gives no results",
            goal="Entering an invoice number in the search box shows an empty list though that invoice exists.",
        )  # fmt: skip
        found = similar.twin(world.services, world.settings.repos[0], draft, ())
        assert found is not None
        assert (found.twin, found.method) == (f"{REPO}#{number}", "model")
        assert found.score is not None
        assert found.score >= 0.75
    finally:
        world.close()
