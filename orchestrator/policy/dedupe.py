"""When a draft is an issue that is there already (DECISIONS D8): two stages over how alike the texts are.

From the threshold on it is a duplicate; in the band below it an agent is asked with both texts; below the band it is
another one. Cosines of sentence vectors and of words are different scales: the words' own bounds are chosen so that
only what is nearly verbatim is a duplicate unasked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.model.planning import Similarity
from orchestrator.policy.groom import FORM

MOST_ASKED = 3
"""Questions to an agent about one draft."""
LEXICAL = Similarity(threshold=0.70, ask_from=0.50)
"""Where only words are compared. On 813 labelled pairs nothing different came above 0.65 (benchmarks/dedupe)."""
TITLE_CHARS = 300
BODY_CHARS = 2000
_RAW_CHARS = 8000
_OURS = re.compile(r"- `[^`]*`|Filed by (the [^.]{1,80} of )?Agent OS\.")


class Method(Enum):
    """What told how alike two texts are."""

    MODEL = "model"
    LEXICAL = "lexical"


@dataclass(frozen=True, kw_only=True)
class Known:
    """Something that is there already."""

    label: str
    """`owner/name#7`, a task's id, or a draft's title."""
    title: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Likeness:
    known: Known
    score: float


@dataclass(frozen=True, kw_only=True)
class Judged:
    """At most one of the two is filled; neither: the draft is new."""

    duplicate: Likeness | None = None
    ask: tuple[Likeness, ...] = ()
    """To be put to an agent, the most alike first."""


def text(title: str, body: str) -> str:
    """What is compared: title and body, bounded, without what issues of one form share: headings, comments, and in our
    own the ids of evidence and who filed it."""
    kept: list[str] = []
    for line in _without_comments(body[:_RAW_CHARS]).splitlines():
        bare = line.strip().lstrip("> ")
        said = bare.removeprefix("- ").casefold() not in FORM
        if bare and said and not bare.startswith("#") and not _OURS.fullmatch(bare):
            kept.append(bare)
    return f"{' '.join(title.split())[:TITLE_CHARS]}\n{chr(10).join(kept)[:BODY_CHARS]}".strip()


def rules(configured: Similarity, method: Method) -> Similarity:
    """The bounds that hold for this method: what a person configures are cosines of the model."""
    return configured if method is Method.MODEL else LEXICAL


def lowest(bounds: Similarity) -> float:
    """What is less alike is another issue, whatever it is."""
    return min(bounds.ask_from, bounds.threshold)


def judge(known: Sequence[Known], scores: Sequence[float], bounds: Similarity, most: int = MOST_ASKED) -> Judged:
    """`scores` of the draft with each of `known`, in their order. Of equals the first is named."""
    if len(known) != len(scores):
        raise ValueError(f"{len(scores)} scores for {len(known)} texts")
    alike = [
        Likeness(known=each, score=score)
        for each, score in zip(known, scores, strict=True)
        if math.isfinite(score) and score >= lowest(bounds)
    ]
    alike.sort(key=lambda found: -found.score)
    if alike and alike[0].score >= bounds.threshold:
        return Judged(duplicate=alike[0])
    return Judged(ask=tuple(alike[:most]))


def _without_comments(body: str) -> str:
    """Hidden markers are not what a person wrote. An unclosed one hides the rest, as on GitHub."""
    shown, _, rest = body.partition("<!--")
    parts = [shown]
    while rest:
        shown, _, rest = rest.partition("-->")[2].partition("<!--")
        parts.append(shown)
    return "".join(parts)
