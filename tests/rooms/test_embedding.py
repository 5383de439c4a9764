"""Vectors are kept by text and model, and survive anything on the disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.embedding import Embedding
from orchestrator.embedding.store import Store, digest

np = pytest.importorskip("numpy", reason="the sentence model is not installed (bin/setup --semantic)")


class Model:
    """Counts letters: alike enough, and it tells what it was asked."""

    def __init__(self, turn: int = 0) -> None:
        self.asked: list[str] = []
        self.turn = turn

    def __call__(self, model: str) -> Model:
        return self

    def of(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        rows = [[float(text.count(c)) + 0.01 for c in "abcdefgh"] for text in texts]
        return np.roll(np.array(rows), self.turn, axis=1)


def embedding(tmp: Path, model: Model, name: str = "letters") -> Embedding:
    return Embedding(model=name, cache=tmp / "vectors", load=lambda _: model.of)


def test_a_text_is_given_to_the_model_once_ever(tmp_path: Path) -> None:
    first, second = Model(), Model()
    before = embedding(tmp_path, first).known(["aab", "fgh", "aab"]).cosines("aab")
    after = embedding(tmp_path, second).known(["aab", "fgh", "aab"]).cosines("aab")
    assert (first.asked, second.asked) == (["aab", "fgh"], [])
    assert before == after
    assert before[0] == pytest.approx(1, abs=1e-3)
    assert before[1] < 0.1


def test_the_vectors_of_one_model_are_not_anothers(tmp_path: Path) -> None:
    one, other = Model(), Model(turn=3)
    embedding(tmp_path, one, "one").known(["aab", "fgh"])
    scores = embedding(tmp_path, other, "other").known(["aab", "fgh"]).cosines("aab")
    assert other.asked == ["aab", "fgh"]
    assert scores[0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: b"not ours at all" * 9,
        lambda data: data[:-5],
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: data[:3],
    ],
    ids=["empty", "foreign", "torn", "one bit", "short"],
)
def test_a_harmed_cache_is_rebuilt_and_never_believed(tmp_path: Path, harm: Any) -> None:
    good = embedding(tmp_path, Model()).known(["aab", "fgh"]).cosines("aac")
    (file,) = (tmp_path / "vectors").iterdir()
    file.write_bytes(harm(file.read_bytes()))
    again = Model()
    assert embedding(tmp_path, again).known(["aab", "fgh"]).cosines("aac") == good
    assert again.asked, "something of it was lost"
    last = Model()
    assert embedding(tmp_path, last).known(["aab", "fgh"]).cosines("aac") == good
    assert last.asked == []


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        for n in range(20):
            embedding(tmp_path, Model()).known([f"{writer} {'a' * n}"])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = Model()
    embedding(tmp_path, last).known([f"{writer} {'a' * n}" for writer in range(4) for n in range(20)])
    assert last.asked == []


def test_a_cache_that_grew_too_large_starts_anew(tmp_path: Path) -> None:
    store = Store(tmp_path, "letters", most=1_000)
    for n in range(40):
        store.add({digest(str(n)): [float(n)] * 8})
        assert store.path.stat().st_size <= 1_000
        assert list(store.read()[digest(str(n))]) == [n] * 8
    assert digest("0") not in store.read()


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_text("a file where the folder should be")
    assert embedding(tmp_path, Model()).known(["aab"]).cosines("aab") == [pytest.approx(1, abs=1e-3)]


def test_nothing_to_compare_with_and_nothing_to_compare(tmp_path: Path) -> None:
    assert embedding(tmp_path, Model()).known([]).cosines("a") == []
    assert Embedding(model="none", cache=tmp_path).known(["", "a b"]).cosines("") == [0, 0]
