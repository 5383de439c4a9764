"""Without a model words are compared, and it is said; what is not on the machine is told at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrator.embedding import Embedding, Missing, lexical, sentences
from orchestrator.policy.dedupe import Method


def test_without_the_model_words_are_compared_and_it_is_said(tmp_path: Path) -> None:
    ready = Embedding(model="nobody/none", cache=tmp_path).known(["the parser drops dates", "a faster start"])
    assert ready.method is Method.LEXICAL
    assert "words only" in ready.note
    assert "bin/setup --semantic" in ready.note
    alike, other = ready.cosines("parser drops the dates")
    assert alike == pytest.approx(1)
    assert other == 0


def test_a_model_that_is_not_whole_is_missing_before_anything_large_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    began = time.monotonic()
    with pytest.raises(Missing, match="not on this machine"):
        sentences.load(str(tmp_path))
    assert time.monotonic() - began < 1


def test_the_hubs_own_cache_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    kept = tmp_path / "hub/models--acme--small/snapshots/0123"
    kept.mkdir(parents=True)
    assert sentences.folder("acme/small") is None
    for name in ("modules.json", "config.json"):
        (kept / name).write_text("[]")
    assert sentences.folder("acme/small") == kept


def test_hostile_text_costs_words_a_bounded_time() -> None:
    began = time.monotonic()
    bags = lexical.Bags(["x" * 10**6, "a-" * 500_000, "\u6f22" * 10**6, "\u202e" * 10**6])
    assert max(bags.cosines("b-" * 500_000)) <= 1.000001
    assert time.monotonic() - began < 3


def test_scripts_without_spaces_are_compared_by_pairs_of_letters() -> None:
    near, far = lexical.Bags(["日本語の検索が遅い", "ログインできない"]).cosines("日本語の検索は遅い")
    assert near > 0.5
    assert far < 0.2
