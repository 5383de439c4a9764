"""How alike two texts are: a sentence model where it is installed, words where it is not.

`Embedding.known(texts)` makes the texts ready once; `Known.cosines(text)` then compares a text with all of them. The
same call works with and without the model and says which it was. Nothing is downloaded here: `bin/setup --semantic`
does that. The model is loaded by the first call, once per process (about 5 s), so ask only when there is a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.embedding import lexical, sentences
from orchestrator.embedding.sentences import Encode, Missing
from orchestrator.embedding.store import Store, digest
from orchestrator.policy.dedupe import Method

__all__ = ["Embedding", "Known", "Missing"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Texts that are ready to be compared with."""

    method: Method
    note: str
    """The method in a sentence, for every output that rests on it."""
    compare: Callable[[str], list[float]] = field(repr=False)

    def cosines(self, text: str) -> list[float]:
        """-1 to 1 for each text, in their order."""
        return self.compare(text)


@dataclass(frozen=True, kw_only=True)
class Embedding:
    model: str
    """Name on the model hub, or a folder that holds it."""
    cache: Path
    """Folder of the vectors: `runtime/state/vectors`."""
    load: Callable[[str], Encode] = sentences.load

    def known(self, texts: Sequence[str]) -> Known:
        """Never raises for a missing or broken model: then words are compared, and `note` says why."""
        try:
            vectors = Vectors(Store(self.cache, self.model), self.load(self.model))
        except Missing as why:
            bags = lexical.Bags(texts)
            return Known(
                method=Method.LEXICAL,
                note=f"compared by words only, for {why}",
                compare=lambda text: bags.cosines(text),
            )
        matrix = vectors.of(texts) if texts else None
        return Known(
            method=Method.MODEL,
            note=f"compared by the sentence model {Path(self.model).name}",
            compare=lambda text: [] if matrix is None else list((matrix @ vectors.of([text])[0]).tolist()),
        )


class Vectors:
    """The vectors of texts, from the disk where they are known, else from the model."""

    def __init__(self, store: Store, encode: Encode) -> None:
        self._store = store
        self._encode = encode
        self._have = store.read()

    def of(self, texts: Sequence[str]) -> Any:
        """A float32 matrix with one row of length 1 per text."""
        import numpy as np

        keys = [digest(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._have}
        if missing:
            fresh = np.asarray(self._encode(list(missing.values())), dtype=np.float16)
            rows = dict(zip(missing, fresh, strict=True))
            self._store.add(rows)
            self._have |= rows
        matrix = np.stack([self._have[key] for key in keys]).astype(np.float32)
        return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
