"""How alike two texts are by their words: cosine of weighted counts. Rare words weigh more; bounded on any text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

MOST_WORDS = 600
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without spaces: their pairs of letters are the words."""
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for from has have i if in is it its my no not of on or our should so that the "
        "their there they this to was we when with you",
    )
)


class Bags:
    """Texts that are ready to be compared with."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(words(text)) for text in texts]
        seen = Counter(word for bag in self._counts for word in bag)
        self._seen: Mapping[str, int] = seen
        self._vectors = [self._weighed(bag) for bag in self._counts]

    def cosines(self, text: str) -> list[float]:
        """0 to 1 for each text, in their order."""
        own = self._weighed(Counter(words(text)))
        return [sum(weight * other.get(word, 0.0) for word, weight in own.items()) for other in self._vectors]

    def _weighed(self, bag: Mapping[str, int]) -> dict[str, float]:
        total = len(self._counts)
        raw = {
            word: (1 + math.log(n)) * (1 + math.log((2 + total) / (2 + self._seen.get(word, 0))))
            for word, n in bag.items()
        }
        length = math.sqrt(sum(weight * weight for weight in raw.values()))
        return {word: weight / length for word, weight in raw.items()} if length else {}


def words(text: str) -> list[str]:
    """Lower case, common words left out, at most MOST_WORDS."""
    found: list[str] = []
    for match in _WORD.finditer(text.casefold()):
        word = match[0][:64]
        if _UNSPACED.search(word):
            found += [word[n : n + 2] for n in range(max(1, len(word) - 1))]
        elif word not in _COMMON:
            found.append(word)
        if len(found) >= MOST_WORDS:
            break
    return found[:MOST_WORDS]
